"""A widget for rows of text that change often: it repaints only the rows that changed."""

from collections.abc import Sequence
from itertools import zip_longest

from rich.segment import Segment
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class TextRows(Widget):
    """Shows a text a row, cut off where it is wider; a row may hold text from data that is safe for a terminal."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[Text] = ()

    def show(self, rows: Sequence[Text]) -> None:
        """Show these rows in place of those before."""
        before, self._rows = self._rows, rows
        width = self.size.width
        changed = [
            Region(0, y, width, 1)
            for y, (old, new) in enumerate(zip_longest(before, rows))
            if y < self.size.height and not _are_same(old, new)
        ]
        if changed:
            self.refresh(*changed)

    def render_line(self, y: int) -> Strip:
        """Paint a row."""
        style = self.rich_style
        if y >= len(self._rows):
            return Strip.blank(self.size.width, style)
        console, row = self.app.console, self._rows[y]
        base = style + console.get_style(row.style)
        segments = [Segment(text, base + own if own else base) for text, own, _ in row.render(console, end="")]
        return Strip(segments).adjust_cell_length(self.size.width, style)


def _are_same(old: Text | None, new: Text | None) -> bool:
    if old is None or new is None:
        return old is new
    return old.plain == new.plain and old.style == new.style and old.spans == new.spans
