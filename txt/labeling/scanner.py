"""A process that reads the data file: it makes the index and searches for rows, so that no key ever waits.

A new request ends the search before it.
"""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.row_index import RowIndex, read_index, scan_file, write_index
from txt.data.reading.rows import Form
from txt.errors import TxtError
from txt.labeling.query import Query, scan_rows
from txt.labeling.row_states import RowNumbers
from txt.labeling.side_process import Failed, Progress, SideProcess, connect_screen

_MOST_SECONDS = 30  # for the rows between two answers; thousands of them take milliseconds


@dataclass(frozen=True)
class MakeIndex:
    """Asks for the index of a file, to be kept in the file `kept`; a small file's is not kept."""

    path: Path
    form: Form
    asked: ReadingOptions
    kept: Path | None


@dataclass(frozen=True)
class FindRequest:
    """Asks for the rows of the file that match; `number` comes back with each answer."""

    number: int
    query: Query


@dataclass(frozen=True)
class Indexed:
    """The index is in its file."""


@dataclass(frozen=True)
class Found:
    """Rows that match, those since the last answer; `done` when there are no more.

    `likeness` are their cosines where a meaning was asked for.
    """

    number: int
    rows: RowNumbers
    share: float
    done: bool
    likeness: tuple[float, ...] = ()


ScannerMessage = Progress | Indexed | Found | Failed


class Scanner(SideProcess[FindRequest, ScannerMessage]):
    """The process, as the screen sees it: `ready` when the file has been read, `number` is that of the last search."""

    def __init__(self, path: Path, form: Form, asked: ReadingOptions, kept: Path | None) -> None:
        self.number = 0
        self.ready = False
        super().__init__(__name__, MakeIndex(path, form, asked, kept))

    def find(self, query: Query) -> int:
        """Begin a search, and end the one before it; returns its number."""
        self.number += 1
        self.send(FindRequest(self.number, query))
        return self.number

    def answers(self, seconds: float = 0.0) -> Iterator[ScannerMessage]:
        """Yield the answers that are there, as every side process does."""
        for answer in super().answers(seconds):
            self.ready = self.ready or isinstance(answer, Indexed)
            yield answer


def serve(descriptor: int) -> None:
    """Answer requests until the other side closes the connection."""
    with connect_screen(descriptor) as connection:
        task: MakeIndex = connection.recv()
        index = None
        for answer, found in _make_index(task):
            connection.send(answer)
            index = found
        while index is not None:
            _search(connection, task, index, connection.recv())


def _make_index(task: MakeIndex) -> Iterator[tuple[ScannerMessage, RowIndex | None]]:
    """Yield the answers on the way to the index; the index comes with the last one."""
    found = read_index(task.kept, task.path, task.asked) if task.kept else None
    index = found[1] if found else None
    try:
        if index is None:
            for scanned in scan_file(task.path, task.form):
                yield Progress(scanned.done_bytes / max(scanned.total_bytes, 1)), None
                index, form = scanned.index, scanned.form or task.form
            assert index is not None
            if task.kept:
                write_index(task.kept, task.path, task.asked, form, index)
        yield Indexed(), index
    except TxtError as error:
        yield Failed(error.message, error.hint), None
    except OSError as error:
        yield Failed(f"`{task.kept}` cannot be written: {error.strerror}", None), None


def _search(connection: Connection, task: MakeIndex, index: RowIndex, request: FindRequest) -> None:
    """Send the rows that match, until all are found or the next request is there.

    Some regular expressions never end, and hear neither the screen's end nor Python's own signal handlers. So the
    system's alarm clock ends this process when a stretch of rows takes far longer than any should.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        signal.alarm(_MOST_SECONDS)
        for rows, looked_at in scan_rows(task.path, task.form, index, request.query):
            connection.send(Found(request.number, rows, looked_at / len(index), looked_at == len(index)))
            if connection.poll():
                return
            signal.alarm(_MOST_SECONDS)
    except OSError as error:
        connection.send(Failed(f"`{task.path}` cannot be read: {error.strerror}", None))
    finally:
        signal.alarm(0)
