"""Proportions with confidence intervals."""

import math
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A score and the bounds of its interval, 95 % unless said otherwise."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """Return the three numbers by name."""
        return asdict(self)


@dataclass(frozen=True)
class Bin:
    """The rows whose confidence lies in (low, high]: their mean confidence and the share of them that is right."""

    low: float
    high: float
    rows: int
    confidence: float
    accuracy: float

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


def wilson_interval(hits: int, rows: int, level: float = LEVEL) -> Interval:
    """Return the share `hits / rows` with Wilson's score interval, which has a width even at 0 % and 100 %."""
    z = normal_quantile(level)
    share = hits / rows
    centre = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    reach = z * math.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2)) / (1 + z**2 / rows)
    return Interval(share, min(share, max(0.0, centre - reach)), max(share, min(1.0, centre + reach)))


def paired_difference(wins: int, losses: int, rows: int, level: float = LEVEL) -> Interval:
    """Return the difference in accuracy of two classifiers on the same rows (interval: Bonett and Price 2012).

    `wins` are rows that only the first has right, `losses` those that only the second has right. One row is added to
    each, so the interval has a width even when the two never differ.
    """
    won, lost = (wins + 1) / (rows + 2), (losses + 1) / (rows + 2)
    reach = normal_quantile(level) * math.sqrt((won + lost - (won - lost) ** 2) / (rows + 2))
    value = (wins - losses) / rows
    return Interval(value, min(value, max(-1.0, won - lost - reach)), max(value, min(1.0, won - lost + reach)))


def normal_quantile(level: float) -> float:
    """Return how many standard deviations to each side hold the share `level` of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)
