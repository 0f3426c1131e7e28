"""`txt predict` as a user runs it."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.evaluation.conftest import born_run, write_reviews  # noqa: F401
from tests.prediction.conftest import run  # noqa: F401
from tests.waiting import wait_until
from txt.cli import main
from txt.cli.predict import read_lines
from txt.cli.predict_view import draw_prediction, highlight_words
from txt.prediction.classifier import Prediction
from txt.prediction.explain import Explanation, Part
from txt.runs.folder import Run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:  # noqa: F811
    """Stand in a folder with the run `born` in it, and a terminal to type into."""
    shutil.copytree(run.path.parents[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_text_gets_its_label_and_a_bar_for_each_class(here: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["predict", "born", "the film was great"]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] in ("good", "bad", "so-so")
    assert {line.split()[0] for line in lines[1:]} == {"good", "bad", "so-so"}
    assert "█" in printed.out
    assert "comes with the temperature 1.70" in printed.err


def test_who_is_asked_for_texts_is_told_once_what_a_confidence_is_worth(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    texts = iter(["the film was great", "the film was dull"])

    def typed(_prompt: str) -> str:
        for text in texts:
            return text
        raise EOFError

    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", typed)
    assert main(["predict", "born"]) == 0
    printed = capsys.readouterr()
    assert printed.err.count("comes with the temperature 1.70") == 1
    assert printed.out.count("so-so") == 2


def test_explained_words_are_named_with_their_weights(here: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["predict", "born", "the film was great", "--explain", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["word"] for each in found["words"]] == ["the", "film", "was", "great"]
    assert found["words"][3]["start"] == 13
    assert main(["predict", "born", "the film was great", "--explain"]) == 0
    assert "log odds" in capsys.readouterr().out


def test_json_has_the_probabilities(here: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["predict", "born", "great", "--json", "--threshold", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["label"] is None
    assert found["confidence"] == max(found["probabilities"].values())
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_a_file_is_written_beside_the_data_and_summed_up(here: Path, capsys: pytest.CaptureFixture[str]):
    write_reviews(here / "more.csv", 40, seed=9)
    before = (here / "more.csv").read_bytes()
    assert main(["predict", "born", "more.csv", "--probabilities"]) == 0
    assert "40 rows of column `text`" in capsys.readouterr().out
    with (here / "more.predicted.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    assert {row["predicted_label"] for row in rows} <= {"good", "bad", "so-so"}
    assert float(rows[0]["predicted_probability_good"]) >= 0
    assert (here / "more.csv").read_bytes() == before


def test_unsure_rows_go_to_the_label_store(here: Path, capsys: pytest.CaptureFixture[str]):
    write_reviews(here / "more.csv", 40, seed=9)
    arguments = ["predict", "born", "more.csv", "--threshold", "0.999", "--to-label", "store.db", "--json"]
    assert main(arguments) == 0
    unsure = json.loads(capsys.readouterr().out)["unsure"]
    assert unsure > 0
    assert main(["label", "more.csv", "--store", "store.db", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["flagged"] == unsure


def test_lines_of_standard_input_are_answered_line_by_line(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"great film\n\nawful\tone \x1b[31m\r\nlast")))
    assert main(["predict", "born", "-"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [len(line) for line in lines] == [3, 3, 3, 3]
    assert lines[1] == ["", "", ""]
    assert lines[0][2] == "great film"
    assert "\x1b" not in lines[2][2]


def test_a_line_is_answered_before_the_next_one_comes():
    read, write = os.pipe()
    with os.fdopen(read, "rb") as stream:
        lines = read_lines(stream)
        os.write(write, b"one\ntwo\nthr")
        assert next(lines) == ["one", "two"]
        os.write(write, b"ee\r\n")
        assert next(lines) == ["three"]
        os.write(write, "für".encode())
        os.close(write)
        assert list(lines) == [["für"]]


def test_a_killed_prediction_goes_on(here: Path):
    write_reviews(here / "many.csv", 6000, seed=3)
    command = [sys.executable, "-m", "txt", "predict", "born", "many.csv", "--threads", "1"]
    process = subprocess.Popen(command, cwd=here, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    log = here / ".many.predicted.csv.predicting"
    wait_until(lambda: log.exists() and log.stat().st_size > 1024 * 16, process)
    process.kill()
    process.wait()
    assert not (here / "many.predicted.csv").exists()
    done = subprocess.run([*command, "--resume", "--json"], cwd=here, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["resumed_at"] >= 1024
    assert main(["predict", "born", "many.csv", "--threads", "1", "-o", "whole.csv", "--json"]) == 0
    assert (here / "many.predicted.csv").read_bytes() == (here / "whole.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["nope", "a text"], "run `nope` does not exist", "there are: born"),
        (["prepared", "a text"], "`prepared` is prepared data, not a run", "txt train prepared"),
        (["born", "nope.csv"], "`nope.csv` does not exist", ""),
        (["born", " "], "the text is empty", ""),
        (["born", "a text", "-o", "out.csv"], "-o is for data files, and none is given", "txt predict RUN FILE"),
        (["born", "a text", "--text-column", "x"], "--text-column is for data files", ""),
        (["born", "reviews.csv", "--text-column", "texts"], "column `texts` not found", "--text-column text"),
        (["born", "reviews.csv", "--explain"], "--explain is for texts, not for files", ""),
        (["born", "reviews.csv", "--to-label", "s.db"], "--to-label needs a --threshold", "--threshold 0.8"),
        (["born", "reviews.csv", "-o", "reviews.csv"], "cannot take the data file's place", ""),
        (["born", "reviews.csv", "-o", "x.sav"], "`x.sav` asks for a format that is only read", "x.csv"),
        (["born", "reviews.csv", "-o", "x.html"], "`x.html` ends in .html, which txt does not write", "x.csv"),
        (["born", "reviews.csv", "--stride", "600"], "--stride 600 is not between 1 and 510", "255"),
        (["born", "reviews.csv", "--threshold", "1.5"], "--threshold must be at most 1", ""),
        (["born", "reviews.csv", "--resume"], "there is no work on `reviews.predicted.csv`", "leave --resume out"),
        (["born", "a text", "--device", "nope"], "--device `nope` is not available here", "--device auto"),
    ],
)
def test_bad_input_is_one_line_with_a_hint_and_writes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str, hint: str
):
    before = sorted(here.rglob("*"))
    assert main(["predict", *arguments]) == 2
    told = capsys.readouterr().err
    assert error in told.splitlines()[0]
    assert hint in told
    assert sorted(here.rglob("*")) == before


def test_of_many_classes_the_likeliest_are_drawn():
    probabilities = {f"class {number}": (0.9 if number == 7 else 0.1 / 29) for number in range(30)}
    lines = [line.plain for line in draw_prediction(Prediction("class 7", 0.9, probabilities), None)]
    assert lines[0] == "class 7"
    assert lines[1].startswith("  class 7")
    assert lines[1].count("█") == 27
    assert lines[-1] == "  and 20 more classes with 0.069 together"


def test_highlighting_shows_control_codes_and_changes_no_word():
    text = "so\x1b[31m good\nfilm"
    parts = (Part(0, 7, 0.01), Part(8, 12, 2.0), Part(13, 17, -1.0))
    drawn = highlight_words(Explanation(text, Prediction("good", 0.9, {"good": 0.9}), parts))
    assert drawn.plain == "so␛[31m good\nfilm"
    assert [(drawn.plain[span.start : span.end], span.style) for span in drawn.spans] == [
        ("good", "bold underline green"),
        ("film", "strike yellow"),
    ]


def test_each_file_of_a_pattern_gets_its_own_and_the_same_command_goes_on(
    here: Path, capsys: pytest.CaptureFixture[str]
):
    for number in range(3):
        write_reviews(here / f"part-{number}.csv", 10 + number, seed=number)
    assert main(["predict", "born", "part-0.csv", "-o", "part-0.predicted.csv"]) == 0
    alone = (here / "part-0.predicted.csv").read_bytes()
    capsys.readouterr()
    assert main(["predict", "born", "part-*.csv", "--json"]) == 0
    printed = capsys.readouterr()
    assert [each["rows"] for each in json.loads(printed.out)] == [11, 12]
    assert "1 of 3 files are written already" in printed.err
    assert (here / "part-0.predicted.csv").read_bytes() == alone
    assert main(["predict", "born", "part-*.csv", "--json", "--force", "-o", "answers"]) == 0
    assert {path.name for path in (here / "answers").iterdir()} == {
        f"part-{number}.predicted.csv" for number in range(3)
    }
    assert (here / "answers" / "part-0.predicted.csv").read_bytes() == alone
    capsys.readouterr()
    assert main(["predict", "born", "none-*.csv"]) == 2
    assert "no file is called `none-*.csv`" in capsys.readouterr().err


def test_standard_output_gets_the_file_and_nothing_else(here: Path):
    write_reviews(here / "new.csv", 12, seed=5)
    command = [sys.executable, "-m", "txt", "predict", "born", "new.csv"]
    subprocess.run(command, cwd=here, check=True, capture_output=True)
    done = subprocess.run([*command, "-o", "-"], cwd=here, check=True, capture_output=True)
    assert done.stdout == (here / "new.predicted.csv").read_bytes()
    assert not (here / "-").exists()
    assert main(["predict", "born", "new.csv", "-o", "-", "--json"]) == 2
