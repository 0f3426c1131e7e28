"""Reads what strace wrote of a process: each connection, and each file that was opened for writing, moved or removed.

Python's audit events, which `watched` hears, say nothing of what libraries in C and Rust do by themselves; the system's
own list of calls does.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

_CALLS = (
    "openat,open,creat,connect,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,truncate,symlink,"
    "symlinkat,link,linkat,chmod,fchmodat,chown,fchownat"
)
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_WRITES = re.compile(r"\bO_(WRONLY|RDWR|CREAT|TRUNC|APPEND)\b")
_NAME = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
_TO_ANOTHER_MACHINE = re.compile(r"sa_family=AF_INET6?\b")


def can_trace() -> bool:
    """Tell whether strace is here, and may trace."""
    strace = shutil.which("strace")
    return (
        strace is not None and subprocess.run([strace, "-qq", "-e", "trace=none", "true"], check=False).returncode == 0
    )


def trace(told: Path) -> list[str]:
    """Return what begins a command that is traced, with all processes that it starts."""
    return ["strace", "-f", "-y", "-qq", "-s", "4096", "--seccomp-bpf", "-e", f"trace={_CALLS}", "-o", str(told)]


def read_trace(told: Path, here: Path) -> tuple[list[str], set[str]]:
    """Return the connections to other machines that were tried, and the paths that were changed; `here` is the cwd."""
    connections, changed = [], set()
    for line in _join_resumed(told.read_text(errors="replace")):
        found = _LINE.match(line)
        if found is None:
            continue
        call, arguments, result = found[1], found[2], int(found[3])
        if call == "connect":
            if _TO_ANOTHER_MACHINE.search(arguments):
                connections.append(line)
        elif result >= 0 and (not call.startswith("open") or _WRITES.search(arguments)):
            for folder, name in _NAME.findall(arguments):
                changed.add(os.path.normpath(os.path.join(folder or here, name)))
    return connections, changed


def _join_resumed(told: str) -> list[str]:
    """Return the lines, those whole again that another process's came in between."""
    begun: dict[str, str] = {}
    lines = []
    for line in told.splitlines():
        number = line.partition(" ")[0]
        if line.endswith("<unfinished ...>"):
            begun[number] = line.removesuffix("<unfinished ...>")
        elif (resumed := re.search(r"<\.\.\. \w+ resumed>(.*)", line)) and number in begun:
            lines.append(begun.pop(number) + resumed[1])
        else:
            lines.append(line)
    return lines
