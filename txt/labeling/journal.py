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
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from txt.data.row_index import content_hash
from txt.errors import InputError, TxtError
from txt.labeling.history import History

FORMAT = 1
SEPARATOR = "|"
"""Stands between the labels of a row that has several."""

Kind = Literal["label", "skip", "flag", "note", "class", "undo", "redo"]
How = Literal["manual", "bulk", "duplicate", "rule", "model", "review", "import"]

_APPLICATION_ID = 0x7478744C  # "txtL", so that `file` and we ourselves know a label store
_PATIENT_MS = 1000  # another annotator's commit takes a few milliseconds, more on a busy disk
_START_SECONDS = 5.0
_HURRIED_MS = 50  # once somebody holds the store for longer, each key must not wait for it again
_OUR_MISTAKES = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.InternalError)
_SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE decisions (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    act        INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('label', 'skip', 'flag', 'note', 'class', 'undo', 'redo')),
    row_id     TEXT,
    value      TEXT,
    target     INTEGER,
    annotator  TEXT NOT NULL,
    time       TEXT NOT NULL,
    how        TEXT NOT NULL,
    suggestion TEXT,
    score      REAL,
    seconds    REAL
);
CREATE INDEX decisions_by_row ON decisions (row_id);
CREATE INDEX decisions_by_act ON decisions (act, annotator, kind, target);
CREATE INDEX decisions_of_classes ON decisions (number) WHERE kind = 'class';
CREATE INDEX decisions_by_target ON decisions (target) WHERE target IS NOT NULL;
CREATE TRIGGER decisions_never_change BEFORE UPDATE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
CREATE TRIGGER decisions_never_go BEFORE DELETE ON decisions
    BEGIN SELECT RAISE(ABORT, 'decisions are never deleted'); END;
CREATE TABLE claims (row_id TEXT PRIMARY KEY, session TEXT NOT NULL, until REAL NOT NULL) WITHOUT ROWID;
CREATE VIEW taken_back AS
    SELECT target AS act FROM
        (SELECT target, kind, max(number) FROM decisions WHERE target IS NOT NULL GROUP BY target)
    WHERE kind = 'undo';
CREATE VIEW standing AS
    SELECT * FROM decisions WHERE target IS NULL AND act NOT IN (SELECT act FROM taken_back);
CREATE VIEW current AS
    SELECT row_id, kind, value AS label, annotator, time, how, max(number) AS number
    FROM standing WHERE kind IN ('label', 'skip') GROUP BY row_id;
CREATE VIEW current_by_annotator AS
    SELECT row_id, annotator, kind, value AS label, time, how, max(number) AS number
    FROM standing WHERE kind IN ('label', 'skip') GROUP BY row_id, annotator;
CREATE VIEW current_flags AS
    SELECT row_id, max(number) AS number, value FROM standing WHERE kind = 'flag' GROUP BY row_id;
CREATE VIEW current_notes AS
    SELECT row_id, max(number) AS number, value FROM standing WHERE kind = 'note' GROUP BY row_id;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One act of labeling on one row, or an undo or redo of an earlier act.

    `value` is the label (several are joined by `|`), the note, `1` or empty for a flag set or taken off, or the name of
    a new class. `target` is the act that an undo or redo names. `time` is UTC in ISO 8601; `seconds` is how long the
    row was on screen, idle time left out; `suggestion` and `score` are what a rule or model proposed meanwhile.
    """

    act: int
    kind: Kind
    row_id: str | None = None
    value: str | None = None
    target: int | None = None
    annotator: str
    time: str
    how: How = "manual"
    suggestion: str | None = None
    score: float | None = None
    seconds: float | None = None


_FIELDS = tuple(item.name for item in fields(Decision))
_VALUES = attrgetter(*_FIELDS)
_COLUMNS = ", ".join(_FIELDS)
_INSERT = f"INSERT INTO decisions ({_COLUMNS}) VALUES ({', '.join('?' * len(_FIELDS))})"


@dataclass(frozen=True, slots=True)
class CurrentLabel:
    """The label that stands for a row: its classes, and who gave it when and how."""

    label: str
    annotator: str
    time: str
    how: str

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes of a row in a store with several labels a row; none is a possible answer there."""
        return tuple(self.label.split(SEPARATOR)) if self.label else ()


class NotSavedError(TxtError):
    """The store could not take a decision now: the disk is full, or somebody holds the store."""


class DamagedStoreError(InputError):
    """The store is no longer a whole SQLite file."""


