"""The terminal: whether a screen can open on it, and notifications to the user."""

import os
import shutil
import subprocess
import sys

from txt.sanitize import sanitize


def has_terminal() -> bool:
    """Return whether stdin and stdout are a terminal, so that a person can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def has_screen(plain: bool, as_json: bool = False) -> bool:
    """Return whether there is a terminal for a screen, and one is wanted."""
    return not (plain or as_json or os.environ.get("CI") or os.environ.get("TERM") == "dumb") and has_terminal()


def notify(message: str) -> None:
    """Ring the bell and show a message on the desktop, as far as terminal and system can do that."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\a\x1b]9;{sanitize(message)}\x07")
        sys.stderr.flush()
    if shutil.which("notify-send") and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        subprocess.run(["notify-send", "txt", sanitize(message)], check=False, capture_output=True, timeout=5)
