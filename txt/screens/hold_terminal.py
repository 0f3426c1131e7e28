"""Shows something before Textual is loaded, so that no screen stays black while it starts.

Keys pressed meanwhile are not echoed; they stay in the terminal's buffer, and the screen reads them.
"""

import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager

_OPEN, _CLEAR, _CLOSE = "\x1b[?1049h\x1b[?25l", "\x1b[2J\x1b[H", "\x1b[?25h\x1b[?1049l"  # another page, without cursor


@contextmanager
def hold_terminal(codes: str) -> Iterator[None]:
    """Show codes on another page while the block loads and runs a screen; then the terminal is as it was."""
    if not sys.stdin.isatty():
        yield
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    held = termios.tcgetattr(keyboard)
    held[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(keyboard, termios.TCSANOW, held)
    try:
        _write(_OPEN + codes)
        yield
    except BaseException:
        _write(_CLOSE)
        raise
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)


def say_what_goes_on(words: str) -> str:
    """Return codes that show a line on an empty page: our own words, and nothing from data."""
    return f"{_CLEAR}\r\n  {words}"


def _write(codes: str) -> None:
    sys.stdout.write(codes)
    sys.stdout.flush()
