"""`txt eval` as a user runs it."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.evaluation.conftest import born_run, write_reviews  # noqa: F401
from txt.cli import main
from txt.files import read_json
from txt.runs.folder import Run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, born_run: Run) -> Path:  # noqa: F811
    """Stand in a folder with the run `born` in it."""
    shutil.copytree(born_run.path.parents[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_takes_the_newest_run_prints_the_scores_and_writes_the_report(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval"]) == 0
    printed = capsys.readouterr()
    assert re.match(r"Evaluation of born on test: \d+ rows, 3 classes", printed.out)
    assert "points above" in printed.out
    assert "runs/born/report.html" in printed.err
    assert {"report.json", "report.md", "report.html"} <= {path.name for path in (here / "runs" / "born").iterdir()}


def test_json_on_stdout_is_the_report_and_nothing_else(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "born", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == read_json(here / "runs" / "born" / "report.json")


def test_a_file_is_evaluated_without_touching_the_runs_own_report(here: Path) -> None:
    write_reviews(here / "more.csv", 40, seed=9)
    assert main(["eval", "born", "--data", "more.csv"]) == 0
    assert not (here / "runs" / "born" / "report.json").exists()
    assert read_json(here / "runs" / "born" / "reports" / "more.csv" / "report.json")["rows"] == 40


def test_the_report_goes_where_o_says(here: Path) -> None:
    assert main(["eval", "--split", "val", "-o", "elsewhere"]) == 0
    assert read_json(here / "elsewhere" / "report.json")["split"] == "val"


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["nope"], "run `nope` does not exist", "there are: born"),
        (["--data", "nope.csv"], "`nope.csv`", ""),
        (["--split", "nope"], "there is no split `nope`", "train, val, test"),
        (["--label-column", "stars"], "--label-column is for reading a data file", "--data"),
        (["--data", "reviews.csv", "--text-column", "texts"], "column `texts` not found", "try --text-column text"),
        (["--device", "nope"], "--device `nope` is not available here", "--device auto"),
    ],
)
def test_bad_input_is_one_line_with_a_hint_and_writes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str, hint: str
) -> None:
    before = sorted(here.rglob("*"))
    assert main(["eval", *arguments]) == 2
    told = capsys.readouterr().err
    assert error in told.splitlines()[0]
    assert hint in told
    assert sorted(here.rglob("*")) == before


def test_a_run_without_a_model_is_told_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(here / "runs" / "born" / "model")
    assert main(["eval"]) == 2
    assert "holds no trained model" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_run_is_told_to_write_elsewhere(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "runs" / "born").chmod(0o500)
    assert main(["eval"]) == 1
    assert "with -o" in capsys.readouterr().err
