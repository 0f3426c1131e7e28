"""A running search: the rows found so far; each answer of the scanner adds more."""

import numpy as np

from txt.labeling.query import Query, mask_states
from txt.labeling.queue import QueueView
from txt.labeling.row_states import RowNumbers, RowStates
from txt.labeling.scanner import Found


class Search:
    """What was asked and what has been found; `number` is that of the scanner's answers, 0 where none are needed.

    `left_out` are rows that were found and are not to be gone through.
    """

    def __init__(self, query: Query, states: RowStates, number: int = 0) -> None:
        self.query = query
        self.left_out: frozenset[int] = frozenset()
        self.number = number
        self.share = 0.0 if query.reads_file else 1.0
        self._passes = mask_states(query, states)
        self._parts = [] if query.reads_file else [np.flatnonzero(self._passes)]

    @property
    def done(self) -> bool:
        """Tell whether nothing more will be found."""
        return self.share >= 1.0

    @property
    def rows(self) -> RowNumbers:
        """The rows found so far, in the file's order; by meaning, the nearest first."""
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0] if self._parts else np.empty(0, np.int64)

    def take(self, found: Found) -> None:
        """Add what the scanner found; answers to an older search are left alone."""
        if found.number == self.number:
            self._parts.append(found.rows[self._passes[found.rows]])
            self.share = 1.0 if found.done else found.share

    def view(self) -> QueueView:
        """Return what was found as a view to go through, without the rows left out."""
        ranked = bool(self.query.meaning)
        if not self.left_out:
            return QueueView(self.query.typed, self.rows, ranked)
        kept = self.rows[~np.isin(self.rows, list(self.left_out))]
        return QueueView(f"{self.query.typed}, {len(self.left_out):,} left out", kept, ranked)