def row_id(text: str, occurrence: int = 0) -> str:
    """Return the name of a row in the store: a hash of its text, and its number among the rows with the same text.

    It holds when rows are sorted, added or removed. `occurrence` counts from 0 in the file's order.
    """
    return id_of(content_hash(text), occurrence)


def id_of(text_hash: int, occurrence: int) -> str:
    """Return the row id for a text whose hash is known."""
    return f"{text_hash:016x}-{occurrence}"


def split_id(name: str) -> tuple[int, int]:
    """Return the text hash and the occurrence of a row id."""
    text_hash, _, occurrence = name.partition("-")
    return int(text_hash, 16), int(occurrence)


def store_path(data: Path) -> Path:
    """Return where the labels of a data file are kept: `reviews.csv.labels.db` beside `reviews.csv`."""
    return data.with_name(data.name + ".labels.db")


def current_labels(store: Path) -> dict[str, CurrentLabel]:
    """Return the labels that stand in a store, by row id; rows that were skipped or undone are not in it.

    Raises:
        InputError: there is no such store, or it is damaged or of a newer format.
    """
    with Journal.open(store, write=False) as journal, told_plainly(store):
        rows = journal.connection.execute(
            "SELECT row_id, label, annotator, time, how FROM current WHERE kind = 'label'"
        )
        return {row[0]: CurrentLabel(*row[1:]) for row in rows}


def now() -> str:
    """Return the time as the store keeps it: UTC, ISO 8601, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Journal:
    """An open label store. One connection of one thread; other processes may have it open too."""

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
        if not write and not path.exists():
            raise InputError(f"there are no labels yet: `{path}` does not exist", "`txt label DATA` makes them")
        with told_plainly(path):
            journal = cls(path, _connect(path) if write else _connect_to_read(path))
            try:
                journal._check_format(write)
            except BaseException:
                journal.close()
                raise
            return journal

    @classmethod
    def empty(cls, path: Path) -> "Journal":
        """Return an empty store in memory, in the place of one at `path` that is not there."""
        journal = cls(path, sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
        journal._create()
        return journal

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
        """Choose how long a transaction waits for somebody who holds the store: a second, or hardly at all."""
        self.connection.execute(f"PRAGMA busy_timeout = {_PATIENT_MS if patient else _HURRIED_MS}")

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[list[Decision]]:
        """Hold the store for writing; when the block ends, everything in it is on disk, or none of it.

        What is not `durable` survives a killed program but perhaps not a power cut: enough for a claim, and quicker.
        It yields what others have written until then; after a failure the next transaction yields that again.

        Raises:
            NotSavedError: the store could not be had, or could not be written.
        """
        number = self.last_number
        try:
            self.connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self.connection.execute("BEGIN IMMEDIATE")
            yield self.news()
            self.connection.execute("COMMIT")
        except BaseException as error:
            self.last_number = number
            self._roll_back()
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, _OUR_MISTAKES):
                raise NotSavedError(_spoken(error)) from error
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
        return [_decision(row[1:]) for row in rows]

    def all_decisions(self, batch: int = 20_000) -> Iterator[list[Decision]]:
        """Yield every decision up to now, oldest first, in batches."""
        rows = self.connection.execute(f"SELECT number, {_COLUMNS} FROM decisions ORDER BY number")
        while found := rows.fetchmany(batch):
            self.last_number = found[-1][0]
            yield [_decision(row[1:]) for row in found]

    def first_decisions(self, count: int) -> list[Decision]:
        """Return the decisions up to the one with number `count`, oldest first."""
        rows = self.connection.execute(f"SELECT {_COLUMNS} FROM decisions WHERE number <= ? ORDER BY number", (count,))
        return [_decision(row) for row in rows]

    def about(self, row_ids: Sequence[str]) -> list[Decision]:
        """Return every decision about these rows, oldest first."""
        rows = self.connection.execute(
            f"SELECT {_COLUMNS} FROM decisions WHERE row_id IN (SELECT value FROM json_each(?)) ORDER BY number",
            (json.dumps(row_ids),),
        )
        return [_decision(row) for row in rows]

    def touched_by(self, act: int) -> list[str]:
        """Return the ids of the rows that an act decided on, the first one first."""
        rows = self.connection.execute(
            "SELECT row_id FROM decisions WHERE act = ? AND row_id IS NOT NULL GROUP BY row_id ORDER BY min(number)",
            (act,),
        )
        return [row[0] for row in rows]

    def added_classes(self) -> dict[int, str]:
        """Return the classes added while labeling, by the act that added them, undone ones too."""
        return dict(self.connection.execute("SELECT act, value FROM decisions WHERE kind = 'class' ORDER BY number"))

    def taken_back(self) -> set[int]:
        """Return the acts that are undone."""
        return {row[0] for row in self.connection.execute("SELECT act FROM taken_back")}

    def note(self, name: str) -> str | None:
        """Return the note that stands for a row."""
        found = self.connection.execute(
            "SELECT value FROM standing WHERE row_id = ? AND kind = 'note' ORDER BY number DESC LIMIT 1", (name,)
        ).fetchone()
        return found[0] if found else None

    def notes(self) -> dict[str, str]:
        """Return the notes that stand, by row id."""
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
        """Return what the store knows of the task: classes, keys, columns."""
        return dict(self.connection.execute("SELECT name, value FROM settings"))

    def set_settings(self, **values: str) -> None:
        """Keep settings; call it inside `transaction`."""
        self.connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", values.items())

    def _check_format(self, write: bool) -> None:
        (identity,) = self.connection.execute("PRAGMA application_id").fetchone()
        (tables,) = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables == 0 and write:
            self._create()
            return
        if identity != _APPLICATION_ID:
            raise InputError(f"`{self.path}` is not a label store", "--store PATH names another file")
        (written,) = self.connection.execute("PRAGMA user_version").fetchone()
        if written > FORMAT:
            raise InputError(
                f"`{self.path}` has format {written}, and this txt reads up to {FORMAT}",
                "a newer txt wrote it: update txt, or choose another file with --store PATH",
            )

    def _create(self) -> None:
        """Make the tables; two annotators may start at the same moment."""
        self.connection.execute("PRAGMA busy_timeout = 5000")
        self.connection.execute("BEGIN IMMEDIATE")
        (tables,) = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables == 0:
            for statement in _statements(_SCHEMA):
                self.connection.execute(statement)
            self.connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            self.connection.execute(f"PRAGMA user_version = {FORMAT}")
        self.connection.execute("COMMIT")
        self.connection.execute(f"PRAGMA busy_timeout = {_PATIENT_MS}")

    def _roll_back(self) -> None:
        """Leave the transaction; a full disk has already ended it, and SQLite then has nothing to roll back."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")


