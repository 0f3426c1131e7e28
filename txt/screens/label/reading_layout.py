"""Where the parts of the labeling screen lie: a column to read in, and a panel beside it where there is room.

Textual is not needed here: the first text is painted before it is loaded, and nothing may move when the screen comes.
"""

from dataclasses import dataclass

WIDEST_TEXT = 76
"""Cells of the widest line of a text; longer ones are hard to read."""

LEFT, RIGHT = 3, 2  # cells left and right of the text; as txt.tcss has them
SIDE = 36  # cells of the panel beside it
_WIDE = 110  # columns from which the panel is there
_LOW = 16  # lines below which only what is needed is shown
_ALL_KEYS = 20  # lines from which all keys are shown
_TALL = 44  # lines from which the text does not begin at the very top


@dataclass(frozen=True)
class ReadingLayout:
    """Cells: `left` of the desk with all parts on it, its `width`, and the first line of the text, `top`.

    `text` is the width of the text on the desk, LEFT cells from its edge; `side` is the width of the panel, if any.
    """

    left: int
    width: int
    top: int
    text: int
    side: int
    is_low: bool
    shows_all_keys: bool
    class_lines: int

    @property
    def padding(self) -> int:
        """The empty lines above everything."""
        return self.top - (1 if self.is_low else 3)


def lay_out(columns: int, lines: int) -> ReadingLayout:
    """Return the layout for a terminal of this size."""
    side = SIDE if columns >= _WIDE else 0
    text = max(min(columns - side - LEFT - RIGHT, WIDEST_TEXT), 1)
    width = min(text + side + LEFT + RIGHT, columns)
    is_low = lines < _LOW
    top = (1 if is_low else 3) + max(lines - _TALL, 0) // 4
    return ReadingLayout(
        (columns - width) // 2,
        width,
        top,
        text,
        side,
        is_low,
        lines >= _ALL_KEYS,
        max((lines - 3) // 2, min(lines - 5, 5), 2),
    )
