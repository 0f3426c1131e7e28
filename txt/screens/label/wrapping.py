"""Wraps a text at spaces to a width in cells, lazily: only down to the last line that was asked for."""

import re
import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len

from txt.sanitize import sanitize_lines

_TOKEN = re.compile(r"\S+|\s+")
_TAB = 4


class WrappedText:
    """A text broken into lines of at most `width` cells, only as far down as somebody has looked."""

    def __init__(self, text: str, width: int) -> None:
        self.width = width
        self.text = sanitize_lines(text).expandtabs(_TAB)
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
            *whole, (begin, last) = _cut_word(text, token.start(), token.end(), width)
            yield from whole
            used = cell_len(text[begin:last])
    if begin < end or begin == start:
        yield begin, end


def _cut_word(text: str, start: int, end: int, width: int) -> list[tuple[int, int]]:
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
