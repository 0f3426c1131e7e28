"""A process beside the label screen that finds rows by their meaning, so that no key ever waits.

The vectors are made at the first request, or are found where `txt explore` or a sitting before left them. Requests that
come meanwhile wait; of several only the last is answered.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.row_index import RowIndex, read_index, scan_file
from txt.data.reading.rows import Form, parse_row, parse_rows
from txt.errors import TxtError
from txt.exploration.exploration import CHOICE_SAMPLE, choose_fast_encoder
from txt.exploration.nearest import find_nearest
from txt.exploration.vector_file import TextVectors, make_vectors, take_spread
from txt.labeling.row_states import RowNumbers
from txt.labeling.scanner import Found
from txt.labeling.side_process import Failed, SideProcess, connect_screen

MOST = 200
"""Rows that are found at most: what is less alike than these rarely means the same."""

_TOLD_EVERY = 0.2  # seconds
_BLOCK = 1 << 22  # bytes
_NOTHING: RowNumbers = np.empty(0, np.int64)


@dataclass(frozen=True)
class OpenRequest:
    """Says which file is to be searched, as for the scanner."""

    path: Path
    form: Form
    asked: ReadingOptions
    kept: Path | None


@dataclass(frozen=True)
class MeaningRequest:
    """Asks for the rows nearest to some words, or to a row of the file where one is given.

    `among` are the bits of those that may be found, all where it is None. `number` comes back with each answer.
    """

    number: int
    words: str
    among: bytes | None
    row: int | None = None


class MeaningSearch(SideProcess[MeaningRequest, Found | Failed]):
    """The process, as the screen sees it; its numbers are negative, so that they are not taken for the scanner's."""

    def __init__(self, path: Path, form: Form, asked: ReadingOptions, kept: Path | None) -> None:
        self.number = 0
        super().__init__(__name__, OpenRequest(path, form, asked, kept))

    def find(self, words: str, among: bytes | None, row: int | None = None) -> int:
        """Begin a search for what is nearest to some words, or to a row; returns its number."""
        self.number -= 1
        self.send(MeaningRequest(self.number, words, among, row))
        return self.number


def serve(descriptor: int) -> None:
    """Answer requests until the other side closes the connection."""
    with connect_screen(descriptor) as connection:
        task: OpenRequest = connection.recv()
        request: MeaningRequest = connection.recv()
        try:
            vectors, request = _prepare(connection, task, request)
        except TxtError as error:
            connection.send(Failed(error.message, error.hint))
            return
        except (BrokenPipeError, ConnectionResetError):
            raise
        except OSError as error:
            connection.send(Failed(f"`{task.path}` cannot be read: {error.strerror}"))
            return
        while True:
            connection.send(_answer(vectors, _take_last(connection, request)))
            request = connection.recv()


def _prepare(connection: Connection, task: OpenRequest, request: MeaningRequest) -> tuple[TextVectors, MeaningRequest]:
    """Make the vectors, and tell how far they are; returns the last request that came meanwhile."""
    found = read_index(task.kept, task.path, task.asked) if task.kept else None
    form, index = found if found else (task.form, None)
    if index is None:
        *_, last = scan_file(task.path, form)
        assert last.index is not None
        form, index = last.form or form, last.index

    def read() -> Iterator[Sequence[str]]:
        return read_texts(task.path, form, index)

    encoder, _ = choose_fast_encoder(take_spread(read, len(index), CHOICE_SAMPLE), None)
    making, told = make_vectors(read, index.hashes, encoder), 0.0
    while True:
        try:
            done = next(making)
        except StopIteration as ended:
            return ended.value, request
        if time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            request = _take_last(connection, request)
            share = min(done / max(len(index), 1), 0.99)
            connection.send(Found(request.number, _NOTHING, share, done=False))


def _take_last(connection: Connection, request: MeaningRequest) -> MeaningRequest:
    while connection.poll():
        request = connection.recv()
    return request


def _answer(vectors: TextVectors, request: MeaningRequest) -> Found:
    among = None
    if request.among is not None:
        among = np.unpackbits(np.frombuffer(request.among, np.uint8), count=len(vectors)).astype(np.bool_)
    if request.row is None:
        (query,) = vectors.encoder.encode([request.words])
    else:
        query = np.asarray(vectors.vectors[request.row])
    rows, likeness = find_nearest(vectors.vectors, query, MOST, among)
    return Found(request.number, rows, 1.0, done=True, likeness=tuple(likeness.tolist()))


def read_texts(path: Path, form: Form, index: RowIndex) -> Iterator[list[str]]:
    """Yield the texts of all rows of an indexed file, a few megabytes at a time."""
    place, first = form.columns.index(form.text_column), 0
    with form.locate(path).open("rb") as file:
        while first < len(index):
            last = int(np.searchsorted(index.offsets, int(index.offsets[first]) + _BLOCK, "right")) - 1
            last = min(max(last, first + 1), len(index))
            file.seek(int(index.offsets[first]))
            block = file.read(int(index.offsets[last] - index.offsets[first]))
            rows = parse_rows(block, form)
            if len(rows) != last - first:
                bounds = index.offsets[first : last + 1] - index.offsets[first]
                rows = [parse_row(block[bounds[at] : bounds[at + 1]], form) for at in range(last - first)]
            yield [row[place] if len(row) > place else "" for row in rows]
            first = last
