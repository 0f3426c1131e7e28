"""The text to label: wrapped, scrolled, sanitized, and with matches highlighted."""

import re
from bisect import bisect_right
from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events, on
from textual.strip import Strip
from textual.widget import Widget

from txt.sanitize import clip
from txt.screens.label.reading_layout import WIDEST_TEXT
from txt.screens.label.wrapping import WrappedText
from txt.time_limit import TooSlowError, time_limit

_ONLY_SPACES = "(only spaces)"
_MOST_SEARCHED = 200_000  # letters of a text in which matches are highlighted
_MOST_SECONDS = 0.3  # of processor time for the matches of a pattern: some regular expressions never end
_SHOWN_PATTERN = 40


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
        self._too_slow: set[re.Pattern[str]] = set()

    def show(self, text: str, patterns: Sequence[re.Pattern[str]] = ()) -> None:
        """Show another text, from its beginning."""
        self._source, self._patterns = text, patterns
        self._wrapped, self._top = None, 0
        self.refresh()

    @property
    def lines(self) -> WrappedText:
        """The text as it is shown, broken for the width that there is now."""
        width = min(self.size.width, WIDEST_TEXT)
        if self._wrapped is None or self._wrapped.width != width:
            self._wrapped = WrappedText(self._source, width)
            searched = self._wrapped.text[:_MOST_SEARCHED]
            spans = [span for pattern in self._patterns for span in self._find_spans(pattern, searched)]
            self._matches = _merge_spans(sorted(span for span in spans if span[0] < span[1]))
        return self._wrapped

    def _find_spans(self, pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
        """Return where a pattern matches; one that takes too long is not tried again."""
        if pattern in self._too_slow:
            return []
        try:
            with time_limit(_MOST_SECONDS):
                return [found.span() for found in pattern.finditer(text)]
        except TooSlowError:
            self._too_slow.add(pattern)
            shown = clip(pattern.pattern, _SHOWN_PATTERN)
            self.app.notify(f"/{shown}/ takes too long on this text, and is not highlighted any more", markup=False)
            return []

    def count_lines(self, width: int, most: int) -> int:
        """Return the lines that the text takes at a width, counted up to `most`."""
        wrapped = self._wrapped
        if wrapped is None or wrapped.width != width:
            wrapped = WrappedText(self._source, width)
        return next((number for number in range(most) if wrapped.line(number) is None), most)

    def scroll_lines(self, lines: int) -> None:
        """Move down the text by so many lines, or up."""
        self._top = max(self._top + lines, 0)
        if self.lines.line(self._top + self._count_visible_lines() - 1) is None:
            self._top = min(self._top, max(self.lines.count() - self._count_visible_lines(), 0))
        self.refresh()

    def scroll_pages(self, pages: int) -> None:
        """Move down the text by so many screenfuls, or up."""
        self.scroll_lines(pages * max(self._count_visible_lines() - 1, 1))

    def scroll_to_start(self) -> None:
        """Show the beginning."""
        self.scroll_lines(-self._top)

    def scroll_to_end(self) -> None:
        """Show the end."""
        self.scroll_lines(self.lines.count())

    def scroll_by_key(self, key: str) -> None:
        """Move as a key asks; other keys are ignored."""
        moves = {
            "down": lambda: self.scroll_lines(1),
            "up": lambda: self.scroll_lines(-1),
            "pagedown": lambda: self.scroll_pages(1),
            "pageup": lambda: self.scroll_pages(-1),
            "home": self.scroll_to_start,
            "end": self.scroll_to_end,
        }
        if key in moves:
            moves[key]()

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
        hint = self._choose_hint(y)
        found = self.lines.line(self._top + y)
        if hint:
            segments = [Segment(hint, plain + self.get_component_rich_style("text-pane--hint", partial=True))]
        else:
            segments = self._build_segments(*found, plain) if found else []
        return Strip(segments).adjust_cell_length(self.size.width, plain)

    def _count_visible_lines(self) -> int:
        """Return how many lines of text are visible: the last line shows a hint if there is more below or above."""
        fits = self._top == 0 and self.lines.line(self.size.height) is None
        return self.size.height if fits else self.size.height - 1

    def _choose_hint(self, y: int) -> str:
        """Return what a line says instead of text: that there is more, or nothing to see."""
        if y == 0 and not self.lines.text.strip():
            return _ONLY_SPACES
        if y < self._count_visible_lines():
            return ""
        below = self.lines.line(self._top + self._count_visible_lines()) is not None
        above = "↑ above" if self._top else ""
        return ", ".join(part for part in ("↓ more below" if below else "", above) if part)

    def _build_segments(self, start: int, end: int, plain: Style) -> list[Segment]:
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


def _merge_spans(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for low, high in spans:
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined
