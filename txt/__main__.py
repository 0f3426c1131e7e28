"""`python -m txt` and the `txt` command."""

import sys

from txt.library_settings import apply_library_settings


def run() -> None:
    """Run the command line and leave with its exit code."""
    apply_library_settings()
    from txt.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
