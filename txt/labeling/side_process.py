"""A process beside the screen, so that no key ever waits for long work; the two exchange messages over a socket.

The screen's end is a `SideProcess`. The other end is a function `serve` that gets a descriptor, opens it by
`connect_screen` and receives first what it is for. When the screen ends, that end finds its connection closed, and the
process ends too.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from txt.labeling.row_states import RowNumbers

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_NICE = 10  # the screen comes first


@dataclass(frozen=True)
class Progress:
    """So much of the file has been read, or of its texts been worked through (0 to 1)."""

    share: float


@dataclass(frozen=True)
class Ready:
    """The vectors are there; `rows` (P,) are the rows that may be asked about or learned from."""

    rows: RowNumbers


@dataclass(frozen=True)
class Failed:
    """The process cannot do what was asked, or cannot go on."""

    message: str
    hint: str | None = None


class SideProcess(Generic[Asked, Answer]):
    """The process, as the screen sees it. The function `serve` of a module answers; `first` is sent to it at once."""

    def __init__(self, module: str, first: object) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            code = f"import sys; sys.path[:] = {sys.path!r}; from {module} import serve; serve({theirs.fileno()})"
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", code],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C at the terminal is for the screen alone
            )
        self._connection = Connection(ours.detach())
        self._connection.send(first)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when an answer is there."""
        return self._connection.fileno()

    def send(self, message: Asked) -> None:
        """Send a request; its answers come in their time."""
        self._connection.send(message)

    def answers(self, seconds: float = 0.0) -> Iterator[Answer]:
        """Yield the answers that are there, after waiting at most some seconds for one.

        Raises:
            EOFError: the process has gone.
        """
        while self._connection.poll(seconds):
            seconds = 0.0
            yield self._connection.recv()

    def close(self) -> None:
        """End the process, whatever it is busy with."""
        self._connection.close()
        self._process.kill()
        self._process.wait()


@contextmanager
def connect_screen(descriptor: int) -> Iterator[Connection]:
    """Open the other end of a `SideProcess`; what is done with it ends without a word when the screen has gone."""
    connection = Connection(descriptor)
    try:
        yield connection
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


Worker = tuple[RowNumbers, Callable[[Any], object]]
"""The rows of which a process has vectors, and what answers a question about them."""


def answer_questions(descriptor: int, prepare: Callable[[Any, Callable[[float], object]], Worker]) -> None:
    """Turn texts into vectors once, then answer questions until the screen has gone.

    Sends `Progress`, `Ready` and the answers; `Failed` is the last where it cannot go on. `prepare` gets what was sent
    first, and what to tell its progress.
    """
    os.nice(_NICE)
    with connect_screen(descriptor) as connection:
        try:
            rows, answer = prepare(connection.recv(), lambda share: connection.send(Progress(share)))
            connection.send(Ready(rows))
            from threadpoolctl import threadpool_limits  # the screen does not need it

            threadpool_limits(1)  # these products are small, and the other cores belong to the screen
            while True:
                connection.send(answer(connection.recv()))
        except (BrokenPipeError, ConnectionResetError):
            raise
        except (MemoryError, ValueError, OSError, ImportError) as error:
            connection.send(Failed(f"{type(error).__name__}: {error}"))
