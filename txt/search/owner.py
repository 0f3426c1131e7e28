"""Who works on a trial: the machine and the process, and whether it is still there."""

import os
import socket
from pathlib import Path
from typing import Any

from txt.processes import boot_id, is_process_running


def this_process() -> dict[str, Any]:
    """Return what tells this process from all others, on this machine and elsewhere."""
    return {"where": here(), "pid": os.getpid(), "started": _started(os.getpid())}


def here() -> str:
    """Return what tells this machine, since it was switched on, and this container from all others."""
    space = Path("/proc/self/ns/pid")
    return "/".join([socket.gethostname(), boot_id(), os.readlink(space) if space.is_symlink() else ""])


def is_gone(owner: dict[str, Any]) -> bool:
    """Return whether a process of this machine has ended; of another machine's nothing is known, so False."""
    if owner.get("where") != here():
        return False
    pid = int(owner["pid"])
    reused = owner.get("started") != _started(pid)  # the number belongs to another process by now
    return reused or not is_process_running(pid)


def _started(pid: int) -> str | None:
    """Return when a process began, in the kernel's own count; None where that cannot be told, "" for a dead one."""
    if not Path("/proc/self/stat").exists():
        return None
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if after_name[0] == "Z" else after_name[19]  # a zombie is dead, and only waits for its parent
