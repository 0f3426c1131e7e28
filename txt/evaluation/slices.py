"""Scores on slices of a split: by each metadata column with few values, and by text length."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints
from txt.metrics import score_predictions
from txt.proportions import LEVEL, Interval, wilson_interval

MAX_VALUES = 20
MIN_ROWS_PER_VALUE = 5  # on average; below, a column is closer to an identifier than to a kind
LENGTH_COLUMN = "length in tokens"

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Slice:
    """The rows with one value in one column; `worse` when their accuracy lies clearly below that of all rows."""

    column: str
    value: str
    rows: int
    accuracy: Interval
    macro_f1: float
    worse: bool

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "column": self.column,
            "value": self.value,
            "rows": self.rows,
            "accuracy": self.accuracy.to_json(),
            "macro_f1": self.macro_f1,
            "worse": self.worse,
        }


def slice_scores(
    labels: Ints,
    predictions: Ints,
    num_classes: int,
    metadata: Mapping[str, Sequence[str]],
    token_lengths: Ints | None = None,
) -> tuple[Slice, ...]:
    """Score every slice of a split (N,), column by column, values in order of their rows and lengths from the shortest.

    A slice is flagged when even the upper bound of its accuracy stays below the accuracy of all rows. The bound's level
    is raised with the number of slices (Bonferroni), so that looking at many does not find one by chance.
    """

    def macro_f1(rows: Mask) -> float:
        return score_predictions(labels[rows], predictions[rows], num_classes)["macro_f1"]

    return score_slices(labels == predictions, macro_f1, metadata, token_lengths)


def score_slices(
    right: Mask,
    macro_f1: Callable[[Mask], float],
    metadata: Mapping[str, Sequence[str]],
    token_lengths: Ints | None = None,
) -> tuple[Slice, ...]:
    """Score slices as `slice_scores` does, from which rows are right, (N,), and the macro-F1 of some rows."""
    masks = [entry for column in metadata for entry in _slice_by_value(column, metadata[column])]
    if token_lengths is not None:
        masks += _slice_by_length(token_lengths)
    masks = [entry for entry in masks if entry[2].any()]  # between two lengths there may be no row
    level = 1 - (1 - LEVEL) / max(1, len(masks))
    whole = float(right.mean())
    return tuple(
        _score_slice(column, value, right[mask], macro_f1(mask), whole, level) for column, value, mask in masks
    )


def _score_slice(column: str, value: str, right: Mask, macro_f1: float, whole: float, level: float) -> Slice:
    rows, hits = len(right), int(right.sum())
    worse = wilson_interval(hits, rows, level).high < whole
    return Slice(column, value, rows, wilson_interval(hits, rows), macro_f1, worse=worse)


def _slice_by_value(column: str, values: Sequence[str]) -> list[tuple[str, str, Mask]]:
    counts = Counter(values)
    if not 2 <= len(counts) <= min(MAX_VALUES, len(values) // MIN_ROWS_PER_VALUE):
        return []
    array = np.array(values, dtype=object)
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return [(column, value, np.asarray(array == value)) for value in ordered]


def _slice_by_length(lengths: Ints) -> list[tuple[str, str, Mask]]:
    """Cut the rows at the quartiles of their lengths, into at most four slices."""
    inner = sorted({int(edge) for edge in np.quantile(lengths, [0.25, 0.5, 0.75])} - {int(lengths.max())})
    edges = [int(lengths.min()) - 1, *inner, int(lengths.max())]
    if len(edges) < 3:
        return []
    return [
        (LENGTH_COLUMN, _format_span(low + 1, high), np.asarray((lengths > low) & (lengths <= high)))
        for low, high in pairwise(edges)
    ]


def _format_span(first: int, last: int) -> str:
    return f"{first}–{last}" if first < last else str(first)
