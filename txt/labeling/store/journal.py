"""The label store: every decision ever taken, one row each, in an SQLite file beside the data that stays untouched.

A decision is never changed or deleted. Undo and redo are further rows that name the act they take back or restore, and
the current labels are a view over all of them. What one keypress did is one act: the decision itself, the same label
on identical rows, or a label on everything that a filter shows; undo takes back whole acts.
"""

import json
import sqlite3
import time as clock
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from operator import attrgetter
from pathlib import Path

from txt.data.reading.source import name_beside
from txt.errors import InputError
from txt.json_input import parse_json_value
from txt.labeling.store.decision import SEPARATOR, Decision
from txt.labeling.store.store_file import (
    BUSY_WAIT_MS,
    NotSavedError,
    describe_write_error,
    explain_store_errors,
    make_empty_store,
    open_store,
)

_SHORT_BUSY_WAIT_MS = 50  # once somebody holds the store for longer, each key must not wait for it again

_JSON_SETTINGS = {"classes", "keys", "holdout"}

_FIELDS = tuple(item.name for item in fields(Decision))
_VALUES = attrgetter(*_FIELDS)
_COLUMNS = ", ".join(_FIELDS)
_INSERT = f"INSERT INTO decisions ({_COLUMNS}) VALUES ({', '.join('?' * len(_FIELDS))})"


