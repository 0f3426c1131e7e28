"""`python -m txt` and the `txt` command."""

import os
import sys

TORCH_SETTINGS = {
    # Threads that spin while they wait for each other keep the core from whoever they wait for: with one busy
    # neighbour on two cores, training took four to eight times as long.
    "OMP_WAIT_POLICY": "passive",
    # Matrix products compiled for shapes that do not come again: by default over a thousand are kept, for a gigabyte.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256",
    "LRU_CACHE_CAPACITY": "256",
}
"""Environment variables that are read when torch is loaded, so they are set before."""


def run() -> None:
    """Run the command line and leave with its exit code."""
    for name, value in TORCH_SETTINGS.items():
        os.environ.setdefault(name, value)
    # pyarrow loads pandas with the first array it makes, where nlpaug has brought it along: a second or two for nothing.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    from txt.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
