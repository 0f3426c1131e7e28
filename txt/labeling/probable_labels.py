"""The labels of a store as probabilities, where several people labeled: Dawid and Skene's model, text by text."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from txt.data.reading.row_index import hash_content
from txt.errors import InputError
from txt.labeling.agreement import read_ratings
from txt.labeling.reliability import find_consensus
from txt.labeling.store.decision import format_row_id
from txt.labeling.store.journal import Journal


class ProbableLabels:
    """The probability of each class, by text: that of rows with the same text is the mean of theirs."""

    def __init__(self, shares: Mapping[str, Mapping[str, float]]) -> None:
        self._shares = shares

    @classmethod
    def read(cls, store: Path) -> "ProbableLabels":
        """Return what the people of a store make of its rows, taken together.

        Raises:
            InputError: rows have several labels, or none has labels of two people.
        """
        with Journal.open(store, write=False) as journal:
            if journal.settings().get("multi_label") == "true":
                raise InputError(
                    f"rows have several labels in `{store}`, and probabilities are of one", "leave the option out"
                )
            consensus = find_consensus(read_ratings(journal))
        if consensus is None:
            raise InputError(
                f"no row has labels of two people in `{store}`, so nothing tells how sure they are",
                "`txt label DATA --annotator NAME` adds somebody's labels; or leave the option out",
            )
        found: dict[str, list[int]] = defaultdict(list)
        for place, row in enumerate(consensus.rows):
            found[_name_text(row)].append(place)
        return cls(
            {
                text: dict(
                    zip(consensus.classes, np.mean(consensus.probabilities[places], axis=0).tolist(), strict=True)
                )
                for text, places in found.items()
            }
        )

    def find(self, text: str) -> Mapping[str, float] | None:
        """Return the probability of each class given a text; None where no person labeled it."""
        return self.find_row(format_row_id(hash_content(text), 0))

    def find_row(self, row: str) -> Mapping[str, float] | None:
        """Return the same by a row's name in the store."""
        return self._shares.get(_name_text(row))


def find_best(shares: Mapping[str, float]) -> tuple[str, float]:
    """Return the most probable label, the first by name of several, and its probability."""
    label = min(shares, key=lambda name: (-shares[name], name))
    return label, shares[label]


def _name_text(row: str) -> str:
    """Return the part of a row's name that all rows with its text share."""
    return row.partition("-")[0]
