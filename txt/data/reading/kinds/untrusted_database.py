"""Lets an SQLite file from elsewhere do as little as possible while it is read."""

import sqlite3
import sys
from collections.abc import Mapping

_LIMITS = {
    "SQLITE_LIMIT_LENGTH": 100_000_000,  # bytes of the longest value; the file's own texts are shorter
    "SQLITE_LIMIT_ATTACHED": 0,
    "SQLITE_LIMIT_COMPOUND_SELECT": 10,
    "SQLITE_LIMIT_EXPR_DEPTH": 100,
    "SQLITE_LIMIT_TRIGGER_DEPTH": 2,
    "SQLITE_LIMIT_WORKER_THREADS": 0,
}
_STEPS_BETWEEN_LOOKS = 100_000  # of SQLite's machine, some milliseconds
_REFUSED_ACTIONS = tuple(
    getattr(sqlite3, name) for name in ("SQLITE_ATTACH", "SQLITE_DETACH", "SQLITE_CREATE_VTABLE", "SQLITE_DROP_VTABLE")
)
_REFUSED_PRAGMAS = ("writable_schema", "trusted_schema", "load_extension", "temp_store_directory")
_REFUSED_FUNCTIONS = ("load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "zeroblob", "randomblob")


def distrust(connection: sqlite3.Connection, limits: Mapping[str, int] = _LIMITS) -> None:
    """Let a file from elsewhere do as little as possible, and let Ctrl-C end each statement.

    What the file says of itself, its views, triggers and defaults, may run; SQLite is told not to trust it, opens no
    other file for it, loads no code and calls no function that fills the memory. Python has SQLite's defensive mode,
    in which the file cannot be damaged by statements, from 3.12 on; before it, the authorizer refuses the same pragmas.
    """
    # SQLite calls the handler every few milliseconds. Python runs what a signal asks for as soon as it runs code again:
    # on Ctrl-C that is in the handler, whose KeyboardInterrupt makes SQLite end the statement with SQLITE_INTERRUPT.
    connection.set_progress_handler(lambda: 0, _STEPS_BETWEEN_LOOKS)
    for name, most in limits.items():
        connection.setlimit(getattr(sqlite3, name), most)
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")
    connection.set_authorizer(_authorize)


def _authorize(action: int, one: str | None, two: str | None, _database: str | None, _by: str | None) -> int:
    """Refuse what no statement of ours does: SQLite asks while it prepares a statement, also for views and triggers."""
    if action in _REFUSED_ACTIONS:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA and (one or "").lower() in _REFUSED_PRAGMAS and two is not None:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_FUNCTION and (two or "").lower() in _REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
