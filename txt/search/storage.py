"""The storage of a study: a self-repairing journal file, or any database that Optuna supports."""

import fcntl
import importlib.util
import os
from pathlib import Path

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from txt.errors import InputError
from txt.extras import say_how_to_install
from txt.files import mend_torn_line, open_own, refuse_link

_CONNECT_SECONDS = 10

optuna.logging.set_verbosity(optuna.logging.WARNING)


def open_journal(path: Path) -> BaseStorage:
    """Open the journal at `path`, or begin one.

    Raises:
        InputError: it is damaged in the middle, where no crash can have torn it; it or its lock is a link.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    refuse_link(path)
    lock = _RepairingLock(path)
    lock.acquire()  # a torn last line has to go before anyone reads
    lock.release()
    try:
        return JournalStorage(JournalFileBackend(str(path), lock))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:  # its lines are JSON
        raise InputError(f"the study's journal `{path}` is damaged: {error}", "restore a copy of it") from None


def open_database(url: str) -> BaseStorage:
    """Connect to a database: `postgresql://user@host/name`, `mysql+pymysql://…`, `sqlite:///file.db`.

    Raises:
        InputError: the URL is invalid, its driver is not installed, or the database does not answer.
    """
    parsed = parse_url(url)
    timeout = {"connect_timeout": _CONNECT_SECONDS} if parsed.get_backend_name() == "postgresql" else {}
    try:
        return RDBStorage(
            parsed.render_as_string(hide_password=False),
            engine_kwargs={"poolclass": NullPool, "connect_args": timeout},  # a call a minute needs no open connection
        )
    except ImportError as error:
        raise InputError(f"--storage needs a driver that is not installed: {error.name or error}") from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise InputError(
            f"cannot reach --storage {without_password(url)}: {reason}", "is the server running, and the name right?"
        ) from None


def parse_url(url: str) -> URL:
    """Return the parts of a database URL; PostgreSQL is reached through psycopg 3.

    Raises:
        InputError: it is not such a URL, or psycopg is not installed.
    """
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername="postgresql") if parsed.drivername == "postgres" else parsed
        if parsed.drivername == "postgresql":
            if importlib.util.find_spec("psycopg") is None:
                raise InputError("PostgreSQL needs psycopg", say_how_to_install(extra="postgres"))
            parsed = parsed.set(drivername="postgresql+psycopg")
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        raise InputError(
            f"--storage `{url.partition('@')[2] or url}` is not the URL of a database",
            "try postgresql://user@host/name",
        ) from None
    return parsed


def without_password(url: str) -> str:
    """Return the URL as it may be shown and kept: its password is left out.

    Raises:
        InputError: it is not a URL of a database.
    """
    try:
        return make_url(url)._replace(password=None).render_as_string()
    except (ArgumentError, ValueError):
        raise InputError(
            f"`{url[:99]}` is not the URL of a database", "--storage postgresql://user@host/name"
        ) from None


class _RepairingLock(JournalFileOpenLock):
    """A lock on a journal that the system releases when its holder dies, and that repairs the journal when taken.

    Optuna's own locks are files that outlive their holder and block everyone for thirty seconds; and a half-written
    line left by a crash makes everything appended after it unreadable.
    """

    def __init__(self, journal: Path) -> None:
        super().__init__(str(journal))
        self._journal = journal
        self._path = journal.with_suffix(".lock")
        self._held: int | None = None

    def acquire(self) -> bool:
        """Wait for the lock, take it, and cut the journal back to its last whole line."""
        handle = open_own(self._path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(handle, fcntl.LOCK_EX)
        self._held = handle
        mend_torn_line(self._journal)
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._held is not None:
            os.close(self._held)
            self._held = None
