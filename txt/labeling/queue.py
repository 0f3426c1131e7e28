"""Chooses the next row: by a given order, or else the first undecided row of the file or the filter."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from txt.labeling.row_states import Mask, RowNumbers

_CHUNK = 4096  # rows looked at in one go; most often the very next one is it


@dataclass(frozen=True)
class QueueView:
    """The rows that a filter shows, and the filter as it was typed.

    They are in the file's order, or where they are `ranked`, the best first.
    """

    name: str
    rows: RowNumbers
    ranked: bool = False

    def find_place(self, row: int, side: Literal["left", "right"]) -> int:
        """Return where the rows before a row end, or where those behind it begin; 0 for a row that is not ranked."""
        if not self.ranked:
            return int(np.searchsorted(self.rows, row, side))
        places = np.flatnonzero(self.rows == row)
        return int(places[0]) + (side == "right") if len(places) else 0


class Queue:
    """The row on screen, those seen before it in this sitting, and the order of those to come.

    Everywhere `decided` (N,) says which rows need no decision, and `taken` are rows that others have on screen. `order`
    are rows that come before all others, in this order, where no filter is set; it may be changed at any time, and
    changes only what comes next.
    """

    # How it works: the trail is the list of rows shown so far, and `_place` is the position of the current one in it,
    # as in a browser's history. Going back only moves `_place`; the rows after it are still ahead of the annotator.
    #
    # The next row is the first undecided one of three sources: the rest of the trail, then `order`, then the file (or
    # the filter) from the current row to the end and around to the start. The last source covers every row there is.
    # So a row that was passed over, that is missing in `order`, or that another annotator gave back is met again later,
    # and the queue ends only when every row is decided or on someone else's screen.
    #
    # The queue keeps no list of rows to do: it looks at `decided` each time. Labels from another annotator, from a bulk
    # action or from an undo therefore need no update here, and nothing can get out of step.

    def __init__(self) -> None:
        self.row: int | None = None
        self.view: QueueView | None = None
        self.order: RowNumbers = np.empty(0, np.int64)
        self._trail: list[int] = []
        self._place = -1  # of the row on screen in the trail

    def show(self, row: int) -> None:
        """Put a row on screen."""
        if row == self.row:
            return
        if self._trail[self._place + 1 : self._place + 2] == [row]:
            self._place += 1
        else:
            self._trail.append(row)
            self._place = len(self._trail) - 1
        self.row = row

    def move_on(self, decided: Mask, taken: set[int]) -> None:
        """Show the next row without a decision; in a view where all have one, the next row to look at.

        Rows that were passed over on the way back come first. When nothing is left, `row` is None.
        """
        row = next(self._iterate_undecided(decided, taken), None)
        if row is None and self.view is not None:
            row = self._find_neighbor(1)
            row = self.row if row is None else row
        if row is None:
            self.row, self._place = None, len(self._trail)
        else:
            self.show(row)

    def forward(self, decided: Mask, taken: set[int]) -> bool:
        """Show the next row without deciding on this one; False at the end."""
        if self.view is not None:
            row = self._find_neighbor(1)
        elif self._place + 1 < len(self._trail):
            row = self._trail[self._place + 1]
        else:
            passed = {self.row} if self.row is not None and not len(self.order) else set(self._trail)
            row = next((row for row in self._iterate_undecided(decided, taken) if row not in passed), None)
        if row is not None:
            self.show(row)
        return row is not None

    def back(self) -> bool:
        """Show the row before this one: in the view, on the way here, or in the file; False at the start."""
        if self.view is not None:
            row = self._find_neighbor(-1)
            if row is not None:
                self.show(row)
            return row is not None
        if self._place <= 0:
            if not self.row:
                return False
            self._trail.insert(0, self.row - 1)
            self._place = 1
        self._place -= 1
        self.row = self._trail[self._place]
        return True

    def _iterate_undecided(self, decided: Mask, taken: set[int]) -> Iterator[int]:
        """Yield the rows to decide on: those ahead on the trail, then by the order, then from here on and around."""
        among = None if self.view is None else self.view.rows
        ahead = self._trail[self._place + 1 :]
        yield from (row for row in ahead if not decided[row] and row not in taken and (among is None or row in among))
        if among is None and len(self.order):
            passed = taken.union(self._trail)
            yield from (row for row in self.order[~decided[self.order]].tolist() if row not in passed)
        # The file is searched in chunks: in the usual case, an undecided row soon after this one, only a few thousand
        # flags are looked at, and not those of a million rows.
        count = len(decided) if among is None else len(among)
        here = -1 if self.row is None else self.row
        middle = here + 1 if self.view is None else self.view.find_place(here, "right")
        for start, stop in ((middle, count), (0, middle)):
            for low in range(start, stop, _CHUNK):
                high = min(low + _CHUNK, stop)
                rows = np.arange(low, high) if among is None else among[low:high]
                yield from (row for row in rows[~decided[rows]].tolist() if row not in taken)

    def _find_neighbor(self, step: int) -> int | None:
        """Return the neighbour of this row in the view, if it has one on that side."""
        assert self.view is not None
        rows = self.view.rows
        here = -1 if self.row is None else self.row
        place = self.view.find_place(here, "right") if step > 0 else self.view.find_place(here, "left") - 1
        return int(rows[place]) if 0 <= place < len(rows) else None
