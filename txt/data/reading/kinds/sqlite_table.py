"""A table of an SQLite database, written `reviews.sqlite::comments`; the database is only read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa

from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_batch
from txt.data.reading.column_names import make_distinct
from txt.data.reading.how_read import Dialect
from txt.data.reading.kinds.untrusted_database import distrust
from txt.data.reading.source import PART_MARK, Source
from txt.errors import InputError, nearest

MAGIC = b"SQLite format 3\0"


def detect_sqlite(source: Source, encoding: str | None) -> Dialect:
    """Return the columns of the table that `source.part` names, or of the only one.

    Raises:
        InputError: there is no such table, or several and none is named; the database is damaged.
    """
    with _connect(source, encoding) as database:
        table = _choose_table(source, database)
        columns = [row[1] for row in database.execute(f"PRAGMA table_xinfo({_quote(table)})")]
    warnings = () if source.part else (f"`{source}` was read from its only table, `{table}`",)
    return Dialect("sqlite", make_distinct(columns), encoding=encoding or "utf-8", warnings=warnings)


def read_sqlite(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table in the order in which the database keeps them.

    Raises:
        InputError: the database is damaged, or a text is not in its encoding.
    """
    with _connect(source, dialect.encoding) as database:
        table = _choose_table(source, database)
        rows: list[list[str | None]] = []
        characters = 0
        for row in database.execute(f"SELECT * FROM {_quote(table)}"):
            rows.append([_write_value(value) for value in row])
            characters += sum(len(cell) for cell in rows[-1] if cell)
            if len(rows) == BATCH_ROWS or characters > BATCH_CHARACTERS:
                yield make_batch(dialect.columns, rows)
                rows, characters = [], 0
        if rows:
            yield make_batch(dialect.columns, rows)


@contextmanager
def _connect(source: Source, encoding: str | None) -> Iterator[sqlite3.Connection]:
    with source.on_disk() as path:
        for ending in ("-wal", "-journal", "-shm"):
            beside = Path(f"{path}{ending}")
            if beside.is_symlink() or (beside.exists() and not beside.is_file()):
                raise InputError(f"`{beside}` is not a plain file, and SQLite would read it", "remove it")
        try:
            with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as database:
                distrust(database)
                if encoding and encoding != "utf-8":
                    database.text_factory = lambda text: text.decode(encoding)
                yield database
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                raise KeyboardInterrupt from error
            if "Could not decode" in str(error):
                raise _explain_bytes(source) from None
            raise InputError(f"`{source}` cannot be read: {error}", _suggest(error)) from None
        except sqlite3.DatabaseError as error:
            raise InputError(f"`{source}` cannot be read: {error}", "restore a copy of it") from None
        except UnicodeDecodeError:
            raise _explain_bytes(source) from None


def _explain_bytes(source: Source) -> InputError:
    return InputError(f"`{source}` has a text that is not in UTF-8", "--encoding cp1252 reads it as Windows text")


def _suggest(error: sqlite3.OperationalError) -> str | None:
    return "another program writes to it; try again" if "locked" in str(error) else None


def _choose_table(source: Source, database: sqlite3.Connection) -> str:
    names = [
        str(row[0])
        for row in database.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " ORDER BY name"
        )
    ]
    if source.part is not None:
        if source.part in names:
            return source.part
        close = nearest(source.part, names)
        listed = ", ".join(f"`{name}`" for name in names[:12]) or "no tables"
        hint = f"did you mean `{source.path}{PART_MARK}{close}`?" if close else f"it has {listed}"
        raise InputError(f"`{source.path}` has no table `{source.part}`", hint)
    if set(names) >= {"decisions", "settings"} and source.path.name.endswith(".labels.db"):
        data = source.path.name.removesuffix(".labels.db")
        raise InputError(
            f"`{source}` is a store of labels, not a data file", f"its data file is {source.path.with_name(data)}"
        )
    if len(names) == 1:
        return names[0]
    if not names:
        raise InputError(f"`{source}` is an SQLite database without tables", "name another file")
    listed = ", ".join(f"`{name}`" for name in names[:12])
    raise InputError(
        f"`{source}` is an SQLite database with {len(names)} tables: {listed}",
        f"name one: {source.path}{PART_MARK}{names[0]}",
    )


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _write_value(value: str | int | float | bytes | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return f"({len(value):,} bytes)"
    return repr(value)
