"""Runs commands in this process and notes each connection, and each file that is written or removed.

Python tells an audit hook of all that it opens, connects to and starts, whoever asks for it; what C libraries open by
themselves shows in the content of the folders, which the test compares. Its last line is what was noted, as JSON.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.symlink", "os.link", "os.chmod"}
_CHANGES |= {"os.chown", "shutil.rmtree", "shutil.move", "shutil.copyfile"}


class Notes:
    """What was done: connections, programs that were started, and paths that were changed."""

    def __init__(self) -> None:
        self.connections: list[str] = []
        self.programs: list[str] = []
        self.changed: set[str] = set()

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Take in an audit event."""
        if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
            self.connections.append(f"{event} {arguments[1:]}")
        elif event == "subprocess.Popen":
            self.programs.append(str(arguments[0]))
        elif event == "open":
            path, mode, flags = arguments
            if isinstance(path, str | bytes) and ((mode and set(mode) & set("wax+")) or (flags or 0) & _WRITES):
                self.changed.add(os.path.abspath(os.fsdecode(path)))
        elif event in _CHANGES:
            names = arguments[:2] if event in ("os.rename", "os.link", "os.symlink", "shutil.move") else arguments[:1]
            self.changed |= {os.path.abspath(os.fsdecode(name)) for name in names if isinstance(name, str | bytes)}


def main() -> None:
    """Run the commands of a JSON file in this folder."""
    from txt.cli import main as txt

    notes = Notes()
    sys.addaudithook(notes.hear)
    ended = []
    for typed in json.loads(Path(sys.argv[1]).read_text()):
        code = txt(typed)
        ended.append([typed, code])
    sys.stdout.flush()
    told = {"connections": notes.connections, "programs": notes.programs, "changed": sorted(notes.changed)}
    print("\n" + json.dumps({**told, "ended": ended}))


if __name__ == "__main__":
    main()
