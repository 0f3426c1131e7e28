"""`txt label --suggest llm` as its user types it: nothing is sent unless an address is typed."""

import csv
from pathlib import Path

import pytest

from tests.cli.label_command import Txt, make_label_command
from tests.labeling.test_suggest_llm import StandIn, stand_in  # noqa: F401
from txt.labeling.store.journal import store_path


@pytest.fixture
def txt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Txt:
    with (tmp_path / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["text"], *([f"a {word} day, number {n}"] for n in range(6) for word in ("good", "bad"))]
        )
    (tmp_path / "labels.toml").write_text('[[class]]\nname = "neg"\nbelongs = "Complaints."\n[[class]]\nname = "pos"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return make_label_command(monkeypatch, capsys)


def asked(url: str) -> list[str]:
    return ["data.csv", "--suggest", "llm", "--llm-url", url, "--llm-model", "tiny", "--blind", "0", "--holdout", "0"]


def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(txt, stand_in: StandIn, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("TXT_LLM_KEY", "secret")
    done = txt(*asked(stand_in.url), "--llm-dry-run")
    assert done.returncode == 0, done.stderr
    assert f"POST {stand_in.url}/chat/completions with the key in TXT_LLM_KEY, model tiny" in done.stderr
    assert '- "neg": Complaints.' in done.stdout
    assert 'Text: "a good day, number 0"' in done.stdout
    assert "secret" not in done.stdout + done.stderr
    assert not stand_in.asked
    assert not store_path(tmp_path / "data.csv").exists()


def test_a_sitting_says_where_texts_go_and_what_it_cost(txt, stand_in: StandIn):  # noqa: F811
    done = txt(*asked(stand_in.url), answers="1\n2\nq\n")
    assert done.returncode == 0, done.stderr
    assert f"texts are sent to {stand_in.url} (on this machine)" in done.stderr
    assert "language model: " in done.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--suggest", "llm"], "texts go nowhere but where you say"),
        (["--suggest", "llm", "--llm-url", "http://localhost:1/v1"], "needs --llm-model"),
        (["--suggest", "llm", "--llm-url", "localhost", "--llm-model", "m"], "not the address of a service"),
        (["--suggest", "near", "--llm-url", "http://localhost:1/v1"], "--llm-url is about --suggest llm"),
        (["--llm-dry-run"], "--llm-dry-run is about --suggest llm"),
    ],
)
def test_options_that_cannot_work_are_refused(txt, options, message):
    done = txt("data.csv", *options)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_file_of_settings_cannot_say_where_texts_go(txt, tmp_path, monkeypatch):
    monkeypatch.setenv("TXT_TRUST_SETTINGS", "1")
    for name in ("llm_url", "llm_model", "guide"):
        (tmp_path / "txt.toml").write_text(f'[label]\n{name} = "http://example.org/v1"\n')
        done = txt("data.csv", "--suggest", "llm")
        assert done.returncode == 2
        assert f"cannot set `{name}`" in done.stderr
