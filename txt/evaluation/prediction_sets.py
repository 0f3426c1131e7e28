"""Sets of classes that hold the right ones as often as was asked for: split conformal prediction.

Of rows that the model did not learn from it is known how probable their right class was. A set takes every class that
is at least as probable as the right class was in the asked share of them. Whatever the model is like, the right class
is then in the set that often, if new rows are like those (Sadinle, Lei and Wasserman 2019, "Least Ambiguous Set-Valued
Classifiers": of all sets with that coverage these are the smallest).

Sets of classes in an order have no gaps: a class counts as probable as the less probable of the two likeliest classes
on its sides, itself among both, so that what lies between two classes of a set is in the set too. Where rows have
several labels, each label has a threshold of its own, by the rows that have it: a label that holds is in the set as
often as was asked for, label by label.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.errors import InputError
from txt.ordered_classes import OrderedDecision
from txt.proportions import Interval, wilson_interval

COVERAGE = 0.9
"""The share for which sets are shown in reports."""


@dataclass(frozen=True)
class SetRule:
    """A class is in the set from the probability `least` on; fitted on `rows` rows for the share `coverage`.

    With an `order` sets have no gaps, and hold the class that is answered by it.
    """

    coverage: float
    least: float
    rows: int
    order: OrderedDecision | None = None

    def choose_sets(self, probabilities: Floats) -> npt.NDArray[np.bool_]:
        """Return which classes are in each row's set, (N, C); the one that is answered always is."""
        own = np.arange(len(probabilities))
        if self.order is None:
            chosen = probabilities >= self.least
            chosen[own, probabilities.argmax(1)] = True
            return np.asarray(chosen)
        chosen = close_gaps(probabilities) >= self.least
        chosen[own, probabilities.argmax(1)] = True
        chosen[own, self.order.decide(probabilities)] = True
        return np.asarray(close_gaps(chosen))


@dataclass(frozen=True)
class LabelSetRule:
    """Label k is in the set from the probability `least[k]` on, fitted on the `rows[k]` rows that have the label."""

    coverage: float
    least: tuple[float, ...]
    rows: tuple[int, ...]

    def choose_sets(self, probabilities: Floats) -> npt.NDArray[np.bool_]:
        """Return which labels are in each row's set, (N, K)."""
        return np.asarray(probabilities >= np.array(self.least))

    def unsettled(self) -> list[int]:
        """Return the labels that have too few rows for such a share, and so are in every set."""
        return [label for label, rows in enumerate(self.rows) if _find_place(rows, self.coverage) is None]


@dataclass(frozen=True)
class SetScores:
    """How often sets hold the right class, how large they are, and how many hold a single class."""

    rule: SetRule
    coverage: Interval
    mean_size: float
    single: float
    by_class: Mapping[str, Interval]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "asked": self.rule.coverage,
            "least_probability": self.rule.least,
            "fitted_on_rows": self.rule.rows,
            "coverage": self.coverage.to_json(),
            "mean_size": self.mean_size,
            "single": self.single,
            "by_class": {name: value.to_json() for name, value in self.by_class.items()},
        }


def close_gaps(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return values (N, C) raised where larger ones stand on both sides, up to the smaller of these two."""
    left = np.maximum.accumulate(values, axis=1)
    right = np.maximum.accumulate(values[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.minimum(left, right))


def fit_set_rule(
    labels: Ints, probabilities: Floats, coverage: float = COVERAGE, order: OrderedDecision | None = None
) -> SetRule:
    """Return the rule for a coverage, from rows that the model did not learn from.

    Args:
        labels: (N,).
        probabilities: (N, C).
        coverage: the share of rows whose set is to hold the right class.
        order: how a class is answered, where classes have an order.

    Raises:
        InputError: there are too few rows for such a share: a set would have to hold every class.
    """
    place = _find_place(len(labels), coverage)
    if place is None:
        raise InputError(
            f"--coverage {coverage:g} takes {_count_needed(coverage):,} rows that the model did not learn from, and "
            f"there are {len(labels):,}",
            "label more rows, or ask for less",
        )
    scores = probabilities if order is None else close_gaps(probabilities)
    right = np.sort(scores[np.arange(len(labels)), labels])[::-1]
    return SetRule(coverage, float(right[place]), len(labels), order)


def fit_label_set_rule(
    targets: npt.NDArray[np.bool_], probabilities: Floats, coverage: float = COVERAGE
) -> LabelSetRule:
    """Return the rule for a coverage of each label, from rows that the model did not learn from.

    Args:
        targets: (N, K), which labels each row has.
        probabilities: (N, K).
        coverage: the share of the rows of each label whose set is to hold it.

    Raises:
        InputError: no label has the rows that it takes.
    """
    counts = targets.sum(0).tolist()
    least = []
    for label, rows in enumerate(counts):
        place = _find_place(rows, coverage)
        least.append(0.0 if place is None else float(np.sort(probabilities[targets[:, label], label])[::-1][place]))
    rule = LabelSetRule(coverage, tuple(least), tuple(counts))
    if len(rule.unsettled()) == len(counts):
        raise InputError(
            f"--coverage {coverage:g} takes {_count_needed(coverage):,} rows of a label that the model did not learn "
            f"from, and there are at most {max(counts, default=0):,}",
            "label more rows, or ask for less",
        )
    return rule


def _find_place(rows: int, coverage: float) -> int | None:
    """Return which of the probabilities of `rows` rows, from the largest on, is the threshold; None with too few."""
    place = math.ceil((rows + 1) * coverage - 1e-9)
    return place - 1 if place <= rows else None


def _count_needed(coverage: float) -> int:
    return math.ceil(coverage / (1 - coverage) - 1e-9)


def score_sets(rule: SetRule, labels: Ints, probabilities: Floats, names: Sequence[str]) -> SetScores:
    """Return how sets do on rows (N,) that the rule was not fitted on."""
    chosen = rule.choose_sets(probabilities)
    sizes = chosen.sum(1)
    known = labels < probabilities.shape[1]
    held = known & chosen[np.arange(len(labels)), np.where(known, labels, 0)]
    present = [number for number in range(len(names)) if (labels == number).any()]
    return SetScores(
        rule,
        wilson_interval(int(held.sum()), len(labels)),
        float(sizes.mean()),
        float((sizes == 1).mean()),
        {
            names[number]: wilson_interval(int(held[labels == number].sum()), int((labels == number).sum()))
            for number in present
        },
    )