@contextmanager
def told_plainly(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the store at `path` into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _unusable(path, error) from error
    except sqlite3.DatabaseError as error:
        raise DamagedStoreError(
            f"the label store `{path}` is damaged: {error}",
            "`txt label DATA --recover` saves what can be read and keeps the damaged file",
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENT_MS / 1000, isolation_level=None, check_same_thread=False)
    try:
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Choose the write-ahead log; of two who start at once on a new store, SQLite lets one fail without waiting."""
    deadline = clock.monotonic() + _START_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or clock.monotonic() > deadline:
                raise
            clock.sleep(0.02)


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a store without changing it, even one in a folder where nothing may be written."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    for options in ("", "&immutable=1"):
        connection = sqlite3.connect(address + options, uri=True, isolation_level=None)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return connection
        except sqlite3.OperationalError:
            connection.close()
    return sqlite3.connect(address, uri=True, isolation_level=None)


def _decision(row: Sequence[object]) -> Decision:
    return Decision(**dict(zip(_FIELDS, row, strict=True)))  # type: ignore[arg-type]


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; `executescript` would commit the transaction around it."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _spoken(error: sqlite3.DatabaseError) -> str:
    code = getattr(error, "sqlite_errorname", "")
    reasons = {
        "SQLITE_FULL": "the disk is full",
        "SQLITE_BUSY": "another program holds the store",
        "SQLITE_LOCKED": "another program holds the store",
        "SQLITE_READONLY": "the store may not be written",
        "SQLITE_IOERR": "the disk does not answer",
        "SQLITE_CORRUPT": "the store is damaged",
        "SQLITE_NOTADB": "the store is damaged",
    }
    return next((reason for name, reason in reasons.items() if code.startswith(name)), str(error))


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _unusable(path: Path, error: sqlite3.OperationalError) -> InputError:
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
        return InputError(f"cannot write the label store `{path}`", "--store PATH keeps the labels in another folder")
    if _is_busy(error):
        return InputError(f"another program holds the label store `{path}`", "close it, or wait a moment")
    return InputError(f"cannot open the label store `{path}`: {error}", "--store PATH names another file")
