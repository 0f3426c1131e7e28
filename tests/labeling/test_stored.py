import csv
import io

import pytest

from txt.cli import main
from txt.config import PrepareConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.labeling.stored import stored_labels


@pytest.fixture
def labeled(tmp_path, monkeypatch):
    """A file of 60 rows, of which 40 were labeled line by line: bad, good, bad, good, …."""
    path = tmp_path / "u.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "shop"])
        writer.writerows([f"text number {number}, really", "x"] for number in range(60))
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n2\n" * 20))
    assert main(["label", str(path), "--plain", "--labels", "bad,good"]) == 0
    return path


def test_prepare_uses_what_was_decided_and_leaves_the_rest_unlabeled(labeled, tmp_path):
    prepare(labeled, PrepareConfig(vocab_size=200), tmp_path / "out", decided=stored_labels(labeled))
    prepared = Prepared.open(tmp_path / "out")
    assert prepared.labels == ("bad", "good")
    found = {}
    for name in ("train", "val", "test"):
        split = prepared.split(name)
        found |= dict(zip(split.texts(), split.labels.tolist(), strict=True))
    assert found == {f"text number {number}, really": number % 2 for number in range(40)}
    assert len(prepared.split("unlabeled")) == 20


def test_no_labels_ignores_the_store(labeled, tmp_path, capsys):
    assert main(["prepare", str(labeled), "--no-labels", "-o", str(tmp_path / "out")]) == 2
    assert "looks like a label" in capsys.readouterr().err
    assert main(["prepare", str(labeled), "--vocab-size", "200", "-o", str(tmp_path / "out")]) == 0


def test_a_file_without_a_store_keeps_its_own_labels(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,b\n")
    assert stored_labels(path) is None
