"""Who has which row on screen, so that nobody is given a row that another is looking at.

A claim holds while its sitting renews it, and ends with the sitting's process. It is no decision: claims come and go.
"""

import os
import secrets
import socket
import time

from txt.labeling.store.journal import Journal
from txt.processes import process_runs

_LEASE_SECONDS = 300.0


def new_session() -> str:
    """Return a name for a sitting that tells its machine and process."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def claim(journal: Journal, name: str | None, session: str) -> None:
    """Give the row `name`, and no other, to a session, unless another has it; call it inside a transaction."""
    now, connection = time.time(), journal.connection
    holders = [row[0] for row in connection.execute("SELECT DISTINCT session FROM claims")]
    ended = [(holder,) for holder in holders if holder == session or _is_gone(holder)]
    connection.executemany("DELETE FROM claims WHERE session = ?", ended)
    connection.execute("DELETE FROM claims WHERE until < ?", (now,))
    if name is not None:
        connection.execute("INSERT OR IGNORE INTO claims VALUES (?, ?, ?)", (name, session, now + _LEASE_SECONDS))


def claimed_by_others(journal: Journal, session: str) -> set[str]:
    """Return the rows that other sessions have on screen."""
    rows = journal.connection.execute(
        "SELECT row_id, session FROM claims WHERE session <> ? AND until > ?", (session, time.time())
    )
    return {name for name, holder in rows if not _is_gone(holder)}


def _is_gone(session: str) -> bool:
    """Tell whether a sitting on this machine has ended without giving its row back."""
    host, pid, _ = session.rsplit(":", 2)
    return host == socket.gethostname() and not process_runs(int(pid))
