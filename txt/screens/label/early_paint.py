"""Early paint: shows the first text before Textual is loaded, so that reading can begin half a second sooner.

The text is at the same position as on the screen, so that nothing moves when the screen takes over. Keys pressed
meanwhile are not echoed; they stay in the terminal's buffer, and the screen reads them.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.style import Style
from rich.text import Text

from txt.charts.palette import PALETTES, choose_theme
from txt.labeling.session import LabelSession
from txt.screens.hold_terminal import hold_terminal
from txt.screens.kept_theme import read_theme
from txt.screens.label.reading_layout import LEFT, ReadingLayout, lay_out
from txt.screens.label.wrapping import WrappedText
from txt.wording import labeling as label_lines
from txt.wording.literal_console import LiteralConsole

_BELOW = 7  # lines below the text, with three of keys at 80 columns
_MARGIN = 2  # cells at both ends of the line at the top

_CLEAR = "\x1b[2J"


@contextmanager
def early_paint(session: LabelSession) -> Iterator[None]:
    """Show the first text while the block loads and runs the screen; the terminal is as it was when the block ends."""
    with hold_terminal(paint_first_text(session, *os.get_terminal_size(sys.stdout.fileno()))):
        yield


def paint_first_text(session: LabelSession, columns: int, lines: int) -> str:
    """Return the text and codes to write to a terminal of this size."""
    console = LiteralConsole(width=columns, highlight=False)
    base = _choose_base_style(console.color_system)
    filled = _render_ansi(console, Text(" "), base).partition(" ")[0] + _CLEAR
    return filled + "".join(
        f"\x1b[{line + 1};1H{_render_ansi(console, text, base)}" for line, text in _place_lines(session, columns, lines)
    )


def _place_lines(session: LabelSession, columns: int, lines: int) -> Iterator[tuple[int, Text]]:
    """Yield each line with its position: file and progress at the top, then as much of the text as fits."""
    progress, item = session.progress(), session.item()
    name = label_lines.format_file_name(session).append_text(label_lines.format_place(session, None))
    corner = label_lines.format_progress(progress) if session.rows.index.complete else []
    layout: ReadingLayout = lay_out(columns, lines)
    edge = " " * (layout.left + _MARGIN)
    yield (
        layout.padding,
        Text(edge).append_text(label_lines.join_left_right(name, corner, layout.width - 2 * _MARGIN)),
    )
    wrapped = WrappedText(item.text if item else "", layout.text)
    for number in range(max(lines - layout.top - _BELOW, 0)):
        if found := wrapped.line(number):
            yield layout.top + number, Text(" " * (layout.left + LEFT) + wrapped.text[slice(*found)])


def _render_ansi(console: Console, text: Text, base: Style) -> str:
    with console.capture() as captured:
        console.print(text, style=base, end="", no_wrap=True, crop=True, overflow="ignore")
    return captured.get()


def _choose_base_style(color_system: str | None) -> Style:
    palette = PALETTES.get(choose_theme(color_system, read_theme()))
    return Style(color=palette["foreground"], bgcolor=palette["background"]) if palette else Style.null()
