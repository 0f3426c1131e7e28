"""Rows with the same text: which of them get the label that one of them was given."""

from collections.abc import Iterator

import numpy as np

from txt.labeling.row_states import RowNumbers, RowStates


def twins_of(states: RowStates, row: int, taken: set[int]) -> RowNumbers:
    """Return the other rows with this row's text that have no label but one copied to them; `taken` are others'."""
    same = states.index.same_text(int(states.index.hashes[row]))
    if len(same) == 1:
        return np.empty(0, np.int64)
    others = taken | {row}
    return np.array([twin for twin in same.tolist() if twin not in others and states.is_free(twin)], np.int64)


def twins_of_many(states: RowStates, rows: RowNumbers, taken: set[int]) -> RowNumbers:
    """Return what `twins_of` does for many rows at once, these rows left out."""
    hashes = states.index.hashes
    twins = np.isin(hashes, hashes[rows]) & states.free
    twins[rows] = False
    return np.setdiff1d(np.flatnonzero(twins), list(taken))


def undecided_twins(states: RowStates) -> Iterator[tuple[int, RowNumbers]]:
    """Yield rows decided on with their twins that are not: those that were not known yet when the row was labeled.

    Where people answered differently for the same text, nothing is yielded: the next one decides.
    """
    for same in states.index.groups(states.index.hashes[states.decided_in_store()]):
        free = same[~states.decided[same]].astype(np.int64)
        rest = same[states.decided[same]].tolist()
        if len(free) and len({(states.label(row), states.is_skipped(row)) for row in rest}) == 1:
            yield rest[0], free
