"""The owner of a trial: its machine and process, and whether that process still runs."""

import os
import socket
from pathlib import Path
from typing import Any

from txt.processes import boot_id, is_process_running


def identify_process() -> dict[str, Any]:
    """Return what identifies this process among all others, on this machine and elsewhere."""
    return {"where": identify_machine(), "pid": os.getpid(), "started": _read_start_time(os.getpid())}


def identify_machine() -> str:
    """Return what identifies this machine, its current boot and this container."""
    space = Path("/proc/self/ns/pid")
    return "/".join([socket.gethostname(), boot_id(), os.readlink(space) if space.is_symlink() else ""])


def is_gone(owner: dict[str, Any]) -> bool:
    """Return whether a process of this machine has ended; of another machine's nothing is known, so False."""
    if owner.get("where") != identify_machine():
        return False
    pid = int(owner["pid"])
    reused = owner.get("started") != _read_start_time(pid)  # the number belongs to another process by now
    return reused or not is_process_running(pid)


def _read_start_time(pid: int) -> str | None:
    """Return when a process started, in kernel clock ticks; None where that is unknown, "" for a dead one."""
    if not Path("/proc/self/stat").exists():
        return None
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] == "Z" else after_name[19]  # a zombie is dead, and only waits for its parent
