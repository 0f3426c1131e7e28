"""Recovers the decisions that can still be read from a damaged label store."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import get_args
from urllib.parse import quote

from txt.data.reading.kinds.untrusted_database import distrust
from txt.errors import TxtError
from txt.labeling.store.decision import DecisionKind
from txt.labeling.store.journal import Journal
from txt.labeling.store.store_file import has_own_table

_GIVE_UP = 5000  # numbers in a row that cannot be read: behind them there is nothing


@dataclass(frozen=True)
class RecoveryResult:
    """How many decisions were saved, and where the damaged file is kept."""

    decisions: int
    damaged: Path


def count_readable(store: Path) -> int:
    """Return how many decisions of a store can be read."""
    return len(_salvage(store)[0])


def recover(store: Path) -> RecoveryResult:
    """Write what can be read into a new store, and keep the damaged file under another name.

    Raises:
        TxtError: nothing can be read.
    """
    decisions, settings = _salvage(store)
    if not decisions:
        raise TxtError(f"nothing in `{store}` can be read any more", "move it away and start over, or restore a backup")
    beside = store.with_name(store.name + ".recovered")
    _remove(beside)
    with Journal.open(beside) as journal:
        columns = [row[1] for row in journal.connection.execute("PRAGMA table_info(decisions)")]
        with journal.transaction():
            journal.connection.executemany(
                f"INSERT INTO decisions ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", decisions
            )
            journal.set_settings(**settings)
        journal.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = _find_free_name(store)
    for ending in ("", "-wal", "-shm"):
        part = store.with_name(store.name + ending)
        if part.exists():
            part.rename(damaged.with_name(damaged.name + ending))
    beside.rename(store)
    return RecoveryResult(len(decisions), damaged)


def _salvage(store: Path) -> tuple[list[tuple[object, ...]], dict[str, str]]:
    """Return the rows of the table of decisions that can be read, and the settings if they can."""
    connection = sqlite3.connect(f"file:{quote(str(store.absolute()))}?mode=ro", uri=True)
    decisions: list[tuple[object, ...]] = []
    settings: dict[str, str] = {}
    try:
        distrust(connection)
        if not has_own_table(connection, "decisions"):
            return [], {}
        last, unread = 0, 0
        while unread < _GIVE_UP:
            found, last, more = _read_from(connection, last)
            decisions += [row for row in found if _is_whole(row)]
            unread = 0 if found else unread + 1
            if not more:
                break
        if has_own_table(connection, "settings"):
            rows = connection.execute("SELECT name, value FROM settings WHERE typeof(value) = 'text'")
            settings = dict(rows)
    except sqlite3.DatabaseError:
        pass  # what was read before stays
    finally:
        connection.close()
    return decisions, settings


def _read_from(connection: sqlite3.Connection, last: int) -> tuple[list[tuple[object, ...]], int, bool]:
    """Return the decisions behind number `last` that can be read in one go, how far that got, and whether to go on."""
    found: list[tuple[object, ...]] = []
    try:
        found.extend(connection.execute("SELECT * FROM decisions WHERE number > ? ORDER BY number", (last,)))
        return found, last, False
    except sqlite3.DatabaseError as error:
        if "no such table" in str(error) or "not a database" in str(error):
            return found, last, False
        reached = int(str(found[-1][0])) if found else last
        return found, reached + 1, True


def _find_free_name(store: Path) -> Path:
    number, path = 1, store.with_name(store.name + ".damaged")
    while path.exists():
        number += 1
        path = store.with_name(f"{store.name}.damaged-{number}")
    return path


def _remove(store: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        store.with_name(store.name + ending).unlink(missing_ok=True)


_TEXT, _TEXT_OR_NOTHING, _NUMBER = (str,), (str, type(None)), (float, type(None))
_TYPES = (
    *((int,), (int,), _TEXT, _TEXT_OR_NOTHING, _TEXT_OR_NOTHING, (int, type(None))),
    *(_TEXT, _TEXT, _TEXT, _TEXT_OR_NOTHING, _NUMBER, _NUMBER),
)
"""What the columns of the table of decisions hold, in their order."""


def _is_whole(row: tuple[object, ...]) -> bool:
    """Tell whether each value of a decision has the type that it must have, and its kind is one that we know."""
    return row[2] in get_args(DecisionKind) and all(
        isinstance(value, kinds) for value, kinds in zip(row, _TYPES, strict=True)
    )
