"""Sets of classes that hold the right one as often as was asked for: split conformal prediction.

Of rows that the model did not learn from it is known how probable their right class was. A set takes every class that
is at least as probable as the right class was in the asked share of them. Whatever the model is like, the right class
is then in the set that often, if new rows are like those (Sadinle, Lei and Wasserman 2019, "Least Ambiguous Set-Valued
Classifiers": of all sets with that coverage these are the smallest).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.errors import InputError
from txt.proportions import Interval, wilson_interval

COVERAGE = 0.9
"""The share for which sets are shown in reports."""


@dataclass(frozen=True)
class SetRule:
    """A class is in the set from the probability `least` on; fitted on `rows` rows for the share `coverage`."""

    coverage: float
    least: float
    rows: int

    def choose_sets(self, probabilities: Floats) -> npt.NDArray[np.bool_]:
        """Return which classes are in each row's set, (N, C); the likeliest one always is."""
        chosen = probabilities >= self.least
        chosen[np.arange(len(probabilities)), probabilities.argmax(1)] = True
        return np.asarray(chosen)


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


def fit_set_rule(labels: Ints, probabilities: Floats, coverage: float = COVERAGE) -> SetRule:
    """Return the rule for a coverage, from rows that the model did not learn from.

    Args:
        labels: (N,).
        probabilities: (N, C).
        coverage: the share of rows whose set is to hold the right class.

    Raises:
        InputError: there are too few rows for such a share: a set would have to hold every class.
    """
    place = math.ceil((len(labels) + 1) * coverage - 1e-9)
    if place > len(labels):
        need = math.ceil(coverage / (1 - coverage) - 1e-9)
        raise InputError(
            f"--coverage {coverage:g} takes {need:,} rows that the model did not learn from, and there are "
            f"{len(labels):,}",
            "label more rows, or ask for less",
        )
    right = np.sort(probabilities[np.arange(len(labels)), labels])[::-1]
    return SetRule(coverage, float(right[place - 1]), len(labels))


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
