"""Lines as dots in cells of two by four, a letter of the Braille alphabet each: many points in little time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating]

_ACROSS, _DOWN = 2, 4  # dots of a cell
_BITS = np.array([[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]])  # by place across, and up from the lowest
_BLANK = 0x2800


@dataclass(frozen=True)
class Ink:
    """What a line is drawn in: a colour's name or None for the screen's own, dim or bold or plain.

    `letter` marks each of its points in place of dots; a `joined` line connects them.
    """

    color: str | None = None
    style: str = "default"
    letter: str | None = None
    joined: bool = True


@dataclass(frozen=True)
class Line:
    """Points of a line, `xs` and `ys` (N,)."""

    xs: Numbers
    ys: Numbers
    ink: Ink = Ink()


class Cell(NamedTuple):
    """A letter at a column and a row, counted from the lower left corner."""

    column: int
    row: int
    letter: str
    ink: Ink


class Raster:
    """A field of `columns` × `rows` cells that shows x from `left` to `right` and y from `low` to `high`."""

    def __init__(self, columns: int, rows: int, left: float, right: float, low: float, high: float) -> None:
        self._size = columns, rows
        self._corner = left, low
        self._scale = (
            (columns * _ACROSS - 1) / ((right - left) or 1.0),
            (rows * _DOWN - 1) / ((high - low) or 1.0),
        )
        self._dots = np.zeros((columns, rows), np.int64)
        self._inks: dict[tuple[int, int], tuple[str | None, Ink]] = {}

    def draw(self, line: Line) -> None:
        """Draw a line over what is there; points that are not finite part it."""
        ok = np.isfinite(line.xs) & np.isfinite(line.ys)
        x = (line.xs[ok] - self._corner[0]) * self._scale[0]
        y = (line.ys[ok] - self._corner[1]) * self._scale[1]
        if line.ink.joined:
            self._put_dots(*_joined(x, y), line.ink)
        if line.ink.letter:
            self._put_letters(x, y, line.ink)

    def cells(self) -> Iterator[Cell]:
        """Yield every cell that has something in it."""
        for (column, row), (letter, ink) in self._inks.items():
            yield Cell(column, row, letter or chr(_BLANK + int(self._dots[column, row])), ink)

    def _put_dots(self, x: Numbers, y: Numbers, ink: Ink) -> None:
        dots_x, dots_y = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
        columns, rows = self._size
        inside = (dots_x >= 0) & (dots_x < columns * _ACROSS) & (dots_y >= 0) & (dots_y < rows * _DOWN)
        dots_x, dots_y = dots_x[inside], dots_y[inside]
        column, row = dots_x // _ACROSS, dots_y // _DOWN
        np.bitwise_or.at(self._dots, (column, row), _BITS[dots_x % _ACROSS, dots_y % _DOWN])
        for cell in np.unique(column * rows + row).tolist():
            self._inks[divmod(cell, rows)] = None, ink

    def _put_letters(self, x: Numbers, y: Numbers, ink: Ink) -> None:
        column, row = np.rint(x).astype(np.int64) // _ACROSS, np.rint(y).astype(np.int64) // _DOWN
        for place in zip(column.tolist(), row.tolist(), strict=True):
            if 0 <= place[0] < self._size[0] and 0 <= place[1] < self._size[1]:
                self._inks[place] = ink.letter, ink


def _joined(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Return all dots on the way from each point to the next."""
    if len(x) < 2:
        return x, y
    reach = np.maximum(np.abs(np.diff(x)), np.abs(np.diff(y)))
    steps = np.minimum(np.ceil(reach), 4000).astype(np.int64) + 1
    starts = np.cumsum(steps) - steps
    part = (np.arange(steps.sum()) - np.repeat(starts, steps)) / np.repeat(steps, steps)
    along = np.repeat(np.diff(x), steps) * part + np.repeat(x[:-1], steps)
    upward = np.repeat(np.diff(y), steps) * part + np.repeat(y[:-1], steps)
    return np.append(along, x[-1]), np.append(upward, y[-1])
