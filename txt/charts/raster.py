"""Draws lines as Braille characters, each a cell of 2 × 4 dots, with NumPy: many points in little time."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating]
Dots = npt.NDArray[np.int64]

_ACROSS, _DOWN = 2, 4  # dots of a cell
_BITS = np.array([[0x40, 0x04, 0x02, 0x01], [0x80, 0x20, 0x10, 0x08]], np.uint32)  # by place across, and up
_BLANK = 0x2800
_NO_INK = -1


@dataclass(frozen=True)
class Ink:
    """What a line is drawn in: a colour that Rich knows or None for the screen's own, and `dim`, `bold` or nothing.

    `letter` marks each of its points in place of dots; a `joined` line connects them.
    """

    color: str | None = None
    style: str = ""
    letter: str | None = None
    joined: bool = True


@dataclass(frozen=True)
class Line:
    """Points of a line, `xs` and `ys` (N,); `name` is written at its end where there is room."""

    xs: Numbers
    ys: Numbers
    ink: Ink = Ink()
    name: str = ""


class Stroke(NamedTuple):
    """Letters of one ink side by side, from a column on."""

    column: int
    letters: str
    ink: Ink


def locate_dots(values: Numbers, low: float, high: float, dots: int) -> npt.NDArray[np.int64]:
    """Return the dot of each finite value (N,), of `dots` from `low` to `high`; a value outside gets one outside.

    The one way from a number to a place: lines, letters and the marks of the axes all go through here, so that a line
    drawn exactly at a tick lies in the cell that the tick's label stands beside.
    """
    places = np.rint((values - low) * ((dots - 1) / ((high - low) or 1.0)))
    return np.asarray(places, np.int64)


def locate_columns(values: Numbers, low: float, high: float, columns: int) -> npt.NDArray[np.int64]:
    """Return the column of each value (N,), of so many from `low` to `high`."""
    return locate_dots(values, low, high, columns * _ACROSS) // _ACROSS


def locate_rows(values: Numbers, low: float, high: float, rows: int) -> npt.NDArray[np.int64]:
    """Return the row of each value (N,), of so many from `low` to `high`, counted from the lowest."""
    return locate_dots(values, low, high, rows * _DOWN) // _DOWN


class Raster:
    """A field of `columns` × `rows` cells that shows x from `left` to `right` and y from `low` to `high`."""

    def __init__(self, columns: int, rows: int, left: float, right: float, low: float, high: float) -> None:
        self._columns, self._rows = columns, rows
        self._across, self._up = (left, right), (low, high)
        self._dots = np.zeros((rows, columns), np.uint32)  # rows from the lowest on
        self._letters = np.zeros((rows, columns), np.uint32)  # 0 where there are dots
        self._ink = np.full((rows, columns), _NO_INK, np.int16)  # places in _inks
        self._inks: list[Ink] = []

    def draw(self, line: Line) -> None:
        """Draw a line over what is there; points that are not finite are left out."""
        ok = np.isfinite(line.xs) & np.isfinite(line.ys)
        across = self._keep_near(line.xs[ok], *self._across)
        up = self._keep_near(line.ys[ok], *self._up)
        x = locate_dots(across, *self._across, self._columns * _ACROSS)
        y = locate_dots(up, *self._up, self._rows * _DOWN)
        self._inks.append(line.ink)
        if line.ink.joined:
            self._put_dots(*_connect_dots(x, y))
        if line.ink.letter:
            self._put_letters(x, y, line.ink.letter)

    @staticmethod
    def _keep_near(values: Numbers, low: float, high: float) -> Numbers:
        """Bring what lies very far outside nearer, so that its dot is a number that can be counted to."""
        reach = 1000 * ((high - low) or 1.0)
        return np.clip(values, low - reach, high + reach)

    def list_strokes(self, row: int) -> list[Stroke]:
        """Return what is in a row, counted from the top."""
        ink = self._ink[self._rows - 1 - row]
        codes = self._encode_row(self._rows - 1 - row)
        edges = [0, *(np.flatnonzero(np.diff(ink)) + 1).tolist(), self._columns]
        return [
            Stroke(begin, codes[begin:end], self._inks[ink[begin]])
            for begin, end in pairwise(edges)
            if ink[begin] != _NO_INK
        ]

    def _encode_row(self, row: int) -> str:
        letters = self._letters[row]
        codes = np.where(letters > 0, letters, self._dots[row] + _BLANK)
        return str(codes.astype("<u4").tobytes(), "utf-32-le")

    def _put_dots(self, x: Dots, y: Dots) -> None:
        inside = (x >= 0) & (x < self._columns * _ACROSS) & (y >= 0) & (y < self._rows * _DOWN)
        x, y = x[inside], y[inside]
        rows, columns = y // _DOWN, x // _ACROSS
        own = len(self._inks) - 1
        # A cell has one colour: what another line left in it would be painted in this line's.
        others = self._ink[rows, columns] != own
        self._dots[rows[others], columns[others]] = 0
        np.bitwise_or.at(self._dots, (rows, columns), _BITS[x % _ACROSS, y % _DOWN])
        self._letters[rows, columns] = 0
        self._ink[rows, columns] = own

    def _put_letters(self, x: Dots, y: Dots, letter: str) -> None:
        columns, rows = x // _ACROSS, y // _DOWN
        inside = (columns >= 0) & (columns < self._columns) & (rows >= 0) & (rows < self._rows)
        cells = rows[inside], columns[inside]
        self._letters[cells] = ord(letter)
        self._ink[cells] = len(self._inks) - 1


def _connect_dots(x: Dots, y: Dots) -> tuple[Dots, Dots]:
    """Return all dots on the way from each dot to the next."""
    if len(x) < 2:
        return x, y
    across, upward = np.diff(x), np.diff(y)
    steps = np.minimum(np.maximum(np.abs(across), np.abs(upward)), 4000) + 1
    leg = np.repeat(np.arange(len(steps)), steps)
    part = (np.arange(len(leg)) - (np.cumsum(steps) - steps)[leg]) / steps[leg]
    along = np.rint(across[leg] * part).astype(np.int64) + x[leg]
    up = np.rint(upward[leg] * part).astype(np.int64) + y[leg]
    return np.append(along, x[-1]), np.append(up, y[-1])
