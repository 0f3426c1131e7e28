"""The SQLite file of a label store: its tables, how it is opened, and clear messages for SQLite's errors."""

import os
import sqlite3
import time as clock
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote

from txt.data.reading.kinds.untrusted_database import distrust
from txt.errors import InputError, TxtError
from txt.files import LinkedError, open_plain

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

LOG_TABLES = (
    """CREATE TABLE IF NOT EXISTS queues (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        time TEXT NOT NULL,
        annotator TEXT NOT NULL,
        model TEXT NOT NULL,
        strategy TEXT NOT NULL,
        seed INTEGER NOT NULL,
        keywords TEXT NOT NULL,
        moment INTEGER NOT NULL,
        trained_on INTEGER NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS queries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        queue INTEGER NOT NULL REFERENCES queues (number),
        time TEXT NOT NULL,
        row_id TEXT NOT NULL,
        picked TEXT NOT NULL,
        score REAL
    )""",
    """CREATE TABLE IF NOT EXISTS hidden_suggestions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        time TEXT NOT NULL,
        annotator TEXT NOT NULL,
        row_id TEXT NOT NULL,
        label TEXT NOT NULL,
        score REAL,
        why TEXT NOT NULL
    )""",
)
"""Tables that a store has once rows were asked for by a model, or suggestions were hidden: what, when and why."""

# SQLite checks no types. A value of another one comes from a file that somebody else made, and would fail anywhere.
_ODD_VALUES = """
SELECT 'decisions' FROM decisions WHERE typeof(act) <> 'integer' OR typeof(kind) <> 'text'
    OR typeof(row_id) NOT IN ('text', 'null') OR typeof(value) NOT IN ('text', 'null')
    OR typeof(target) NOT IN ('integer', 'null') OR typeof(annotator) <> 'text' OR typeof(time) <> 'text'
    OR typeof(how) <> 'text' OR typeof(suggestion) NOT IN ('text', 'null') OR typeof(score) NOT IN ('real', 'null')
    OR typeof(seconds) NOT IN ('real', 'null')
UNION ALL SELECT 'settings' FROM settings WHERE typeof(name) <> 'text' OR typeof(value) <> 'text'
UNION ALL SELECT 'claims' FROM claims
    WHERE typeof(row_id) <> 'text' OR typeof(session) <> 'text' OR typeof(until) <> 'real'
LIMIT 1
"""
_COME_WITH_USE = (
    "queues",
    "queries",
    "hidden_suggestions",
    "sqlite_sequence",
    "sqlite_stat1",
    "sqlite_stat4",
)  # older stores lack indexes too
_SUPER_JOURNAL = bytes.fromhex("d9d505f920a163d7")  # ends a rollback journal that names another file


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
    _refuse_odd_files(path, write)
    with explain_store_errors(path):
        connection = _connect(path) if write else _connect_to_read(path)
        try:
            _check_format(connection, path, write)
            if write:
                _prepare_for_writing(connection)
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
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            raise KeyboardInterrupt from error
        if "decode" in str(error):  # bytes that are no text, of which SQLite's own check knows nothing
            raise _describe_damage(path, error) from error
        raise _describe_open_error(path, error) from error
    except sqlite3.DatabaseError as error:
        raise _describe_damage(path, error) from error


def _describe_damage(path: Path, error: sqlite3.DatabaseError) -> DamagedStoreError:
    return DamagedStoreError(
        f"the label store `{path}` is damaged: {error}",
        "`txt label DATA --recover` saves what can be read and keeps the damaged file",
    )


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
    return _distrust_opened(
        sqlite3.connect(path, timeout=BUSY_WAIT_MS / 1000, isolation_level=None, check_same_thread=False)
    )


