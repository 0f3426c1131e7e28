"""Duplicates, rows with the same text: which of them get the label that was given to one of them."""

from collections.abc import Iterator

import numpy as np

from txt.labeling.row_states import RowNumbers, RowStates


def find_duplicates(states: RowStates, row: int, taken: set[int]) -> RowNumbers:
    """Return the other rows with this row's text that have no label but one copied to them; `taken` are others'."""
    same = states.index.find_same_text(int(states.index.hashes[row]))
    if len(same) == 1:
        return np.empty(0, np.int64)
    others = taken | {row}
    return np.array([twin for twin in same.tolist() if twin not in others and states.is_free(twin)], np.int64)


def find_duplicates_of_many(states: RowStates, rows: RowNumbers, taken: set[int]) -> RowNumbers:
    """Return the duplicates of many rows at once, without these rows themselves."""
    hashes = states.index.hashes
    twins = np.isin(hashes, hashes[rows]) & states.free
    twins[rows] = False
    return np.setdiff1d(np.flatnonzero(twins), list(taken))


def find_undecided_duplicates(states: RowStates) -> Iterator[tuple[int, RowNumbers]]:
    """Yield each decided row with its undecided duplicates: rows that were not known yet when that row was labeled.

    Where people gave different labels to the same text, nothing is yielded, and the next annotator decides.
    """
    for same in states.index.groups(states.index.hashes[states.decided_in_store()]):
        free = same[~states.decided[same]].astype(np.int64)
        rest = same[states.decided[same]].tolist()
        if len(free) and len({(states.label(row), states.is_skipped(row)) for row in rest}) == 1:
            yield rest[0], free
