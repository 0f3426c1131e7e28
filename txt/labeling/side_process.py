"""A helper process for the screen, so that no key ever waits for long work; the two communicate over a socket.

When the screen ends, the helper finds its connection closed and ends too.
"""

import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from typing import Any


class SideProcess:
    """The process, as the screen sees it. `serve`, a function of module `module`, gets the descriptor of its end."""

    def __init__(self, module: str, serve: str = "serve") -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            code = f"import sys; sys.path[:] = {sys.path!r}; from {module} import {serve}; {serve}({theirs.fileno()})"
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", code],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C at the terminal is for the screen alone
            )
        self._connection = Connection(ours.detach())

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when an answer is there."""
        return self._connection.fileno()

    def send(self, message: Any) -> None:
        """Send a request."""
        self._connection.send(message)

    def has_answer(self, seconds: float = 0.0) -> bool:
        """Tell whether an answer is there, or comes within some seconds."""
        return self._connection.poll(seconds)

    def receive(self) -> Any:
        """Return the next answer.

        Raises:
            EOFError: the process has gone.
        """
        return self._connection.recv()

    def close(self) -> None:
        """End the process."""
        self._connection.close()
        self._process.kill()
        self._process.wait()
