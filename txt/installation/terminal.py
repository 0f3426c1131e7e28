"""Checks of the terminal: colours, Unicode and size. Whether its font has a character, only the user can see."""

import os
import shutil
import sys
from collections.abc import Iterator

from txt.installation.finding import NOTE, Finding

SAMPLE = "│─╭╯ ▁▃▅█ ▖▚ ⣀⣤⣿ ✓✗★ ‹␛›"
"""What the screens draw with."""

_SECTION = "terminal"
_SMALLEST = (80, 24)


def check_terminal(color_system: str | None) -> Iterator[Finding]:
    """Yield what the terminal is; `color_system` is what the program that draws has found out of its colours."""
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    yield Finding(_SECTION, "kind", os.environ.get("TERM", "unknown") if on_terminal else "none: a pipe or a file")
    yield _check_colors(color_system, on_terminal)
    yield _check_unicode()
    if on_terminal:
        yield _check_size()
        advice = "where you see boxes or question marks, choose another font: DejaVu Sans Mono has all of these"
        yield Finding(_SECTION, "font", SAMPLE, advice=advice)


def _check_colors(color_system: str | None, on_terminal: bool) -> Finding:
    if "NO_COLOR" in os.environ:
        return Finding(_SECTION, "colours", "none, since NO_COLOR is set")
    told = {"truecolor": "16.7 million", "256": "256", "standard": "16", "windows": "16"}.get(
        color_system or "", "none"
    )
    if on_terminal and told in ("16", "none"):
        advice = "all works; where the terminal has more, export TERM=xterm-256color"
        return Finding(_SECTION, "colours", told, NOTE, advice)
    return Finding(_SECTION, "colours", told)


def _check_unicode() -> Finding:
    encoding = (sys.stdout.encoding or "unknown").lower()
    if encoding.replace("-", "") == "utf8":
        return Finding(_SECTION, "unicode", encoding)
    return Finding(_SECTION, "unicode", encoding, NOTE, "export LANG=C.UTF-8, or PYTHONUTF8=1, shows every character")


def _check_size() -> Finding:
    columns, lines = shutil.get_terminal_size()
    told = f"{columns} × {lines}"
    if columns < _SMALLEST[0] or lines < _SMALLEST[1]:
        return Finding(_SECTION, "size", told, NOTE, "the screens need 80 × 24")
    return Finding(_SECTION, "size", told)
