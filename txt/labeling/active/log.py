"""What was asked when and why, kept in the label store: from it, the same queues can be made again.

A queue follows from the data file, the decisions up to its `moment`, and what its line says. A query is a row that was
shown, and the queue it came from.
"""

import sqlite3
from dataclasses import dataclass

from txt.labeling.active.queues import PICKED, Ranking
from txt.labeling.store.decision import now
from txt.labeling.store.journal import Journal
from txt.labeling.store.store_file import LOG_TABLES

_NEW_QUEUE = (
    "INSERT INTO queues (time, annotator, model, strategy, seed, keywords, moment, trained_on)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_NEW_QUERY = "INSERT INTO queries (queue, time, row_id, picked, score) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True)
class QueryPlan:
    """How rows are asked for: `keywords` as the user typed them."""

    model: str
    strategy: str
    seed: int
    keywords: str = ""


@dataclass(frozen=True)
class LoggedQueue:
    """A queue as the log has it, and the rows of it that were shown: (row id, why, score)."""

    plan: QueryPlan
    moment: int
    trained_on: int
    queries: tuple[tuple[str, str, float], ...]


class QueryLog:
    """Writes queues and queries; what cannot be written now waits, for a log must never hold up a key."""

    def __init__(self, journal: Journal, annotator: str, plan: QueryPlan) -> None:
        self._connection = journal.connection
        self._annotator, self._plan = annotator, plan
        self._ranking: Ranking | None = None
        self._queue = 0
        self._waiting: list[tuple[object, ...]] = []

    def begin(self, ranking: Ranking) -> None:
        """Note a new queue; it is written with the first row of it that is shown."""
        self._ranking, self._queue = ranking, 0

    def note(self, row: int, row_id: str) -> None:
        """Note that a row is shown; one that is not of the queue, such as one jumped to, is no query."""
        ranking = self._ranking
        place = next(iter((ranking.rows == row).nonzero()[0].tolist()), None) if ranking is not None else None
        if ranking is None or place is None:
            return
        try:
            if not self._queue:
                self._queue = self._write_queue(ranking)
            self._waiting.append(
                (self._queue, now(), row_id, PICKED[ranking.picked[place]], float(ranking.scores[place]))
            )
            while self._waiting:
                self._connection.execute(_NEW_QUERY, self._waiting[0])
                del self._waiting[0]
        except sqlite3.OperationalError:  # the store is held, or the disk full; the next decision will say so
            return

    def _write_queue(self, ranking: Ranking) -> int:
        self._connection.execute("PRAGMA synchronous = NORMAL")  # a log need not outlive a power cut by milliseconds
        for table in LOG_TABLES:
            self._connection.execute(table)
        plan = self._plan
        values = (now(), self._annotator, plan.model, plan.strategy, plan.seed, plan.keywords)
        self._connection.execute(_NEW_QUEUE, (*values, ranking.moment, ranking.trained_on))
        return int(self._connection.execute("SELECT last_insert_rowid()").fetchone()[0])


def read_log(journal: Journal) -> list[LoggedQueue]:
    """Return all queues of a store that rows were shown from, oldest first."""
    has_log = journal.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'queues'").fetchone()
    if not has_log:
        return []
    queues = journal.connection.execute(
        "SELECT number, model, strategy, seed, keywords, moment, trained_on FROM queues ORDER BY number"
    ).fetchall()
    found = []
    for number, model, strategy, seed, keywords, moment, trained_on in queues:
        queries = journal.connection.execute(
            "SELECT row_id, picked, score FROM queries WHERE queue = ? ORDER BY number", (number,)
        ).fetchall()
        found.append(LoggedQueue(QueryPlan(model, strategy, seed, keywords), moment, trained_on, tuple(queries)))
    return found
