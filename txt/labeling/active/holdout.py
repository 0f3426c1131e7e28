"""Random rows that the model never learns from, to measure its accuracy; on screen they look like all other rows.

Only they can estimate the share of each class in the file: the rows that a model asks about are not representative.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from txt.data.reading.row_index import RowIndex
from txt.labeling.row_states import Mask, RowNumbers, RowStates
from txt.labeling.store.journal import Journal
from txt.proportions import Interval, wilson_interval

_SETTING = "holdout"


@dataclass(frozen=True)
class Holdout:
    """The rows set aside, in the order in which they were drawn, and which rows have the text of one of them (N,)."""

    rows: RowNumbers
    same_text: Mask

    @classmethod
    def of(cls, rows: RowNumbers, index: RowIndex) -> "Holdout":
        """Return the holdout of these rows."""
        return cls(rows, np.isin(index.hashes, index.hashes[rows]))


def read_holdout(journal: Journal, states: RowStates) -> RowNumbers | None:
    """Return the rows of the holdout drawn before that are still in the file; None where none was drawn."""
    kept = journal.settings().get(_SETTING)
    if kept is None:
        return None
    rows = states.find_rows(json.loads(kept))
    return rows[rows >= 0]


def save_holdout(journal: Journal, states: RowStates, rows: RowNumbers) -> None:
    """Remember the rows of the holdout; call it inside `transaction`."""
    journal.set_settings(**{_SETTING: json.dumps(states.row_ids(rows))})


def draw_holdout(states: RowStates, count: int, seed: int, may_be: Callable[[int], bool]) -> RowNumbers:
    """Draw rows at random, labeled or not, of those that have a text and that `may_be` allows; at most a fifth."""
    order = np.random.default_rng(seed).permutation(len(states))
    drawn: list[int] = []
    for row in order.tolist():
        if len(drawn) >= min(count, len(order) // 5):
            break
        if not states.is_empty(row) and may_be(row):
            drawn.append(row)
    return np.array(drawn, np.int64)


def estimate_shares(labels: Mapping[str, int], total: int) -> dict[str, Interval]:
    """Return the share of each class in `total` rows of a random sample, with 95 % intervals, the largest first."""
    return {name: wilson_interval(count, total) for name, count in sorted(labels.items(), key=lambda item: -item[1])}
