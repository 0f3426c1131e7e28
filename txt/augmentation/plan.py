"""How many copies each row gets: the same for all, or as many as bring its class to a size."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from txt.augmentation.survey import Survey
from txt.config import AugmentConfig
from txt.errors import InputError

MANY = 100
"""Copies of one row from which on the user is asked whether that is meant."""


@dataclass
class CopyPlan:
    """Deals copies to rows in the order of the file: `wanted` copies over the `eligible` rows of each class, evenly."""

    wanted: Mapping[str, int]
    eligible: Mapping[str, int]
    _rows_dealt: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """The number of copies wanted in all."""
        return sum(self.wanted.values())

    @property
    def most(self) -> int:
        """The largest number of copies of one row."""
        return max(-(-wanted // max(self.eligible[label], 1)) for label, wanted in self.wanted.items())

    def copies(self, label: str) -> int:
        """Return how many copies the next row of a class gets."""
        wanted, rows, before = self.wanted.get(label, 0), self.eligible[label], self._rows_dealt[label]
        self._rows_dealt[label] += 1
        return (before + 1) * wanted // rows - before * wanted // rows


def plan_copies(survey: Survey, config: AugmentConfig) -> CopyPlan:
    """Decide how many copies each class gets, by the train rows that a file has of it.

    Raises:
        InputError: classes are to be balanced, and there is no label.
    """
    if survey.columns.label is None and (config.balance or config.per_class is not None):
        flag = "--balance" if config.balance else "--per-class"
        raise InputError(f"{flag} needs a label, and no column looks like one", "name it with --label-column")
    return plan_by_class(survey.eligible, config, survey.classes)


def plan_by_class(
    eligible: Mapping[str, int], config: AugmentConfig, classes: Mapping[str, int] | None = None
) -> CopyPlan:
    """Decide how many copies each class gets.

    Args:
        eligible: the rows of each class that may be copied.
        config: which copies are wanted.
        classes: all rows of each class, where these are more.
    """
    if not config.balance and config.per_class is None:
        return CopyPlan({label: rows * config.factor for label, rows in eligible.items()}, eligible)
    present = eligible if classes is None else classes
    size = max(present.values()) if config.per_class is None else config.per_class
    return CopyPlan({label: max(0, size - present[label]) for label in eligible}, eligible)
