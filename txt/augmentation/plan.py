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
class Plan:
    """Deals copies to rows in the order of the file: `wanted` copies over the `eligible` rows of each class, evenly."""

    wanted: Mapping[str, int]
    eligible: Mapping[str, int]
    _dealt: Counter[str] = field(default_factory=Counter)

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
        wanted, rows, before = self.wanted.get(label, 0), self.eligible[label], self._dealt[label]
        self._dealt[label] += 1
        return (before + 1) * wanted // rows - before * wanted // rows


def plan(survey: Survey, config: AugmentConfig) -> Plan:
    """Decide how many copies each class gets.

    Raises:
        InputError: classes are to be balanced, and there is no label.
    """
    if not config.balance and config.per_class is None:
        return Plan({label: rows * config.factor for label, rows in survey.eligible.items()}, survey.eligible)
    flag = "--balance" if config.balance else "--per-class"
    if survey.columns.label is None:
        raise InputError(f"{flag} needs a label, and no column looks like one", "name it with --label-column")
    size = max(survey.classes.values()) if config.per_class is None else config.per_class
    wanted = {label: max(0, size - survey.classes[label]) for label in survey.eligible}
    return Plan(wanted, survey.eligible)
