"""`txt label --format` and `--import` as their user types them."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.label_command import Txt, make_label_command


@pytest.fixture
def txt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Txt:
    texts = ["so good", "so bad", "what, again"]
    with (tmp_path / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["review", "shop"], *([text, "north"] for text in texts)])
    monkeypatch.chdir(tmp_path)
    return make_label_command(monkeypatch, capsys)


def lines(path: str) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def test_a_format_is_written_and_what_it_cannot_hold_is_told(txt: Txt):
    txt("data.csv", "--labels", "neg,pos", "--plain", answers="2\ns\nq\n")
    done = txt("data.csv", "--export", "out.jsonl", "--format", "doccano")
    assert done.returncode == 0, done.stderr
    assert "out.jsonl has all 3 rows, 1 with a label" in done.stderr
    assert "doccano cannot hold: " in done.stderr
    assert "1 skips" in done.stderr
    assert [line["label"] for line in lines("out.jsonl")] == [["pos"], [], []]
    again = txt("data.csv", "--export", "out.jsonl", "--format", "doccano")
    assert (again.returncode, "--overwrite" in again.stderr) == (2, True)
    assert txt("data.csv", "--export", "out.jsonl", "--format", "doccano", "--overwrite").returncode == 0


def test_the_data_files_own_format_is_the_exact_export(txt: Txt):
    txt("data.csv", "--labels", "neg,pos", "--plain", answers="2\nq\n")
    assert txt("data.csv", "--export", "plain.csv").returncode == 0
    assert txt("data.csv", "--export", "named.csv", "--format", "csv").returncode == 0
    assert Path("plain.csv").read_bytes() == Path("named.csv").read_bytes()


def test_without_a_store_a_data_file_is_handed_on_as_it_is(txt: Txt):
    assert txt("data.csv", "--export", "out.jsonl", "--format", "prodigy").returncode == 0
    assert [line["text"] for line in lines("out.jsonl")] == ["so good", "so bad", "what, again"]
    assert not Path("data.csv.labels.db").exists()


def test_labels_of_another_tool_are_taken_in_and_told(txt: Txt):
    Path("in.jsonl").write_text(
        '{"text": "so good", "label": ["pos"]}\n{"text": "so bad", "label": ["neg"]}\n{"text": "no", "label": []}\n'
    )
    done = txt("data.csv", "--import", "in.jsonl")
    assert done.returncode == 0, done.stderr
    assert "2 rows labeled or skipped as in in.jsonl" in done.stderr
    assert "1 with a text that is not in the data" in done.stderr
    assert "new classes: pos, neg" in done.stderr
    stats = json.loads(txt("data.csv", "--stats", "--json").stdout)
    assert (stats["classes"], stats["ways"]) == ({"pos": 1, "neg": 1}, {"import": 2})
    assert "2 the same here already" in txt("data.csv", "--import", "in.jsonl").stderr


def test_without_a_data_file_one_is_made(txt: Txt):
    Path("tasks.json").write_text(
        json.dumps(
            [
                {
                    "data": {"text": "one\ntwo", "shop": "n"},
                    "annotations": [{"result": [{"type": "choices", "value": {"choices": ["a", "b"]}}]}],
                }
            ]
        )
    )
    refused = txt("new.csv", "--import", "tasks.json")
    assert (refused.returncode, "--multi-label" in refused.stderr) == (2, True)
    done = txt("new.csv", "--import", "tasks.json", "--multi-label", "--labels", "a,b")
    assert done.returncode == 0, done.stderr
    assert txt("new.csv", "--export", "out.txt", "--format", "fasttext").returncode == 0
    assert Path("out.txt").read_text() == "__label__a __label__b one two\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--import", "missing.jsonl"), "does not exist"),
        (("--import", "data.xml"), "the format of `data.xml` is not clear"),
        (("--export", "out.x", "--format", "docano"), "did you mean `doccano`?"),
    ],
)
def test_what_cannot_be_done_is_told(txt: Txt, arguments: tuple[str, ...], told: str):
    Path("data.xml").write_text("<x/>")
    done = txt("data.csv", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert not Path("data.csv.labels.db").exists()


@pytest.mark.parametrize("form", [None, "doccano", "label-studio", "parquet"])
def test_standard_output_gets_what_a_file_gets(txt: Txt, form: str | None):
    txt("data.csv", "--labels", "neg,pos", "--plain", answers="2\ns\nq\n")
    command = [sys.executable, "-m", "txt", "label", "data.csv", *([] if form is None else ["--format", form])]
    suffix = {None: ".csv", "parquet": ".parquet"}.get(form, ".json")
    subprocess.run([*command, "--export", f"there{suffix}"], check=True, capture_output=True)
    done = subprocess.run([*command, "--export", "-"], check=True, capture_output=True)
    assert done.stdout == Path(f"there{suffix}").read_bytes()
    assert b"standard output has all 3 rows" in done.stderr
    assert not Path("-").exists()
