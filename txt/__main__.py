"""`python -m txt` and the `txt` command."""

import os
import sys


def run() -> None:
    """Run the command line and leave with its exit code."""
    # Read when torch loads its OpenMP library. Threads that spin while they wait for each other keep the core from
    # whoever they wait for: with one busy neighbour on two cores, training took four to eight times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from txt.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
