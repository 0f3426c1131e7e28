"""Reads a run's record: all of it, what happened since the last look, or what happens from now on.

A record is read as far as it can be: a line that holds no event is skipped and counted, and a last line without an end
is left until it has one. Every reader here, and the one of a record's end in `state`, takes lines to `parse_event`.
"""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt

from txt.files import open_plain
from txt.runs.event_index import OTHER, ROW, STEP, VALUES, count_agreeing_rows, index_path
from txt.runs.events import BadLine, Event, Started, Step, parse_event

StepRows = npt.NDArray[np.void]
"""The numbers of step events, as ROW_TYPE (N,)."""

ROW_TYPE = np.dtype(
    [("offset", "<i8"), ("time", "<f8"), ("step", "<i8"), ("kind", "<i4"), ("values", "<f4", (len(VALUES),))]
)

_ROWS_A_LOOK = 1 << 16
_BYTES_A_LOOK = 1 << 20

Others = list[tuple[int, Event]]


class RecordSegment(NamedTuple):
    """A stretch of a record: how the training began or went on, where it did; its steps; its other events."""

    started: Started | None
    steps: StepRows
    others: list[Event]


@dataclass(frozen=True)
class FeedUpdate:
    """Events that came: those of steps as rows, the others each with the number of steps here that came before it.

    `is_restart` says that the record was cut or replaced, and that this is its beginning. `share` is how much of the
    record has been read. `bad_lines` counts lines that held no event.
    """

    steps: StepRows
    others: Others = field(default_factory=list)
    is_restart: bool = False
    share: float = 1.0
    bad_lines: int = 0

    def __bool__(self) -> bool:
        return bool(len(self.steps) or self.others or self.is_restart or self.bad_lines)

    def segments(self) -> Iterator[RecordSegment]:
        """Yield the news in stretches, a new one wherever a training begins or goes on."""
        begun, started, events = 0, None, list[Event]()
        for place, event in self.others:
            if isinstance(event, Started):
                yield RecordSegment(started, self.steps[begun:place], events)
                begun, started, events = place, event, []
            else:
                events.append(event)
        yield RecordSegment(started, self.steps[begun:], events)


class _Place:
    """Where a reader is in a file that may be cut or replaced while it is read."""

    def __init__(self) -> None:
        self._identity: tuple[int, int] | None = None
        self.offset = 0

    def follow(self, state: os.stat_result) -> bool:
        """Go back to the start of a file that was not there at the last look; returns whether this is one."""
        identity = (state.st_dev, state.st_ino)
        if identity == self._identity and state.st_size >= self.offset:
            return False
        self._identity, self.offset = identity, 0
        return True

    @property
    def is_known(self) -> bool:
        """Whether a file was looked at before."""
        return self._identity is not None


