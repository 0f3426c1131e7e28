"""Whether there is a terminal that a screen can open on."""

import os
import sys


def on_terminal() -> bool:
    """Return whether a person sees what is written, and answers."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def has_screen(plain: bool, as_json: bool = False) -> bool:
    """Return whether there is a terminal for a screen, and one is wanted."""
    return not (plain or as_json or os.environ.get("CI") or os.environ.get("TERM") == "dumb") and on_terminal()
