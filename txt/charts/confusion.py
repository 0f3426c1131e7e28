"""Draws confusion counts as a table as large as its pane, or the most confused pairs where a table is too wide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len
from rich.text import Text

from txt.charts.palette import RIGHT_SHADES, WRONG_SHADES
from txt.sanitize import clip

Counts = npt.NDArray[np.int64]

_RECALL_WIDTH = 8
_WIDEST_CELL = 18
_TALLEST_CELL = 3


@dataclass(frozen=True)
class Confusion:
    """Rows of one class that were taken for another: how many, and of how many."""

    label: str
    prediction: str
    count: int
    total: int

    @property
    def words(self) -> str:
        """The confusion as a sentence."""
        return f"{self.label} is taken for {self.prediction}: {self.count:,} of {self.total:,}, {self._share:.0%}"

    @property
    def _share(self) -> float:
        return self.count / self.total if self.total else 0.0


def list_confusions(counts: Counts, names: Sequence[str]) -> Iterator[Confusion]:
    """Yield the confusions, those of most rows first."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    for place in np.argsort(-wrong, axis=None, kind="stable").tolist():
        label, prediction = divmod(place, len(names))
        if not wrong[label, prediction]:
            return
        yield Confusion(names[label], names[prediction], int(wrong[label, prediction]), int(counts[label].sum()))


def build_confusion_table(counts: Counts, names: Sequence[str], width: int, height: int) -> Text | None:
    """Return the counts (C, C) with labels down, predictions across, and each label's recall; None without room.

    The cells are as large as the room allows: with the share of the row below each count where there are lines for it,
    and shaded by that share, what is right in another colour than what is wrong.
    """
    least = max(max(len(f"{count:,}") for count in counts.flat) + 2, 5)
    longest = max(cell_len(clip(name, 60)) for name in names)
    room = (width - longest - _RECALL_WIDTH) // len(names)
    cell = max(least, min(max(room, least), _WIDEST_CELL))
    names_width = min(longest, max(width - cell * len(names) - _RECALL_WIDTH, 0))
    if names_width < 3 or height < len(names) + 1:
        return None
    tall = min((height - 1) // len(names), _TALLEST_CELL)
    head = Text(" " * names_width).append("".join(f"{clip(name, cell - 1):>{cell}}" for name in names), "dim")
    lines = [head.append("  recall", "dim")]
    for label, row in enumerate(counts):
        total = int(row.sum())
        parts = [Text(_fill(names[label] if part == (tall - 1) // 2 else "", names_width)) for part in range(tall)]
        for prediction, count in enumerate(row.tolist()):
            share = count / total if total else 0.0
            shown = _format_cell(count, share, tall)
            style = _choose_shade(share, right=label == prediction)
            for part, text in zip(parts, shown, strict=True):
                part.append(" ").append(f"{text:>{cell - 2}} ", style)
        parts[(tall - 1) // 2].append(f"{row[label] / total:8.2f}" if total else "       –")
        lines += parts
    return Text("\n").join(lines)


def list_confused_pairs(counts: Counts, names: Sequence[str], width: int, height: int) -> Text:
    """Return the pairs of classes that are confused most, one a line."""
    room = max((width - 22) // 2, 4)
    lines: list[Text] = []
    for each in list_confusions(counts, names):
        if len(lines) >= max(height, 1):
            break
        pair = f"{clip(each.label, room)} → {clip(each.prediction, room)}"
        lines.append(Text.assemble((f"{each.count:>6,} ", "bold"), f"{each.count / each.total:>4.0%}  ", pair))
    return Text("\n").join(lines) if lines else Text("nothing is confused", "dim")


def _format_cell(count: int, share: float, tall: int) -> list[str]:
    """Return the lines of a cell: the count in the middle, and its share of the row below it."""
    lines = [""] * tall
    middle = (tall - 1) // 2
    lines[middle] = f"{count:,}"
    if tall > 1:
        lines[middle + 1] = f"{share:.0%}" if count else ""
    return lines


def _choose_shade(share: float, *, right: bool) -> str:
    least = next((style for least, style in (RIGHT_SHADES if right else WRONG_SHADES) if share >= least), "")
    return least or "dim"


def _fill(name: str, width: int) -> str:
    shown = clip(name, width)
    return shown + " " * max(width - cell_len(shown), 0)
