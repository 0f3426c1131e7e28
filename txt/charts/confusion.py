"""Draws confusion counts as a table, or the most confused pairs where a table is too wide."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.text import Text

from txt.sanitize import clip

Counts = npt.NDArray[np.int64]

_RECALL_WIDTH = 8
_LARGE_SHARE = 0.1  # of a class's rows: a confusion worth a look


def build_confusion_table(counts: Counts, names: Sequence[str], width: int, height: int) -> Text | None:
    """Return the counts (C, C) with labels down, predictions across, and each label's recall; None without room.

    What is right is bold, what is often wrong is marked.
    """
    least = max(max(len(f"{count:,}") for count in counts.flat) + 2, 5)
    longest = max(map(len, names))
    room = (width - longest - _RECALL_WIDTH) // len(names)
    cell = max(least, min(room, longest + 2))
    names_width = min(longest, max(width - cell * len(names) - _RECALL_WIDTH, 0))
    if names_width < 3 or height < len(names) + 1:
        return None
    head = Text(" " * names_width).append("".join(f"{clip(name, cell - 1):>{cell}}" for name in names), "dim")
    lines = [head.append("  recall", "dim")]
    for label, row in enumerate(counts):
        total = int(row.sum())
        line = Text(f"{clip(names[label], names_width):<{names_width}}")
        for prediction, count in enumerate(row.tolist()):
            line.append(_format_count(count, cell, total, right=label == prediction))
        lines.append(line.append(f"{row[label] / total:8.2f}" if total else "       –"))
    return Text("\n").join(lines)


def list_confused_pairs(counts: Counts, names: Sequence[str], width: int, height: int) -> Text:
    """Return the pairs of classes that are confused most, one a line."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[: max(height, 1)]
    lines = []
    for place in order.tolist():
        label, prediction = divmod(place, len(names))
        count, total = int(wrong[label, prediction]), int(counts[label].sum())
        if not count:
            break
        room = max((width - 22) // 2, 4)
        pair = f"{clip(names[label], room)} → {clip(names[prediction], room)}"
        lines.append(Text.assemble((f"{count:>6,} ", "bold"), f"{count / total:>4.0%}  ", pair))
    return Text("\n").join(lines) if lines else Text("nothing is confused", "dim")


def _format_count(count: int, width: int, total: int, *, right: bool) -> Text:
    shown = f"{count:>{width},}"
    if right:
        return Text(shown, "bold")
    large = total and count / total >= _LARGE_SHARE
    return Text(" " * (width - len(f"{count:,}"))).append(f"{count:,}", "reverse" if large else "dim")
