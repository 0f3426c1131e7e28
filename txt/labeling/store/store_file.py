"""The SQLite file of a label store: its tables, how it is opened, and clear messages for SQLite's errors."""

import sqlite3
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from txt.errors import InputError, TxtError

FORMAT = 1
BUSY_WAIT_MS = 1000  # another annotator's commit takes a few milliseconds, more on a busy disk

_APPLICATION_ID = 0x7478744C  # "txtL", so that `file` and we ourselves know a label store
_WAL_WAIT_SECONDS = 5.0
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


class NotSavedError(TxtError):
    """The store could not take a decision now: the disk is full, or somebody holds the store."""


class DamagedStoreError(InputError):
    """The store is no longer a whole SQLite file."""


def open_store(path: Path, write: bool) -> sqlite3.Connection:
    """Open a store; with `write` it is made if it is not there yet.

    Raises:
        InputError: it is missing, cannot be written, is damaged, of a newer format, or something else altogether.
    """
    if not write and not path.exists():
        raise InputError(f"there are no labels yet: `{path}` does not exist", "`txt label DATA` makes them")
    with explain_store_errors(path):
        connection = _connect(path) if write else _connect_to_read(path)
        try:
            _check_format(connection, path, write)
        except BaseException:
            connection.close()
            raise
        return connection


def make_empty_store() -> sqlite3.Connection:
    """Return an empty store in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _create(connection)
    return connection


@contextmanager
def explain_store_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the store at `path` into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _describe_open_error(path, error) from error
    except sqlite3.DatabaseError as error:
        raise DamagedStoreError(
            f"the label store `{path}` is damaged: {error}",
            "`txt label DATA --recover` saves what can be read and keeps the damaged file",
        ) from error


def describe_write_error(error: sqlite3.DatabaseError) -> str | None:
    """Return in words why a write failed; None for errors that only a bug of ours can cause."""
    if isinstance(error, _OUR_MISTAKES):
        return None
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


# How writing works: with the write-ahead log (WAL), a commit appends the changed pages to a second file and flushes it.
# Readers go on with the old pages meanwhile. A crash in the middle leaves an incomplete record at the end of the log,
# which SQLite ignores when the store is opened the next time: the store is as it was after the last whole commit.
# `isolation_level=None` turns off the implicit transactions of Python's module: the code begins and ends each one.


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_WAIT_MS / 1000, isolation_level=None, check_same_thread=False)
    try:
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switch on the write-ahead log; of two processes at once on a new store, one fails in SQLite without waiting."""
    deadline = clock.monotonic() + _WAL_WAIT_SECONDS
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


def _check_format(connection: sqlite3.Connection, path: Path, write: bool) -> None:
    (identity,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0 and write:
        _create(connection)
        return
    if identity != _APPLICATION_ID:
        raise InputError(f"`{path}` is not a label store", "--store PATH names another file")
    (written,) = connection.execute("PRAGMA user_version").fetchone()
    if written > FORMAT:
        raise InputError(
            f"`{path}` has format {written}, and this txt reads up to {FORMAT}",
            "a newer txt wrote it: update txt, or choose another file with --store PATH",
        )


def _create(connection: sqlite3.Connection) -> None:
    """Make the tables; two annotators may start at the same moment."""
    # The tables are counted again under the write lock: another process may have made them since `_check_format`.
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("BEGIN IMMEDIATE")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0:
        for statement in _split_statements(_SCHEMA):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_WAIT_MS}")


def _split_statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; `executescript` would commit the transaction around it."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _describe_open_error(path: Path, error: sqlite3.OperationalError) -> InputError:
    code = getattr(error, "sqlite_errorname", "")
    if code.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
        return InputError(f"cannot write the label store `{path}`", "--store PATH keeps the labels in another folder")
    if _is_busy(error):
        return InputError(f"another program holds the label store `{path}`", "close it, or wait a moment")
    return InputError(f"cannot open the label store `{path}`: {error}", "--store PATH names another file")
