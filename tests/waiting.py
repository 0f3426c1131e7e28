"""Waiting for facts, as long as a machine with far too much to do may need: no test is about time."""

import subprocess
import time
from collections.abc import Callable

PATIENCE_SECONDS = 300.0


def wait_until(fact: Callable[[], object], process: "subprocess.Popen[str] | subprocess.Popen[bytes] | None" = None):
    """Wait until something is so; `process` is one that must not end before, where there is one."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        assert process is None or process.poll() is None, "the process ended before"
        assert time.monotonic() < until, f"it is not so after {PATIENCE_SECONDS:.0f} s"
        time.sleep(0.01)
