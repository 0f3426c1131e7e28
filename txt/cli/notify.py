"""Telling a user who looks elsewhere: the terminal's bell, and its own or the system's notification."""

import os
import shutil
import subprocess
import sys

from txt.sanitize import visible


def notify(message: str) -> None:
    """Ring the bell and show a message on the desktop, as far as terminal and system can do that."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\a\x1b]9;{visible(message)}\x07")
        sys.stderr.flush()
    if shutil.which("notify-send") and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        subprocess.run(["notify-send", "txt", visible(message)], check=False, capture_output=True, timeout=5)
