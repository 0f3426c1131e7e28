"""Claims: which session has which row on screen, so that two annotators are never given the same row.

A claim is valid while its session renews it, and ends with the session's process. Claims are not decisions: they are
deleted when they end.
"""

import os
import secrets
import socket
import time

from txt.labeling.store.journal import Journal
from txt.processes import is_process_running

_LEASE_SECONDS = 300.0


def make_session_name() -> str:
    """Return a unique name for a session that includes its machine and process id."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def claim(journal: Journal, name: str | None, session: str) -> None:
    """Give the row `name`, and no other, to a session, unless another has it; call it inside a transaction."""
    # It runs in the transaction that saves the decision before it, and that has just read what others wrote: between
    # choosing a row and claiming it nobody else can claim it. `row_id` is the primary key, so INSERT OR IGNORE leaves a
    # claim of somebody else as it is. A claim only steers who is shown what. If one is lost or runs out, two people may
    # label the same row, and both decisions are kept.
    now, connection = time.time(), journal.connection
    holders = [row[0] for row in connection.execute("SELECT DISTINCT session FROM claims")]
    ended = [(holder,) for holder in holders if holder == session or _is_gone(holder)]
    connection.executemany("DELETE FROM claims WHERE session = ?", ended)
    connection.execute("DELETE FROM claims WHERE until < ?", (now,))
    if name is not None:
        connection.execute("INSERT OR IGNORE INTO claims VALUES (?, ?, ?)", (name, session, now + _LEASE_SECONDS))


def find_claimed_rows(journal: Journal, session: str) -> set[str]:
    """Return the rows that other sessions have on screen."""
    rows = journal.connection.execute(
        "SELECT row_id, session FROM claims WHERE session <> ? AND until > ?", (session, time.time())
    )
    return {name for name, holder in rows if not _is_gone(holder)}


def _is_gone(session: str) -> bool:
    """Tell whether a sitting on this machine has ended without giving its row back."""
    host, _, rest = session.rpartition(":")[0].rpartition(":")
    return host == socket.gethostname() and not (rest.isdecimal() and len(rest) < 10 and is_process_running(int(rest)))
