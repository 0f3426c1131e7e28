"""The text to be labeled: wrapped, scrolled, harmless, and with what matters highlighted."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.strip import Strip
from textual.widget import Widget

from txt.visible import visible_lines

_TOKEN = re.compile(r"\S+|\s+")
_WIDEST = 100  # cells; longer lines are hard to read
_TAB = 4
_ONLY_SPACES = "(only spaces)"
_MOST_SEARCHED = 200_000  # letters of a text in which matches are highlighted


class WrappedText:
    """A text broken into lines of at most `width` cells, only as far down as somebody has looked."""

    def __init__(self, text: str, width: int) -> None:
        self.width = width
        self.text = visible_lines(text).expandtabs(_TAB)
        self._ranges: list[tuple[int, int]] = []
        self._rest = _wrap(self.text, max(width, 1))

    def line(self, number: int) -> tuple[int, int] | None:
        """Return where a line begins and ends in `text`, or None below the last one."""
        while len(self._ranges) <= number:
            found = next(self._rest, None)
            if found is None:
                return None
            self._ranges.append(found)
        return self._ranges[number]

    def count(self) -> int:
        """Return the number of lines; takes time for a very long text."""
        self._ranges.extend(self._rest)
        return len(self._ranges)


class TextPane(Widget):
    """Shows a text, scrolls it, and highlights what patterns match."""

    COMPONENT_CLASSES = {"text-pane--match", "text-pane--hint"}  # noqa: RUF012

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._source = ""
        self._patterns: Sequence[re.Pattern[str]] = ()
        self._wrapped: WrappedText | None = None
        self._matches: list[tuple[int, int]] = []
        self._top = 0

    def show(self, text: str, patterns: Sequence[re.Pattern[str]] = ()) -> None:
        """Show another text, from its beginning."""
        self._source, self._patterns = text, patterns
        self._wrapped, self._top = None, 0
        self.refresh()

    @property
    def lines(self) -> WrappedText:
        """The text as it is shown, broken for the width that there is now."""
        width = min(self.size.width, _WIDEST)
        if self._wrapped is None or self._wrapped.width != width:
            self._wrapped = WrappedText(self._source, width)
            searched = self._wrapped.text[:_MOST_SEARCHED]
            spans = [found.span() for pattern in self._patterns for found in pattern.finditer(searched)]
            self._matches = _joined(sorted(span for span in spans if span[0] < span[1]))
        return self._wrapped

    def scroll_lines(self, lines: int) -> None:
        """Move down the text by so many lines, or up."""
        self._top = max(self._top + lines, 0)
        if self.lines.line(self._top + self._room() - 1) is None:
            self._top = min(self._top, max(self.lines.count() - self._room(), 0))
        self.refresh()

    def scroll_pages(self, pages: int) -> None:
        """Move down the text by so many screenfuls, or up."""
        self.scroll_lines(pages * max(self._room() - 1, 1))

    def scroll_to_start(self) -> None:
        """Show the beginning."""
        self.scroll_lines(-self._top)

    def scroll_to_end(self) -> None:
        """Show the end."""
        self.scroll_lines(self.lines.count())

    @on(events.MouseScrollDown)
    def _scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_lines(2)

    @on(events.MouseScrollUp)
    def _scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_lines(-2)

    def render_line(self, y: int) -> Strip:
        """Draw a line of the pane."""
        plain = self.rich_style
        hint = self._hint(y)
        found = self.lines.line(self._top + y)
        if hint:
            segments = [Segment(hint, plain + self.get_component_rich_style("text-pane--hint", partial=True))]
        else:
            segments = self._segments(*found, plain) if found else []
        return Strip(segments).adjust_cell_length(self.size.width, plain)

    def _room(self) -> int:
        """Return how many lines of text are seen: the last one gives way when there is more below or above."""
        fits = self._top == 0 and self.lines.line(self.size.height) is None
        return self.size.height if fits else self.size.height - 1

    def _hint(self, y: int) -> str:
        """Return what a line says instead of text: that there is more, or nothing to see."""
        if y == 0 and not self.lines.text.strip():
            return _ONLY_SPACES
        if y < self._room():
            return ""
        below = self.lines.line(self._top + self._room()) is not None
        above = "↑ above" if self._top else ""
        return ", ".join(part for part in ("↓ more below" if below else "", above) if part)

    def _segments(self, start: int, end: int, plain: Style) -> list[Segment]:
        marked = plain + self.get_component_rich_style("text-pane--match", partial=True)
        segments, place = [], start
        first = bisect_right(self._matches, (start, start)) - 1
        for low, high in self._matches[max(first, 0) :]:
            if low >= end:
                break
            low, high = max(low, place), min(high, end)
            if low < high:
                segments += [
                    Segment(self.lines.text[place:low], plain),
                    Segment(self.lines.text[low:high], marked),
                ]
                place = high
        return [*segments, Segment(self.lines.text[place:end], plain)]


def _joined(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for low, high in spans:
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def _wrap(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Yield where each line begins and ends: broken at spaces, inside a word only where it is longer than a line."""
    start = 0
    while start <= len(text):
        newline = text.find("\n", start)
        end = len(text) if newline < 0 else newline
        yield from _wrap_paragraph(text, start, end, width)
        start = end + 1


def _wrap_paragraph(text: str, start: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    if end - start <= width and text[start:end].isascii():
        yield start, end
        return
    begin, used = start, 0
    for token in _TOKEN.finditer(text, start, end):
        cells = cell_len(token[0])
        if used + cells <= width:
            used += cells
        elif token[0].isspace():
            yield begin, token.start()  # the spaces at which a line is broken are not shown
            begin, used = token.end(), 0
        elif cells <= width:
            yield begin, len(text[begin : token.start()].rstrip()) + begin
            begin, used = token.start(), cells
        else:
            if used:
                yield begin, len(text[begin : token.start()].rstrip()) + begin
            *whole, (begin, last) = _pieces(text, token.start(), token.end(), width)
            yield from whole
            used = cell_len(text[begin:last])
    if begin < end or begin == start:
        yield begin, end


def _pieces(text: str, start: int, end: int, width: int) -> list[tuple[int, int]]:
    """Cut a word that is longer than a line; a letter keeps the marks and joiners that belong to it."""
    pieces, begin, used = [], start, 0
    for place in range(start, end):
        cells = cell_len(text[place])
        if used + cells > width and place > begin and not _continues(text[place]) and text[place - 1] != "\u200d":
            pieces.append((begin, place))
            begin, used = place, 0
        used += cells
    return [*pieces, (begin, end)]


def _continues(letter: str) -> bool:
    return unicodedata.combining(letter) > 0 or letter in "\u200d\ufe0f\ufe0e" or 0x1F3FB <= ord(letter) <= 0x1F3FF
