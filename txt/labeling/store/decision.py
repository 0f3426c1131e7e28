"""A decision on one row, and the row ids, which do not depend on where a row is in the file."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from txt.data.formats.record import BY_MACHINES as BY_MACHINES
from txt.data.formats.record import SEPARATOR as SEPARATOR
from txt.data.reading.row_index import hash_content

_ROW_ID = re.compile(r"[0-9a-f]{1,16}-[0-9]{1,18}")
_NO_OCCURRENCE = (1 << 62) - 1

DecisionKind = Literal["label", "skip", "flag", "note", "class", "undo", "redo"]
How = Literal["manual", "bulk", "duplicate", "rule", "model", "review", "import"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One act of labeling on one row, or an undo or redo of an earlier act.

    `value` is the label (several are joined by `|`), the note, `1` or empty for a flag set or taken off, or the name of
    a new class. `target` is the act that an undo or redo names. `time` is UTC in ISO 8601; `seconds` is how long the
    row was on screen, idle time left out; `suggestion` and `score` are what a rule or model proposed meanwhile.
    """

    act: int
    kind: DecisionKind
    row_id: str | None = None
    value: str | None = None
    target: int | None = None
    annotator: str
    time: str
    how: How = "manual"
    suggestion: str | None = None
    score: float | None = None
    seconds: float | None = None


def sort_label(label: str) -> str:
    """Return several labels joined in the order of their names, whatever order they were written in."""
    return SEPARATOR.join(sorted(filter(None, label.split(SEPARATOR))))


def row_id(text: str, occurrence: int = 0) -> str:
    """Return the name of a row in the store: a hash of its text, and its number among the rows with the same text.

    It holds when rows are sorted, added or removed. `occurrence` counts from 0 in the file's order.
    """
    return format_row_id(hash_content(text), occurrence)


def format_row_id(text_hash: int, occurrence: int) -> str:
    """Return the row id for a text whose hash is known."""
    return f"{text_hash:016x}-{occurrence}"


def parse_row_id(name: str) -> tuple[int, int]:
    """Return the text hash and the occurrence of a row id; for what is not one, those that no row has."""
    if not _ROW_ID.fullmatch(name):
        return 0, _NO_OCCURRENCE
    text_hash, _, occurrence = name.partition("-")
    return int(text_hash, 16), int(occurrence)


def now() -> str:
    """Return the time as the store keeps it: UTC, ISO 8601, milliseconds."""
    return format_utc(time.time(), "milliseconds")


def format_utc(seconds: float, timespec: str = "seconds") -> str:
    """Return a time, in seconds since the epoch, as the store keeps it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