@dataclass(frozen=True, slots=True)
class SavedLabel:
    """The current label of a row: its classes, and who gave it, when and how."""

    label: str
    annotator: str
    time: str
    how: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes of a row in a store with several labels a row; none is a possible answer there."""
        return tuple(self.label.split(SEPARATOR)) if self.label else ()


def store_path(data: Path) -> Path:
    """Return where the labels of a data file are kept: `reviews.csv.labels.db` beside `reviews.csv`."""
    beside = name_beside(data)
    return beside.with_name(f"{beside.name}.labels.db")


def read_current_labels(store: Path) -> dict[str, SavedLabel]:
    """Return the current labels of a store, by row id; rows that were skipped or undone are left out.

    Raises:
        InputError: there is no such store, or it is damaged or of a newer format.
    """
    with Journal.open(store, write=False) as journal, explain_store_errors(store):
        rows = journal.connection.execute(
            "SELECT row_id, label, annotator, time, how FROM current WHERE kind = 'label'"
        )
        return {row[0]: SavedLabel(*row[1:]) for row in rows}


@dataclass
class History:
    """The acts that stand and those that were undone, the latest last."""

    _done: dict[int, None] = field(default_factory=dict)
    _undone: dict[int, None] = field(default_factory=dict)

    def replay(self, act: int, kind: str, target: int | None) -> None:
        """Add one act to the history; acts must come in the order in which they were done."""
        if kind == "undo" and target in self._done:
            del self._done[target]
            self._undone[target] = None
        elif kind == "redo" and target in self._undone:
            del self._undone[target]
            self._done[target] = None
        elif target is None and act not in self._done:
            self._done[act] = None
            self._undone.clear()

    def next_undo(self) -> int | None:
        """Return the act that undo takes back next."""
        return next(reversed(self._done), None)

    def next_redo(self) -> int | None:
        """Return the act that redo restores next."""
        return next(reversed(self._undone), None)


class Journal:
    """An open label store. One connection of one thread; other processes may have it open too."""

    # Why no label can be lost: rows are only ever added to the table of decisions. A new label does not replace the old
    # one: the current label is the one with the highest number that was not undone, and an undo is a further row too.
    # Triggers in the database refuse UPDATE and DELETE, whoever tries them. SQLite gives the numbers under the write
    # lock, so all processes see the same order, and each can read what is new to it with `number > last`.

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self.last_number = 0
        self._last_act = 0
        self._version = 0

    @classmethod
    def open(cls, path: Path, *, write: bool = True) -> "Journal":
        """Open a store; with `write` it is made if it is not there yet.

        Raises:
            InputError: it is missing, cannot be written, is damaged, of a newer format, or something else altogether.
        """
        return cls(path, open_store(path, write))

    @classmethod
    def empty(cls, path: Path) -> "Journal":
        """Return an empty store in memory, in the place of one at `path` that is not there."""
        return cls(path, make_empty_store())

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the store; what was committed stays, whatever happens here."""
        self.connection.close()

    def new_act(self) -> int:
        """Return a number for the next act: nanoseconds since the epoch, always rising."""
        self._last_act = max(clock.time_ns(), self._last_act + 1)
        return self._last_act

    def set_patience(self, patient: bool) -> None:
        """Choose how long a transaction waits while another process holds the store: a second, or hardly at all."""
        self.connection.execute(f"PRAGMA busy_timeout = {BUSY_WAIT_MS if patient else _SHORT_BUSY_WAIT_MS}")

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[list[Decision]]:
        """Hold the store for writing; when the block ends, everything in it is on disk, or none of it.

        What is not `durable` survives a killed program but perhaps not a power cut: enough for a claim, and quicker.
        It yields what others have written until then; after a failure the next transaction yields that again.

        Raises:
            NotSavedError: the store could not be had, or could not be written.
        """
        # How it works: BEGIN IMMEDIATE takes the only write lock at once, so nothing can be written by others between
        # `news` and COMMIT, and a decision is always made with knowledge of all decisions before it. COMMIT returns
        # only after the write-ahead log was flushed to disk (synchronous = FULL): if it returns, a power cut cannot
        # undo it; if it fails, SQLite has changed nothing, and the caller keeps its decisions and tries again.
        # `last_number` goes back after a failure: what `news` returned is returned again the next time, and our own
        # rows that were rolled back do not count.
        number = self.last_number
        try:
            self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.connection.execute("BEGIN IMMEDIATE")
            yield self.news()
            self.connection.execute("COMMIT")
        except BaseException as error:
            self.last_number = number
            self._roll_back()
            if isinstance(error, sqlite3.DatabaseError) and (reason := describe_write_error(error)):
                raise NotSavedError(reason) from error
            raise

    def append(self, decisions: Iterable[Decision]) -> None:
        """Write decisions; call it inside `transaction`."""
        self.connection.executemany(_INSERT, map(_VALUES, decisions))
        self.last_number = self.connection.execute("SELECT max(number) FROM decisions").fetchone()[0] or 0

    def news(self) -> list[Decision]:
        """Return what others have written since this journal last looked or wrote."""
        rows = self.connection.execute(
            f"SELECT number, {_COLUMNS} FROM decisions WHERE number > ? ORDER BY number", (self.last_number,)
        ).fetchall()
        if rows:
            self.last_number = rows[-1][0]
        return [_make_decision(row[1:]) for row in rows]

    def read_all_decisions(self, batch: int = 20_000) -> Iterator[list[Decision]]:
        """Yield every decision up to now, oldest first, in batches."""
        rows = self.connection.execute(f"SELECT number, {_COLUMNS} FROM decisions ORDER BY number")
        while found := rows.fetchmany(batch):
            self.last_number = found[-1][0]
            yield [_make_decision(row[1:]) for row in found]

    def read_first_decisions(self, count: int) -> list[Decision]:
        """Return the decisions up to the one with number `count`, oldest first."""
        rows = self.connection.execute(f"SELECT {_COLUMNS} FROM decisions WHERE number <= ? ORDER BY number", (count,))
        return [_make_decision(row) for row in rows]

    def decisions_about(self, row_ids: Sequence[str]) -> list[Decision]:
        """Return every decision about these rows, oldest first."""
        rows = self.connection.execute(
            f"SELECT {_COLUMNS} FROM decisions WHERE row_id IN (SELECT value FROM json_each(?)) ORDER BY number",
            (json.dumps(row_ids),),
        )
        return [_make_decision(row) for row in rows]

    def find_touched_rows(self, act: int) -> list[str]:
        """Return the ids of the rows that an act decided on, the first one first."""
        rows = self.connection.execute(
            "SELECT row_id FROM decisions WHERE act = ? AND row_id IS NOT NULL GROUP BY row_id ORDER BY min(number)",
            (act,),
        )
        return [row[0] for row in rows]

    def added_classes(self) -> dict[int, str]:
        """Return the classes added while labeling, by the act that added them, undone ones too."""
        return dict(self.connection.execute("SELECT act, value FROM decisions WHERE kind = 'class' ORDER BY number"))

    def undone_acts(self) -> set[int]:
        """Return the acts that are undone."""
        return {row[0] for row in self.connection.execute("SELECT act FROM taken_back")}

    def recent_decisions(self, annotator: str, count: int) -> list[Decision]:
        """Return the last labels and skips of an annotator that stand, the latest first; copies to twins left out."""
        rows = self.connection.execute(
            f"SELECT {_COLUMNS} FROM standing WHERE annotator = ? AND kind IN ('label', 'skip')"
            " AND how IN ('manual', 'bulk', 'review') ORDER BY number DESC LIMIT ?",
            (annotator, count),
        )
        return [_make_decision(row) for row in rows]

    def standing_about(self, name: str) -> list[Decision]:
        """Return the labels, skips and notes about a row that stand, of all annotators, oldest first."""
        rows = self.connection.execute(
            f"SELECT {_COLUMNS} FROM standing WHERE row_id = ? AND kind IN ('label', 'skip', 'note') ORDER BY number",
            (name,),
        )
        return [_make_decision(row) for row in rows]

    def note(self, name: str) -> str | None:
        """Return the current note of a row."""
        found = self.connection.execute(
            "SELECT value FROM standing WHERE row_id = ? AND kind = 'note' ORDER BY number DESC LIMIT 1", (name,)
        ).fetchone()
        return found[0] if found else None

    def notes(self) -> dict[str, str]:
        """Return the current notes, by row id."""
        return dict(self.connection.execute("SELECT row_id, value FROM current_notes WHERE value <> ''"))

    def earlier_times(self) -> dict[str, str]:
        """Return when labels were given that came into the store later, by row id."""
        return dict(
            self.connection.execute(
                "SELECT decisions.row_id, decisions.time FROM current JOIN decisions USING (number)"
                " WHERE abs(CAST(strftime('%s', decisions.time) AS INTEGER) - decisions.act / 1000000000) > 1"
            )
        )

    def scores(self) -> dict[str, float]:
        """Return how sure rules and models were of the labels that they gave, by row id."""
        return dict(
            self.connection.execute(
                "SELECT decisions.row_id, decisions.score FROM current JOIN decisions USING (number)"
                " WHERE decisions.how IN ('rule', 'model') AND decisions.score IS NOT NULL"
            )
        )

    def recent_seconds(self, annotator: str, count: int = 200) -> list[float]:
        """Return the seconds that an annotator's latest decisions took, oldest first."""
        rows = self.connection.execute(
            "SELECT seconds FROM decisions WHERE annotator = ? AND seconds IS NOT NULL ORDER BY number DESC LIMIT ?",
            (annotator, count),
        )
        return [row[0] for row in rows][::-1]

    def timings(self) -> list[tuple[str, float]]:
        """Return who took how many seconds for each decision, in order."""
        return self.connection.execute(
            "SELECT annotator, seconds FROM decisions WHERE seconds IS NOT NULL ORDER BY number"
        ).fetchall()

    def changed(self) -> bool:
        """Tell whether another process has written since the last call; costs next to nothing."""
        try:
            (version,) = self.connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.OperationalError:  # the disk is away; the next decision will say so
            return False
        before, self._version = self._version, version
        return bool(version != before)

    def history(self, annotator: str) -> History:
        """Return what an annotator can undo and redo."""
        history = History()
        rows = self.connection.execute(
            "SELECT act, kind, target FROM decisions WHERE annotator = ?"
            " GROUP BY act, kind, target ORDER BY min(number)",
            (annotator,),
        )
        for act, kind, target in rows:
            history.replay(act, kind, target)
        return history

    def settings(self) -> dict[str, str]:
        """Return what the store knows of the task: classes, keys, columns.

        Raises:
            InputError: one of them is not as `txt` writes it.
        """
        settings = dict(self.connection.execute("SELECT name, value FROM settings"))
        for name in _JSON_SETTINGS & settings.keys():
            self._check_setting(name, settings[name])
        return settings

    def _check_setting(self, name: str, value: str) -> None:
        source = f"the setting `{name}` in the label store `{self.path}`"
        found = parse_json_value(value, source)
        kind = dict if name == "keys" else list
        items = [*found.keys(), *found.values()] if isinstance(found, dict) else found
        if not isinstance(found, kind) or not all(isinstance(item, str) for item in items):
            raise InputError(f"{source} is not {'an object' if kind is dict else 'a list'} of strings")

    def set_settings(self, **values: str) -> None:
        """Keep settings; call it inside `transaction`."""
        self.connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", values.items())

    def _roll_back(self) -> None:
        """Leave the transaction; a full disk has already ended it, and SQLite then has nothing to roll back."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")


def _make_decision(row: Sequence[object]) -> Decision:
    return Decision(**dict(zip(_FIELDS, row, strict=True)))  # type: ignore[arg-type]
