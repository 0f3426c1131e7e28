"""A binary index of events.jsonl: the offset of each line, and the numbers of every step event.

With it, ten million steps are read in a second; parsing them as JSON takes a minute. It can be rebuilt from
events.jsonl at any time, holds nothing that is not in it, and is used only as far as the two agree.
"""

import os
import struct
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from txt.errors import InputError
from txt.files import LinkedError, open_own, open_plain
from txt.runs.events import BadLine, parse_event

VALUES = (
    "loss",
    "accuracy",
    "learning_rate",
    "gradient_norm",
    "rows_per_second",
    "tokens_per_second",
    "memory_bytes",
)
"""The numbers of a step event that the table has, as 32-bit floats."""

STEP, OTHER = 1, 0
ROW = struct.Struct("<qdqi7f")
"""Offset of the line in events.jsonl, time, step, STEP or OTHER, and VALUES."""

_NO_VALUES = (0.0,) * len(VALUES)
_NO_TIME = 0.0


def index_path(events_path: Path) -> Path:
    """Return where the table of an events.jsonl is kept."""
    return events_path.with_suffix(".index")


def pack_row(offset: int, event: dict[str, Any]) -> bytes:
    """Return an event, in its JSON form, as a row of the table."""
    step, time = int(event.get("step", 0)), float(event["time"])
    if event["event"] != "step":
        return ROW.pack(offset, time, step, OTHER, *_NO_VALUES)
    return ROW.pack(offset, time, step, STEP, *(float(event[name]) for name in VALUES))


def count_agreeing_rows(events_path: Path) -> int:
    """Return how many rows of the index beside `events_path` agree with it; 0 without an index.

    Rows beyond the end of the events do not count: their lines were cut off. The last row that is left decides whether
    the index belongs to this file: its offset must be the start of a line that holds the same event.
    """
    path = index_path(events_path)
    try:
        with open_plain(path) as table, open_plain(events_path) as events:
            size = events.seek(0, os.SEEK_END)
            rows = table.seek(0, os.SEEK_END) // ROW.size
            while rows:
                table.seek((rows - 1) * ROW.size)
                row = table.read(ROW.size)
                offset = ROW.unpack(row)[0]
                if offset < size:
                    return rows if _line_matches(events, offset, row) else 0
                rows -= 1
    except OSError:
        pass
    return 0


def _pack_line(offset: int, line: bytes) -> bytes:
    """Return a line of events.jsonl as a row; one that is not an event gets a row too, so that readers count it."""
    try:
        event = parse_event(line)
    except BadLine:
        event = None
    if event is None:
        return ROW.pack(offset, _NO_TIME, 0, OTHER, *_NO_VALUES)
    return pack_row(offset, event.to_json())


class EventIndex:
    """Writes the index while events are appended. If it cannot be written it is deleted, since it can be rebuilt."""

    def __init__(self, events_path: Path) -> None:
        self._events_path, self._path = events_path, index_path(events_path)
        self._file: IO[bytes] | None = None
        try:
            rows = count_agreeing_rows(events_path)
            self._file = _open_to_append(self._path)
            self._file.truncate(rows * ROW.size)
            self._catch_up(rows)
        except (OSError, InputError, struct.error):
            self._give_up()

    def append(self, offset: int, events: Sequence[dict[str, Any]], lines: Sequence[bytes]) -> None:
        """Add events, in their JSON form, whose `lines` were appended to events.jsonl at an offset."""
        if self._file is None:
            return
        rows = b""
        for event, line in zip(events, lines, strict=True):
            rows += pack_row(offset, event)
            offset += len(line)
        self._write(rows)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _write(self, rows: bytes) -> None:
        if self._file is None:
            return
        try:
            if self._file.write(rows) == len(rows):
                return
        except OSError:
            pass
        self._give_up()

    def _give_up(self) -> None:
        self.close()
        self._file = None
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _catch_up(self, rows: int) -> None:
        """Add what events.jsonl has more than so many rows of the table."""
        with open_plain(self._events_path) as events:
            if rows:
                with open_plain(self._path) as table:
                    table.seek((rows - 1) * ROW.size)
                    events.seek(ROW.unpack(table.read(ROW.size))[0])
                events.readline()
            offset = events.tell()
            for line in events:
                self._write(_pack_line(offset, line))
                offset += len(line)


def _open_to_append(path: Path) -> IO[bytes]:
    """Open the index, or a new one in the place of a link or pipe that a folder from elsewhere has there."""
    try:
        descriptor = open_own(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    except LinkedError:
        path.unlink()
        descriptor = open_own(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND)
    return os.fdopen(descriptor, "ab", buffering=0)


def _line_matches(events: IO[bytes], offset: int, row: bytes) -> bool:
    """Tell whether a line begins at this offset, and is the event of this row."""
    events.seek(max(offset - 1, 0))
    if offset and events.read(1) != b"\n":
        return False
    return _pack_line(offset, events.readline()) == row
