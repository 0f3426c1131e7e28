"""A label store and a prepared folder that version 0.1.0 made stay usable: `first_edition/` holds one of each."""

import io
import shutil
from pathlib import Path

import pytest

from txt.cli import main
from txt.data.prepared import Prepared

MADE = Path(__file__).parent / "first_edition"
LABELS = ["bad", "good", "bad", None, "good", "bad", "neutral"]  # the fourth was skipped, the rest is undecided


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A copy, since opening a store may write to it."""
    shutil.copytree(MADE, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def test_the_labels_of_an_old_store_are_read_and_go_on(here, monkeypatch, capsys):
    before = (here / "texts.csv").read_bytes()
    assert main(["label", "texts.csv", "--export", "labeled.csv"]) == 0
    rows = [line.split(";") for line in (here / "labeled.csv").read_text().splitlines()[1:]]
    assert [row[2] or None for row in rows] == LABELS + [None] * 9
    assert [row[3] for row in rows[:8]] == ["labeled"] * 3 + ["skipped"] + ["labeled"] * 3 + ["unlabeled"]
    assert {row[4] for row in rows[:7]} == {"anna"}
    assert rows[5][9] == "looks odd"
    assert rows[5][8] == "flagged"
    monkeypatch.setattr("sys.stdin", io.StringIO("3\nu\n2\n"))
    assert main(["label", "texts.csv", "--plain", "--annotator", "anna"]) == 0
    assert "Label (1=bad, 2=good, 3=neutral): 3\nlabeled neutral\n" in capsys.readouterr().out
    assert main(["label", "texts.csv", "--export", "labeled.csv"]) == 0
    rows = [line.split(";") for line in (here / "labeled.csv").read_text().splitlines()[1:]]
    assert [row[2] for row in rows[6:9]] == ["neutral", "good", ""]
    assert (here / "texts.csv").read_bytes() == before


def test_an_old_store_gives_its_labels_to_prepare(here):
    assert main(["prepare", "texts.csv", "--vocab-size", "150", "-o", "new"]) == 0
    prepared = Prepared.open(here / "new")
    assert prepared.labels == ("bad", "good", "neutral")
    assert sum(len(prepared.split(name)) for name in ("train", "val", "test")) == 6


def test_an_old_prepared_folder_is_opened_and_may_be_made_again(here):
    prepared = Prepared.open(here / "prepared", verify=True)
    assert prepared.labels == ("bad", "good")
    counts = {name: len(prepared.split(name)) for name in ("train", "val", "test", "unlabeled")}
    assert sum(counts.values()) == 40
    assert counts["unlabeled"] == 4
    split = prepared.split("train")
    assert [text.rsplit(",", 1)[1].startswith(" item ") for text in split.texts()] == [True] * len(split)
    expected = prepared.tokenizer().encode(split.texts()[0]).ids[: prepared.manifest.max_length]
    token_ids, lengths = split.gather([0])
    assert token_ids.tolist() == expected
    assert lengths.tolist() == [len(expected)]
    assert main(["prepare", "reviews.csv", "--vocab-size", "150", "-o", "prepared"]) == 0
