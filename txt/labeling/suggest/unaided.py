"""Labels that were given without seeing a suggestion, and how far people follow wrong ones.

The holdout, and a share of the other rows, are shown without a suggestion; what would have been suggested is logged. On
these rows the share of wrong suggestions is measured; on the others, only how many were rejected is known.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Any

from txt.labeling.store.decision import now
from txt.labeling.store.journal import Journal
from txt.labeling.store.store_file import LOG_TABLES
from txt.proportions import Interval, wilson_interval

SURE = 0.5
"""The probability from which a suggestion is taken by enter; below it the likeliest classes are only named."""

_NEW = "INSERT INTO hidden_suggestions (time, annotator, row_id, label, score, why) VALUES (?, ?, ?, ?, ?, ?)"
_SHOWN = (
    "SELECT row_id, annotator, suggestion, value FROM standing"
    " WHERE kind = 'label' AND how = 'manual' AND suggestion IS NOT NULL"
)
_PRESELECTED = f"{_SHOWN} AND (score IS NULL OR score >= {SURE})"
"""Of those shown, the ones that enter takes; the classes that are only named are seen, but not followed."""

_HIDDEN = (
    "SELECT h.label, s.value FROM hidden_suggestions h JOIN standing s ON s.row_id = h.row_id"
    " AND s.annotator = h.annotator WHERE s.kind = 'label' AND s.how = 'manual' AND s.suggestion IS NULL"
    " AND h.number = (SELECT max(number) FROM hidden_suggestions WHERE row_id = h.row_id AND annotator = h.annotator"
    " AND time <= s.time) AND s.number = (SELECT max(number) FROM standing WHERE row_id = s.row_id"
    " AND annotator = s.annotator AND kind = 'label' AND how = 'manual')"
)


@dataclass(frozen=True)
class Following:
    """How people took suggestions: `shown` on so many labeled rows, `taken` on so many of these.

    `hidden` labels were given without one, and on `right` of them the hidden suggestion was the label. `wrong` is how
    many of those shown were wrong by that share, and `followed` how many of the wrong ones were taken, with intervals;
    None where nothing was hidden. `known_wrong` suggestions were contradicted by the label that stands now, and
    `known_followed` of them had been taken.
    """

    shown: int
    taken: int
    hidden: int
    right: Interval | None
    wrong: Interval | None
    followed: Interval | None
    known_wrong: int
    known_followed: int

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return {
            "shown": self.shown,
            "taken": self.taken,
            "hidden": self.hidden,
            "right": None if self.right is None else self.right.to_json(),
            "wrong": None if self.wrong is None else self.wrong.to_json(),
            "followed": None if self.followed is None else self.followed.to_json(),
            "known_wrong": self.known_wrong,
            "known_followed": self.known_followed,
        }


def is_blind(row_id: str, share: float, seed: int) -> bool:
    """Tell whether a row is one of the share that is shown without a suggestion; always the same ones."""
    digest = hashlib.blake2b(f"{seed} {row_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") < share * 2**64


def log_hidden(journal: Journal, annotator: str, row_id: str, label: str, score: float | None, why: str) -> None:
    """Log a suggestion that is not shown; what cannot be written now is left out, for a log must not hold up a key."""
    try:
        journal.connection.execute("PRAGMA synchronous = NORMAL")
        for table in LOG_TABLES:
            journal.connection.execute(table)
        journal.connection.execute(_NEW, (now(), annotator, row_id, label, score, why))
    except sqlite3.OperationalError:
        return


def find_aided_rows(journal: Journal) -> set[str]:
    """Return the names of the rows whose label was given with a suggestion in sight."""
    return {str(row[0]) for row in journal.connection.execute(_SHOWN)}


def measure_following(journal: Journal) -> Following:
    """Measure how people took suggestions."""
    shown = journal.connection.execute(_PRESELECTED).fetchall()
    last = {(row_id, annotator): (suggestion, value) for row_id, annotator, suggestion, value in shown}
    taken = sum(suggestion == value for suggestion, value in last.values())
    standing = dict(journal.connection.execute("SELECT row_id, label FROM current WHERE kind = 'label'").fetchall())
    contradicted = [
        value == suggestion
        for (row_id, _), (suggestion, value) in last.items()
        if standing.get(row_id) not in (None, suggestion)
    ]
    has_log = journal.connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'hidden_suggestions'").fetchone()
    hidden = journal.connection.execute(_HIDDEN).fetchall() if has_log else []
    right = wilson_interval(sum(label == value for label, value in hidden), len(hidden)) if hidden else None
    count, rejected = len(last), len(last) - taken
    wrong = followed = None
    if right is not None:
        wrong = Interval(count * (1 - right.value), count * (1 - right.high), count * (1 - right.low))
        followed = Interval(*(max(each - rejected, 0.0) for each in (wrong.value, wrong.low, wrong.high)))
    return Following(count, taken, len(hidden), right, wrong, followed, len(contradicted), sum(contradicted))
