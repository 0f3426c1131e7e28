"""Draws lines as Braille characters, each a cell of 2 × 4 dots, with NumPy: many points in little time."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.floating]
Codes = npt.NDArray[np.uint32]

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
    """Points of a line, `xs` and `ys` (N,)."""

    xs: Numbers
    ys: Numbers
    ink: Ink = Ink()


class Stroke(NamedTuple):
    """Letters of one ink side by side, from a column on."""

    column: int
    letters: str
    ink: Ink


class Raster:
    """A field of `columns` × `rows` cells that shows x from `left` to `right` and y from `low` to `high`."""

    def __init__(self, columns: int, rows: int, left: float, right: float, low: float, high: float) -> None:
        self._columns, self._rows = columns, rows
        self._corner = left, low
        self._scale = (
            (columns * _ACROSS - 1) / ((right - left) or 1.0),
            (rows * _DOWN - 1) / ((high - low) or 1.0),
        )
        self._dots = np.zeros((rows, columns), np.uint32)  # rows from the lowest on
        self._letters = np.zeros((rows, columns), np.uint32)  # 0 where there are dots
        self._ink = np.full((rows, columns), _NO_INK, np.int16)  # places in _inks
        self._inks: list[Ink] = []

    def draw(self, line: Line) -> None:
        """Draw a line over what is there; points that are not finite are left out."""
        ok = np.isfinite(line.xs) & np.isfinite(line.ys)
        x = (line.xs[ok] - self._corner[0]) * self._scale[0]
        y = (line.ys[ok] - self._corner[1]) * self._scale[1]
        self._inks.append(line.ink)
        if line.ink.joined:
            self._put_dots(*_connect_points(x, y))
        if line.ink.letter:
            self._put_letters(x, y, line.ink.letter)

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

    def _put_dots(self, x: Numbers, y: Numbers) -> None:
        dots_x, dots_y = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
        inside = (dots_x >= 0) & (dots_x < self._columns * _ACROSS) & (dots_y >= 0) & (dots_y < self._rows * _DOWN)
        dots_x, dots_y = dots_x[inside], dots_y[inside]
        cells = dots_y // _DOWN, dots_x // _ACROSS
        np.bitwise_or.at(self._dots, cells, _BITS[dots_x % _ACROSS, dots_y % _DOWN])
        self._letters[cells] = 0
        self._ink[cells] = len(self._inks) - 1

    def _put_letters(self, x: Numbers, y: Numbers, letter: str) -> None:
        columns, rows = np.rint(x).astype(np.int64) // _ACROSS, np.rint(y).astype(np.int64) // _DOWN
        inside = (columns >= 0) & (columns < self._columns) & (rows >= 0) & (rows < self._rows)
        cells = rows[inside], columns[inside]
        self._letters[cells] = ord(letter)
        self._ink[cells] = len(self._inks) - 1


def _connect_points(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Return all dots on the way from each point to the next."""
    if len(x) < 2:
        return x, y
    across, upward = np.diff(x), np.diff(y)
    reach = np.maximum(np.abs(across), np.abs(upward))
    steps = np.minimum(np.ceil(reach), 4000).astype(np.int64) + 1
    leg = np.repeat(np.arange(len(steps)), steps)
    part = (np.arange(len(leg)) - (np.cumsum(steps) - steps)[leg]) / steps[leg]
    return np.append(across[leg] * part + x[leg], x[-1]), np.append(upward[leg] * part + y[leg], y[-1])
