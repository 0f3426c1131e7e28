"""Slices: which columns make them, what they hold, and when one is flagged."""

import numpy as np
import pytest

from txt.evaluation.slices import LENGTH_COLUMN, slice_scores
from txt.metrics import score_predictions
from txt.proportions import wilson_interval


def test_a_slice_is_scored_as_its_rows_alone() -> None:
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1])
    predictions = np.array([0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 0, 0])
    source = ["web"] * 5 + ["app"] * 7
    found = slice_scores(labels, predictions, 2, {"source": source})
    assert [(entry.column, entry.value, entry.rows) for entry in found] == [("source", "app", 7), ("source", "web", 5)]
    app = np.array(source) == "app"
    assert found[0].accuracy == wilson_interval(3, 7)
    assert found[0].macro_f1 == pytest.approx(score_predictions(labels[app], predictions[app], 2)["macro_f1"])
    assert found[1].accuracy.value == found[1].macro_f1 == 1


@pytest.mark.parametrize(
    ("values", "sliced"),
    [
        (["same"] * 200, False),
        ([f"user {row}" for row in range(200)], False),
        ([f"kind {row % 20}" for row in range(200)], True),
        ([f"kind {row % 21}" for row in range(200)], False),
        (["", "de"] * 100, True),
    ],
    ids=["one value", "identifier", "20 values", "21 values", "missing values"],
)
def test_only_columns_of_2_to_20_values_make_slices(values: list[str], sliced: bool) -> None:
    labels = np.zeros(200, dtype=np.int64)
    assert bool(slice_scores(labels, labels, 1, {"column": values})) == sliced


def test_few_rows_of_many_values_make_no_slices() -> None:
    labels = np.zeros(12, dtype=np.int64)
    assert slice_scores(labels, labels, 1, {"name": list("abcdefabcdef")}) == ()


def test_lengths_are_cut_at_their_quartiles_and_cover_every_row() -> None:
    lengths = np.random.default_rng(0).geometric(0.05, size=1000)
    labels = np.zeros(1000, dtype=np.int64)
    found = slice_scores(labels, labels, 1, {}, lengths)
    assert [entry.column for entry in found] == [LENGTH_COLUMN] * 4
    assert sum(entry.rows for entry in found) == 1000
    assert min(entry.rows for entry in found) > 200
    assert found[0].value.startswith(f"{lengths.min()}–")
    assert found[-1].value.endswith(f"–{lengths.max()}")


@pytest.mark.parametrize("lengths", [[7] * 30, [7] * 29 + [9], [1, 2] * 15, [512] * 28 + [3, 4]])
def test_equal_lengths_never_make_an_empty_slice(lengths: list[int]) -> None:
    labels = np.zeros(30, dtype=np.int64)
    found = slice_scores(labels, labels, 1, {}, np.array(lengths))
    assert all(entry.rows for entry in found)
    assert sum(entry.rows for entry in found) in (0, 30)


def test_a_slice_that_is_clearly_worse_is_flagged_and_only_that() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=1000)
    source = rng.choice(["web", "app", "fax"], p=[0.5, 0.4, 0.1], size=1000)
    right = rng.random(1000) < np.where(source == "fax", 0.6, 0.9)
    found = slice_scores(labels, np.where(right, labels, 1 - labels), 2, {"source": source.tolist()})
    assert {entry.value for entry in found if entry.worse} == {"fax"}


def test_looking_at_many_slices_finds_none_by_chance() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(100):
        right = rng.random(500) < 0.8
        metadata = {f"column {c}": [f"{value}" for value in rng.integers(10, size=500)] for c in range(4)}
        alarms += any(
            entry.worse for entry in slice_scores(np.ones(500, dtype=np.int64), right.astype(np.int64), 2, metadata)
        )
    assert alarms <= 8


def test_lengths_between_which_there_is_no_row_make_no_slice():
    lengths = np.array([3, 3, 3, 3, 20, 20, 20, 21])
    labels = np.array([0, 1] * 4)
    found = slice_scores(labels, labels, 2, {}, lengths)
    assert sum(entry.rows for entry in found) == 8
    assert all(entry.rows for entry in found)