def _distrust_opened(connection: sqlite3.Connection) -> sqlite3.Connection:
    try:
        distrust(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare_for_writing(connection: sqlite3.Connection) -> None:
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")


def _refuse_odd_files(path: Path, write: bool) -> None:
    """Refuse a store, or a file of SQLite's beside it, that is a link, a pipe, or leads to another file.

    Raises:
        InputError: there is one.
    """
    if path.is_symlink() and write:
        raise LinkedError(
            f"the label store `{path}` is a link, and is not written through it", f"--store {path.resolve()} names it"
        )
    if path.exists() and not path.is_file():
        raise InputError(f"`{path}` is not a label store", "--store PATH names another file")
    for ending in ("-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.is_symlink() or (beside.exists() and not beside.is_file()):
            raise LinkedError(f"`{beside}` is not a plain file, and SQLite would write to it", "remove it")
    if _names_another_file(path.with_name(path.name + "-journal")):
        raise InputError(
            f"`{path}-journal` names a file outside, which SQLite would remove",
            "it comes with no store that txt made: remove it, or fetch the store again",
        )


def _names_another_file(journal: Path) -> bool:
    try:
        with open_plain(journal) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - len(_SUPER_JOURNAL)))
            return file.read() == _SUPER_JOURNAL
    except OSError:
        return False


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
            distrust(connection)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return connection
        except sqlite3.OperationalError:
            connection.close()
        except UnicodeDecodeError:  # SQLite's complaint quotes the schema, whatever bytes that has
            connection.close()
            raise sqlite3.DatabaseError("its schema is not text") from None
        except BaseException:
            connection.close()
            raise
    return _distrust_opened(sqlite3.connect(address, uri=True, isolation_level=None))


def _check_format(connection: sqlite3.Connection, path: Path, write: bool) -> None:
    (identity,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0 and write:
        _create(connection)
        return
    if identity != _APPLICATION_ID:
        raise InputError(f"`{path}` is not a label store", "--store PATH names another file")
    (written,) = connection.execute("PRAGMA user_version").fetchone()
    if written <= FORMAT:
        _refuse_other_schema(connection, path)
        _refuse_odd_values(connection, path)
    else:
        raise InputError(
            f"`{path}` has format {written}, and this txt reads up to {FORMAT}",
            "a newer txt wrote it: update txt, or choose another file with --store PATH",
        )


def _refuse_other_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a store that says of itself anything that `txt` did not say: a view or trigger runs when it is read."""
    known, there = _known_schema(), set(read_schema(connection))
    odd = sorted(there - known)
    missing = sorted(each for each in known - there if each[0] != "index" and each[1] not in _COME_WITH_USE)
    if odd or missing:
        kind, name, *_ = (odd or missing)[0]
        told = f"has a {kind} `{name}` that txt did not make" if odd else f"lacks the {kind} `{name}`"
        raise InputError(
            f"the label store `{path}` {told}, and is not read",
            "`txt label DATA --recover` takes over its decisions alone, and keeps the file",
        )


def _refuse_odd_values(connection: sqlite3.Connection, path: Path) -> None:
    found = connection.execute(_ODD_VALUES).fetchone()
    if found is not None:
        raise InputError(
            f"the label store `{path}` has values of a wrong type in its table `{found[0]}`",
            "`txt label DATA --recover` takes over the decisions that are whole, and keeps the file",
        )


SchemaObject = tuple[str, str, str, str]
"""An object of a database: its kind, its name, its table's name, and the statement that makes it."""


def read_schema(connection: sqlite3.Connection) -> list[SchemaObject]:
    """Return all objects of a database but those that SQLite makes for itself."""
    try:
        rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master").fetchall()
    except UnicodeDecodeError:
        raise sqlite3.DatabaseError("its schema is not text") from None
    return [
        (str(kind), str(name), str(table), str(sql))
        for kind, name, table, sql in rows
        if not (sql is None and str(name).startswith("sqlite_autoindex_"))
    ]


def has_own_table(connection: sqlite3.Connection, name: str) -> bool:
    """Return whether a table is there just as we make it."""
    return any(each[:2] == ("table", name) and each in _known_schema() for each in read_schema(connection))


@cache
def _known_schema() -> frozenset[SchemaObject]:
    """Return every object that a store may have, as SQLite writes it down."""
    connection = make_empty_store()
    for table in LOG_TABLES:
        connection.execute(table)
    connection.execute("ANALYZE")
    known = frozenset(read_schema(connection))
    connection.close()
    return known


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
