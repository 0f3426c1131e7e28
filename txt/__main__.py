"""`python -m txt` and the `txt` command."""

import io
import os
import sys

from txt.library_settings import apply_library_settings
from txt.platforms import describe_unsupported


def run() -> None:
    """Run the command line and leave with its exit code."""
    if problem := describe_unsupported():
        sys.exit(f"error: {problem}")
    open_closed_streams()
    escape_unencodable()
    apply_library_settings()
    from txt.cli import main

    sys.exit(main(sys.argv[1:]))


def open_closed_streams() -> None:
    """Open what the caller closed, as `txt runs >&-` does: the next file would get its number, and be written into."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def escape_unencodable() -> None:
    """Write what a terminal's encoding has no letter for as its number, `\\u2713`, in the place of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    run()
