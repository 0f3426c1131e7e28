"""Reads a run's record incrementally: what happened since the last look, however long the record is."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from txt.runs.event_index import OTHER, ROW, STEP, VALUES, count_agreeing_rows, index_path
from txt.runs.events import Event, Started, from_json
from txt.runs.folder import Run
from txt.runs.status import LIVING, LivenessCheck, read_status

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
    record has been read.
    """

    steps: StepRows
    others: Others = field(default_factory=list)
    is_restart: bool = False
    share: float = 1.0

    def __bool__(self) -> bool:
        return bool(len(self.steps) or self.others or self.is_restart)

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


class RunFeed:
    """Follows an events.jsonl by offset; an unfinished last line waits until it is whole.

    The table beside it serves for what was there at first, so that a long record is read fast. A file that does not
    exist yet has no news.
    """

    def __init__(self, events_path: Path) -> None:
        self._path = events_path
        self._identity: tuple[int, int] | None = None
        self._offset = self._row = self._indexed = 0
        self._behind = False

    def look(self) -> FeedUpdate:
        """Return what is new, at most one chunk: look again while `share` is below 1."""
        try:
            with self._path.open("rb") as file:
                state = os.fstat(file.fileno())
                anew = self._restart_if_replaced(state)
                steps, others = self._read_index(file) if self._row < self._indexed else self._read_lines(file)
        except OSError:
            return FeedUpdate(np.empty(0, ROW_TYPE))
        return FeedUpdate(steps, others, anew, min(self._offset / state.st_size, 0.999) if self._behind else 1.0)

    def _restart_if_replaced(self, state: os.stat_result) -> bool:
        """Begin at the start with a file not seen before; returns whether there was another in its place."""
        identity, before = (state.st_dev, state.st_ino), self._identity
        if identity == before and state.st_size >= self._offset:
            return False
        self._identity, self._offset, self._row = identity, 0, 0
        self._indexed = count_agreeing_rows(self._path)
        return before is not None

    def _read_index(self, file: IO[bytes]) -> tuple[StepRows, Others]:
        count = min(self._indexed - self._row, _ROWS_A_LOOK)
        rows = np.fromfile(index_path(self._path), ROW_TYPE, count, offset=self._row * ROW.size)
        if len(rows) < count:  # its writer gave it up
            self._indexed = self._row + len(rows)
        if not len(rows):
            return rows, []
        self._row += len(rows)
        self._behind = True
        last = int(rows["offset"][-1])
        self._offset = last + len(_read_line(file, last))
        return rows[rows["kind"] == STEP], list(self._read_others(rows, file))

    def _read_others(self, rows: StepRows, file: IO[bytes]) -> Iterator[tuple[int, Event]]:
        """Yield the events of a stretch of the table that are not steps."""
        (places,) = np.nonzero(rows["kind"] == OTHER)
        ends = np.append(rows["offset"][1:], self._offset)
        for before, place in enumerate(places.tolist()):
            offset = int(rows["offset"][place])
            event = _make_event(_parse_line(os.pread(file.fileno(), int(ends[place]) - offset, offset)))
            if event is not None:
                yield place - before, event

    def _read_lines(self, file: IO[bytes]) -> tuple[StepRows, Others]:
        file.seek(self._offset)
        content = file.read(_BYTES_A_LOOK)
        end = content.rfind(b"\n") + 1
        if not end and len(content) == _BYTES_A_LOOK:
            content = _read_line(file, self._offset)
            end = len(content)
        steps: list[tuple[int, float, int, int, tuple[float, ...]]] = []
        others: Others = []
        for line in content[:end].splitlines():
            value = _parse_line(line)
            row = _make_step_row(value)
            if row is not None:
                steps.append(row)
            elif (event := _make_event(value)) is not None:
                others.append((len(steps), event))
        self._offset += end
        self._behind = len(content) >= _BYTES_A_LOOK
        return np.array(steps, ROW_TYPE), others


def _parse_line(line: bytes) -> dict[str, Any]:
    """Return the object of a line; an empty one where there is none, since a viewer shows what it can."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _make_step_row(value: dict[str, Any]) -> tuple[int, float, int, int, tuple[float, ...]] | None:
    if value.get("event") != "step":
        return None
    try:
        return 0, value["time"], value["step"], STEP, tuple([value[name] for name in VALUES])
    except KeyError:
        return None


def _make_event(value: dict[str, Any]) -> Event | None:
    try:
        return from_json(value)
    except TypeError:  # written by another version, with other fields
        return None


def _read_line(file: IO[bytes], offset: int) -> bytes:
    file.seek(offset)
    return file.readline()


_LOOKS_A_SECOND = 4.0


def follow(run: Run, sleep: Callable[[float], None] = time.sleep) -> Iterator[Event]:
    """Yield the events of a run from its first on, and wait for more as long as a process trains it."""
    pulse, offset = LivenessCheck(run), 0
    while True:
        living = _may_continue(run, pulse)
        for line in _read_whole_lines(run, offset):
            offset += len(line)
            event = from_json(json.loads(line))
            if event is not None:
                yield event
        if not living:
            return
        sleep(1 / _LOOKS_A_SECOND)


def _may_continue(run: Run, pulse: LivenessCheck) -> bool:
    """Tell whether more may come; asked before the events are read, so that the last of them is not missed."""
    status = read_status(run)
    if status is None:
        return run.is_training()
    return status.state in LIVING and pulse.is_alive(status)


def _read_whole_lines(run: Run, offset: int) -> Iterator[bytes]:
    try:
        with run.events_path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if line.endswith(b"\n"):
                    yield line
    except FileNotFoundError:
        return
