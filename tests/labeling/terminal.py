"""A program in a terminal of its own, driven by keys and watched by what it paints; as a person would, but timed."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from tests.waiting import PATIENCE_SECONDS


class Terminal:
    """A child process on a pseudo-terminal."""

    def __init__(
        self, command: Sequence[str], *, columns: int = 80, lines: int = 24, env: Mapping[str, str] = {}
    ) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", **env})
            os.execvp(command[0], list(command))
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._seen = b""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def send(self, keys: bytes) -> None:
        """Press keys; what was painted before is forgotten."""
        self._drain()
        self._seen = b""
        os.write(self._master, keys)

    def wait_for(self, text: bytes, seconds: float = PATIENCE_SECONDS) -> float:
        """Wait until a text is painted; returns the moment at which its bytes arrived."""
        deadline = time.perf_counter() + seconds
        while text not in self._seen:
            left = deadline - time.perf_counter()
            if left <= 0 or not select.select([self._master], [], [], left)[0]:
                raise TimeoutError(f"{text!r} was not painted in {seconds} s; there was {self._seen[-2000:]!r}")
            try:
                self._seen += os.read(self._master, 1 << 16)
            except OSError:
                raise EOFError(f"the program ended before it painted {text!r}: {self._seen[-2000:]!r}") from None
        return time.perf_counter()

    def kill(self) -> None:
        """End the program as a pulled plug would."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def wait(self) -> int:
        """Wait until the program has ended; returns its exit code."""
        status = os.waitpid(self.pid, 0)[1]
        self.pid = 0
        os.close(self._master)
        return os.waitstatus_to_exitcode(status)

    def _drain(self) -> None:
        while select.select([self._master], [], [], 0)[0]:
            os.read(self._master, 1 << 16)
