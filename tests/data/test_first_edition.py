"""What version 0.1.0 made stays usable: `first_edition/` holds a label store, a prepared folder and two runs."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from txt.cli import main
from txt.data.prepared import Prepared
from txt.prediction.classifier import load

MADE = Path(__file__).parent / "first_edition"
LABELS = ["bad", "good", "bad", None, "good", "bad", "neutral"]  # the fourth was skipped, the rest is undecided


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A copy, since opening a store may write to it; without the runs, for data that runs need are not replaced."""
    shutil.copytree(MADE, tmp_path / "here", ignore=shutil.ignore_patterns("runs"))
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def with_runs(here):
    shutil.copytree(MADE / "runs", here / "runs")
    return here


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


# Runs: `first` was trained to its end, `stopped` was interrupted at step 10 of 30. The first edition wrote down in
# expected.json what both answer, and what `stopped` answered after it had gone on to its end.


def read_expected() -> dict[str, Any]:
    return json.loads((MADE / "expected.json").read_text())


def answers(name: str) -> tuple[list[str], np.ndarray]:
    """Return a run's classes and probabilities (N, C), as its model gives them, before they are calibrated."""
    classifier = load(f"runs/{name}", device="cpu", precision="float32")
    found = classifier.predict_probabilities(read_expected()["texts"]).probabilities
    return list(classifier.labels), undo_calibration(found, classifier.temperature)


def expected_answers(name: str) -> tuple[list[str], np.ndarray]:
    said = read_expected()[name]
    return said["labels"], undo_calibration(np.array(said["probabilities"]), said["temperature"])


def undo_calibration(probabilities: np.ndarray, temperature: float | None) -> np.ndarray:
    powers = probabilities ** (temperature or 1.0)
    return powers / powers.sum(1, keepdims=True)


@pytest.mark.parametrize("name", ["first", "stopped"])
def test_an_old_run_answers_as_it_did(with_runs, name):
    labels, found = answers(name)
    expected_labels, expected = expected_answers(name)
    assert labels == expected_labels
    assert np.ptp(expected[:, 0]) > 0.01  # the texts are told apart
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert load(f"runs/{name}").temperature == read_expected()[name]["temperature"]


def test_an_old_run_has_the_scores_that_it_had(with_runs, capsys):
    assert main(["eval", "first", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["metrics"]
    for name, value in read_expected()["scores"].items():
        assert scores[name]["value"] == pytest.approx(value, abs=1e-6), name


def test_old_runs_are_listed_and_shown(with_runs, capsys):
    assert main(["runs", "--json"]) == 0
    said = capsys.readouterr().out
    assert '"first"' in said
    assert '"stopped"' in said
    assert main(["runs", "show", "first"]) == 0
    assert "accuracy 1.000 at epoch 17" in " ".join(capsys.readouterr().out.split())
    assert main(["runs", "compare", "first", "stopped"]) == 0
    assert main(["watch", "first", "--plain"]) == 0
    said = capsys.readouterr()
    assert "first: completed" in said.out + said.err


def test_an_old_run_goes_on_to_the_model_that_the_first_edition_made_of_it(with_runs):
    """On the machine where they were made, the weights are the same to the bit."""
    assert main(["train", "--resume", "stopped", "--plain"]) == 0
    labels, found = answers("stopped")
    expected_labels, expected = expected_answers("resumed")
    assert labels == expected_labels
    assert np.abs(expected - expected_answers("stopped")[1]).max() > 0.05  # it did go on
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_training_begins_with_the_weights_of_an_old_run(with_runs):
    assert main(["train", "prepared", "--from", "first", "--name", "third", "--plain", "--epochs", "1"]) == 0
    assert json.loads((with_runs / "runs" / "third" / "status.json").read_text())["state"] == "completed"
