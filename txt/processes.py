"""Processes of this machine: which still run, and how many cores this one may use."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


def is_process_running(pid: int) -> bool:
    """Return whether a process with this PID runs on this machine; a zombie counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, and alive
        pass
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return True


def boot_id() -> str:
    """Return the kernel's id of this boot, different after each restart; empty on systems without one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def count_cores() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def await_in_thread(work: Callable[[], Result]) -> Result:
    """Return what `work` returns, computed in a thread of its own, so that Ctrl-C is heard meanwhile.

    Code that is not Python's holds the main thread for as long as it takes, and signals wait for it. A thread that is
    left behind ends with the process.
    """
    found: list[Result] = []
    failed: list[BaseException] = []

    def go() -> None:
        try:
            found.append(work())
        except BaseException as error:  # raised again in the thread that waits
            failed.append(error)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)
    if failed:
        raise failed[0]
    return found[0]
