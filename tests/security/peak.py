"""The peak memory of a process."""

import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """Return the most memory that this process has had resident since its program began.

    On Linux the kernel's own count for the program: `ru_maxrss` begins with what the process that forked it had.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
