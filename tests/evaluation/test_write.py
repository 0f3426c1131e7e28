"""The three files of a report."""

import json
from pathlib import Path

import pytest

from tests.evaluation.samples import report_of
from txt.errors import TxtError
from txt.evaluation.write_report import write
from txt.files import read_json


def test_the_three_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    report = report_of()
    write(report, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.json", "report.md"]
    assert read_json(tmp_path / "report.json") == json.loads(json.dumps(report.to_json()))


def test_writing_again_replaces_them(tmp_path: Path) -> None:
    write(report_of(rows=100), tmp_path)
    write(report_of(rows=200), tmp_path)
    assert read_json(tmp_path / "report.json")["rows"] == 200
    assert "200 rows" in (tmp_path / "report.md").read_text()


def test_hostile_texts_are_written_and_read_back_from_json_as_they_are(tmp_path: Path) -> None:
    report = report_of(hostile=True)
    write(report, tmp_path)
    texts = [entry["text"] for entry in read_json(tmp_path / "report.json")["mistakes"]]
    assert texts == [entry.text for entry in report.mistakes]


def test_a_folder_that_cannot_be_written_to_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("a file")
    with pytest.raises(TxtError, match="cannot write the report"):
        write(report_of(rows=60), tmp_path / "report")
