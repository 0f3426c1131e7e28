"""What `txt prepare` and `txt eval` make of labels that are written oddly."""

import csv

import pytest

from txt.cli import main
from txt.data.prepared import Prepared


def write_rows(path, labels, header=("text", "label")):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number, label in enumerate(labels):
            writer.writerow([f"text number {number} is here", *(label if isinstance(label, tuple) else (label,))])
    return path


@pytest.fixture
def prepare(tmp_path):
    def run(path, *options: str) -> int:
        return main(["prepare", str(path), "--vocab-size", "200", "-o", str(tmp_path / "out"), "--force", *options])

    return run


def test_missing_values_are_settled_by_an_option(tmp_path, prepare, capsys):
    path = write_rows(tmp_path / "data.csv", ["good", "bad", "nan", "None"] * 20)
    assert prepare(path) == 2
    error = capsys.readouterr().err
    assert "`nan` in 20 rows, `None` in 20 rows" in " ".join(error.split())
    assert "--missing nan,None" in error
    assert prepare(path, "--missing", "nan,None") == 0
    prepared = Prepared.open(tmp_path / "out")
    assert (prepared.labels, len(prepared.split("unlabeled"))) == (("bad", "good"), 40)
    assert prepare(path, "--missing", "") == 0
    assert Prepared.open(tmp_path / "out").labels == ("None", "bad", "good", "nan")


def test_lists_of_labels_are_refused_and_lists_of_one_label_are_read(tmp_path, prepare, capsys):
    assert prepare(write_rows(tmp_path / "several.csv", ["['late', 'bad']", "['bad']", "['good']"] * 20)) == 2
    assert "several labels in column `label`, as a list" in " ".join(capsys.readouterr().err.split())
    assert prepare(write_rows(tmp_path / "one.csv", ["['bad']", "['good']", "[]"] * 20)) == 0
    prepared = Prepared.open(tmp_path / "out")
    assert (prepared.labels, len(prepared.split("unlabeled"))) == (("bad", "good"), 20)


def test_columns_of_0_and_1_are_named_as_labels(tmp_path, prepare, capsys):
    rows = [("1", "0", "1"), ("0", "0", "0"), ("0", "1", "0")] * 20
    path = write_rows(tmp_path / "data.csv", rows, ("text", "toxic", "obscene", "insult"))
    assert prepare(path) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert (
        "3 columns of 0 and 1, a label each: `toxic`, `obscene`, `insult`; 20 of the first 60 rows have several"
        in error
    )
    assert prepare(path, "--label-column", "toxic") == 0
