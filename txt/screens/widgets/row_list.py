"""A list of rows of the data file to look through: it scrolls, one row is chosen, and rows can be left out."""

from collections.abc import Callable, Iterable, Set

import numpy as np
from rich.text import Text
from textual import events, on
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from txt.labeling.row_states import RowNumbers

_MOVES = {"up": -1, "down": 1}


class RowList(Widget):
    """Shows as many rows as there is room for beside `others` lines of the dialog.

    `chosen` is the place of the row that keys are about, and `left_out` are the numbers of the rows left out. Only the
    rows that are seen are formatted, so that there may be a million.
    """

    class Changed(Message):
        """Another row was chosen, or one left out or taken in again."""

    def __init__(self, others: int, id: str | None = None) -> None:
        super().__init__(id=id)
        self.chosen: int | None = None
        self._others = others
        self._rows: RowNumbers = np.empty(0, np.int64)
        self._format: Callable[[int], Text] = lambda row: Text(f"{row + 1:,}")
        self._left_out: set[int] = set()
        self._first = 0

    @property
    def left_out(self) -> Set[int]:
        """The rows that were left out."""
        return self._left_out

    @property
    def kept(self) -> RowNumbers:
        """The rows without those left out."""
        return self._rows if not self._left_out else self._rows[~np.isin(self._rows, list(self._left_out))]

    def describe_place(self) -> str:
        """Say which part of the rows is seen, and how many are left out; empty where all are."""
        lines, total = self._count_lines(), len(self._rows)
        seen = f"{self._first + 1:,}–{min(self._first + lines, total):,} of {total:,} seen" if total > lines else ""
        out = f"{len(self._left_out):,} left out" if self._left_out else ""
        return " · ".join(part for part in (seen, out) if part)

    def show(self, rows: RowNumbers, format_row: Callable[[int], Text]) -> None:
        """Show these rows; `format_row` makes the line of one, by its number from 0."""
        lines = self._count_lines()
        self._rows, self._format = rows, format_row
        self._left_out &= set(rows.tolist()) if self._left_out else set()
        if self.chosen is not None:
            self.chosen = min(self.chosen, len(rows) - 1) if len(rows) else None
        self._keep_in_sight(self.chosen or 0)
        self.refresh(layout=self._count_lines() != lines)

    def reset(self) -> None:
        """Choose and leave out nothing."""
        self.chosen, self._first = None, 0
        self._left_out.clear()
        self.refresh()

    def leave_out(self, rows: Iterable[int]) -> None:
        """Leave out these rows, and no others."""
        self._left_out = set(rows)
        self.refresh()

    def press(self, key: str) -> bool:
        """Move as a key asks, or leave the chosen row out; tells whether the key means something here."""
        pages = {"pageup": -self._count_lines(), "pagedown": self._count_lines()}
        if key in _MOVES or key in pages:
            self._choose((-1 if self.chosen is None else self.chosen) + (_MOVES | pages)[key])
        elif key in ("delete", "space") and self.chosen is not None:
            self._left_out ^= {int(self._rows[self.chosen])}
            self._choose(self.chosen + 1)
        else:
            return False
        return True

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the lines that the rows take."""
        return self._count_lines()

    def on_resize(self, _event: events.Resize) -> None:
        """Keep the chosen row in sight, and take as many lines as there is room for now."""
        self._keep_in_sight(self.chosen or 0)
        if self.size.height != self._count_lines():
            self.refresh(layout=True)

    def render(self) -> Text:
        """Draw the rows that are seen."""
        lines = []
        for place, row in enumerate(self._rows[self._first : self._first + self.size.height].tolist(), self._first):
            out = row in self._left_out
            line = Text("✗" if out else " ").append_text(self._format(row))
            if out:
                line.stylize("dim strike")
            if place == self.chosen:
                line.pad_right(max(self.size.width - line.cell_len, 0))
                line.stylize("reverse")
            lines.append(line)
        return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)

    def _choose(self, place: int) -> None:
        if len(self._rows):
            self.chosen = None if place < 0 else min(place, len(self._rows) - 1)
            self._keep_in_sight(self.chosen or 0)
            self.refresh()
            self.post_message(self.Changed())

    def _keep_in_sight(self, place: int) -> None:
        lines = self._count_lines()
        self._first = max(min(self._first, place, max(len(self._rows) - lines, 0)), place - lines + 1, 0)

    def _count_lines(self) -> int:
        return max(min(len(self._rows), self.app.size.height - self._others), 1)

    @on(events.Click)
    def _click(self, event: events.Click) -> None:
        place = self._first + event.y
        if place == self.chosen:
            self.press("delete")
        elif place < len(self._rows):
            self._choose(place)

    @on(events.MouseScrollDown)
    def _scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._choose(min((-1 if self.chosen is None else self.chosen) + 1, len(self._rows) - 1))

    @on(events.MouseScrollUp)
    def _scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._choose((self.chosen or 0) - 1)
