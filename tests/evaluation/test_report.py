"""A report: the JSON that other programs read, the verdict that people read, and what is refused."""

import json

import numpy as np
import pytest

from txt.arrays import Floats, Ints
from txt.errors import InputError, TxtError
from txt.evaluation.calibration import FittingRows
from txt.evaluation.report import MAX_MISTAKES, Report, SplitOutputs, evaluate
from txt.metrics import score_predictions
from txt.proportions import Interval

NAMES = ("negative", "neutral", "positive")
WORDS = {0: "awful", 1: "fine", 2: "great"}


def outputs(rows: int, accuracy: float, seed: int = 0) -> SplitOutputs:
    """Return rows whose texts give their label away, and logits that are right for a share of them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(3, size=rows)
    predictions = np.where(rng.random(rows) < accuracy, labels, (labels + 1) % 3)
    logits = rng.normal(scale=0.5, size=(rows, 3))
    logits[np.arange(rows), predictions] += 4
    return SplitOutputs(
        labels=labels,
        logits=logits,
        texts=[f"{WORDS[label]} row {row}" for row, label in enumerate(labels.tolist())],
        row_ids=[row + 1 for row in range(rows)],
        token_lengths=rng.integers(2, 30, size=rows),
        metadata={"source": rng.choice(["web", "app"], size=rows).tolist()},
    )


def train_split(rows: int = 90) -> tuple[list[str], Ints]:
    labels = np.arange(rows) % 3
    return [f"{WORDS[label]} text {row}" for row, label in enumerate(labels.tolist())], labels


def val_split() -> tuple[Ints, Floats]:
    val = outputs(200, 0.8, seed=1)
    return val.labels, val.logits


def full_report(accuracy: float = 0.8, rows: int = 300) -> Report:
    return evaluate(
        outputs(rows, accuracy), NAMES, run="001", split="test", fitting=FittingRows(*val_split()), train=train_split()
    )


def test_json_has_the_documented_shape() -> None:
    report = full_report()
    value = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert value["format"] == 1
    assert (value["run"], value["split"], value["rows"]) == ("001", "test", 300)
    assert set(value["metrics"]) == {"accuracy", "balanced_accuracy", "macro_f1", "mcc", "log_loss", "brier_score"}
    assert all(set(entry) == {"value", "low", "high"} for entry in value["metrics"].values())
    assert list(value["per_class"]) == list(NAMES)
    assert set(value["per_class"]["neutral"]) == {"precision", "recall", "f1", "support"}
    assert value["confusion"]["labels"] == list(NAMES)
    assert np.sum(value["confusion"]["counts"]) == 300
    assert set(value["baseline"]) == {"name", "metrics"}
    assert set(value["difference"]) == {"accuracy", "balanced_accuracy", "macro_f1", "mcc"}
    assert {entry["column"] for entry in value["slices"]} == {"source", "length in tokens"}
    assert value["mistaken_rows"] == 300 - np.trace(value["confusion"]["counts"])


def test_every_part_is_of_the_same_predictions() -> None:
    test = outputs(300, 0.8)
    report = evaluate(test, NAMES, run="001", split="test")
    expected = score_predictions(test.labels, test.logits.argmax(axis=1), 3)
    assert {name: report.metrics[name].value for name in expected} == expected
    assert np.trace(report.confusion) / 300 == expected["accuracy"]
    assert np.mean([entry.f1 for entry in report.per_class.values()]) == pytest.approx(expected["macro_f1"])


def test_without_train_and_val_there_is_no_baseline_and_no_temperature() -> None:
    value = evaluate(outputs(50, 0.8), NAMES, run="001", split="test").to_json()
    assert (value["baseline"], value["majority"], value["difference"], value["verdict"]) == (None, None, {}, None)
    assert value["calibration"]["temperature"] is None


def test_the_verdict_is_on_the_difference_to_the_baseline() -> None:
    report = full_report(accuracy=0.8)
    assert report.baseline is not None
    assert report.baseline.metrics["accuracy"].value == 1
    assert report.difference["accuracy"].high < 0
    assert "a bag of words does better here" in report.to_json()["verdict"]


def test_mistakes_are_the_most_confident_ones_with_all_that_is_needed_to_find_them() -> None:
    test = outputs(400, 0.5)
    report = evaluate(test, NAMES, run="001", split="test", train=train_split())
    confidences = [entry.confidence for entry in report.mistakes]
    assert len(confidences) == MAX_MISTAKES < report.mistaken_rows
    assert confidences == sorted(confidences, reverse=True)
    for entry in report.mistakes:
        row = int(entry.row_id) - 1
        assert entry.text == test.texts[row]
        assert entry.label == NAMES[test.labels[row]] == entry.baseline
        assert entry.prediction == NAMES[test.logits[row].argmax()] != entry.label


def test_confused_pairs_come_the_most_frequent_first() -> None:
    labels, predictions = np.array([0, 0, 0, 1, 2, 2]), np.array([1, 1, 0, 0, 2, 1])
    test = SplitOutputs(labels, np.eye(3)[predictions], ["text"] * 6, range(6))
    report = evaluate(test, NAMES, run="001", split="test")
    assert report.confused_pairs() == [
        ("negative", "neutral", 2),
        ("neutral", "negative", 1),
        ("positive", "neutral", 1),
    ]


def test_one_row_makes_a_report() -> None:
    value = evaluate(
        outputs(1, 1.0), NAMES, run="001", split="test", train=train_split(), fitting=FittingRows(*val_split())
    ).to_json()
    assert value["metrics"]["accuracy"]["low"] < 0.3
    json.dumps(value, allow_nan=False)


def test_no_rows_are_refused() -> None:
    empty = SplitOutputs(np.zeros(0, dtype=np.int64), np.zeros((0, 3)), [], [])
    with pytest.raises(InputError, match="the split `test` has no labeled rows"):
        evaluate(empty, NAMES, run="001", split="test")


def test_scores_that_are_not_numbers_are_refused() -> None:
    test = outputs(10, 1.0)
    test.logits[3, 1] = np.nan
    with pytest.raises(TxtError, match="not finite numbers for 1 of 10 rows"):
        evaluate(test, NAMES, run="001", split="test")


def test_the_same_seed_makes_the_same_report() -> None:
    assert full_report(rows=100).to_json() == full_report(rows=100).to_json()


def test_an_interval_goes_to_json_by_name() -> None:
    assert Interval(0.5, 0.4, 0.6).to_json() == {"value": 0.5, "low": 0.4, "high": 0.6}