class RecordReader:
    """Reads the events of an events.jsonl from the first on; each `read` goes on where the one before ended.

    `bad_lines` counts the lines read so far that held no event. A file that does not exist has no events.
    """

    def __init__(self, events_path: Path) -> None:
        self._path = events_path
        self._place = _Place()
        self.bad_lines = 0

    def read(self) -> Iterator[Event]:
        """Yield what is new, to the last whole line."""
        try:
            file = open_plain(self._path)
        except OSError:
            return
        with file:
            if self._place.follow(os.fstat(file.fileno())):
                self.bad_lines = 0
            file.seek(self._place.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._place.offset += len(line)
                try:
                    event = parse_event(line)
                except BadLine:
                    self.bad_lines += 1
                    continue
                if event is not None:
                    yield event


class RunFeed:
    """Follows an events.jsonl by offset, in chunks, for viewers of long records.

    The table beside it serves for what was there at first, so that a long record is read fast. A file that does not
    exist yet has no news.
    """

    def __init__(self, events_path: Path) -> None:
        self._path = events_path
        self._place = _Place()
        self._row = self._indexed = 0
        self._behind = False
        self._bad_lines = 0

    def look(self) -> FeedUpdate:
        """Return what is new, at most one chunk: look again while `share` is below 1."""
        self._bad_lines = 0
        try:
            with open_plain(self._path) as file:
                state = os.fstat(file.fileno())
                is_restart = self._restart_if_replaced(state)
                steps, others = self._read_index(file) if self._row < self._indexed else self._read_lines(file)
        except OSError:
            return FeedUpdate(np.empty(0, ROW_TYPE))
        share = min(self._place.offset / max(state.st_size, 1), 0.999) if self._behind else 1.0
        return FeedUpdate(steps, others, is_restart, share, self._bad_lines)

    def _restart_if_replaced(self, state: os.stat_result) -> bool:
        """Begin at the start with a file not seen before; returns whether there was another in its place."""
        was_known = self._place.is_known
        if not self._place.follow(state):
            return False
        self._row, self._indexed = 0, count_agreeing_rows(self._path)
        return was_known

    def _read_index(self, file: IO[bytes]) -> tuple[StepRows, Others]:
        count = min(self._indexed - self._row, _ROWS_A_LOOK)
        rows = np.fromfile(index_path(self._path), ROW_TYPE, count, offset=self._row * ROW.size)
        if len(rows) < count:  # its writer gave it up
            self._indexed = self._row + len(rows)
        if not len(rows):
            return rows, []
        if not _are_sane(rows, self._place.offset):  # read the lines themselves from here on
            self._indexed = self._row
            return self._read_lines(file)
        self._row += len(rows)
        self._behind = True
        last = int(rows["offset"][-1])
        self._place.offset = last + len(_read_line(file, last))
        return rows[rows["kind"] == STEP], list(self._read_others(rows, file))

    def _read_others(self, rows: StepRows, file: IO[bytes]) -> Iterator[tuple[int, Event]]:
        """Yield the events of a stretch of the table that are not steps."""
        (places,) = np.nonzero(rows["kind"] == OTHER)
        ends = np.append(rows["offset"][1:], self._place.offset)
        for before, place in enumerate(places.tolist()):
            offset = int(rows["offset"][place])
            event = self._parse(os.pread(file.fileno(), int(ends[place]) - offset, offset))
            if event is not None:
                yield place - before, event

    def _read_lines(self, file: IO[bytes]) -> tuple[StepRows, Others]:
        file.seek(self._place.offset)
        content = file.read(_BYTES_A_LOOK)
        end = content.rfind(b"\n") + 1
        if not end and len(content) == _BYTES_A_LOOK:
            content = _read_line(file, self._place.offset)
            end = len(content) if content.endswith(b"\n") else 0
        steps: list[tuple[int, float, int, int, tuple[float, ...]]] = []
        others: Others = []
        for line in content[:end].split(b"\n")[:-1]:
            event = self._parse(line)
            if isinstance(event, Step):
                steps.append((0, event.time, event.step, STEP, tuple([getattr(event, name) for name in VALUES])))
            elif event is not None:
                others.append((len(steps), event))
        self._place.offset += end
        self._behind = end > 0 and len(content) >= _BYTES_A_LOOK
        return np.array(steps, ROW_TYPE), others

    def _parse(self, line: bytes) -> Event | None:
        try:
            return parse_event(line)
        except BadLine:
            self._bad_lines += 1
            return None


def _are_sane(rows: StepRows, offset: int) -> bool:
    """Tell whether rows of the table can be those of lines from an offset on: the table may be damaged too."""
    offsets, steps = rows["offset"], rows[rows["kind"] == STEP]
    rising = int(offsets[0]) >= offset and bool((np.diff(offsets) > 0).all())
    kinds = bool(np.isin(rows["kind"], (STEP, OTHER)).all())
    numbers = bool(
        np.isfinite(steps["values"]).all() and np.isfinite(steps["time"]).all() and (steps["step"] >= 0).all()
    )
    return rising and kinds and numbers


def _read_line(file: IO[bytes], offset: int) -> bytes:
    file.seek(offset)
    return file.readline()


_LOOKS_A_SECOND = 4.0


def follow(
    reader: RecordReader, may_continue: Callable[[Event | None], bool], sleep: Callable[[float], None] = time.sleep
) -> Iterator[Event]:
    """Yield the events of a record from the first on, and wait for more as long as it may continue.

    `may_continue` gets the last event. It is asked before a look, and ends the wait after that look, so that what a
    process writes just before it ends is not missed.
    """
    last: Event | None = None
    while True:
        continues = may_continue(last)
        came = False
        for event in reader.read():
            last, came = event, True
            yield event
        if not continues and not came:
            return
        if continues:
            sleep(1 / _LOOKS_A_SECOND)
