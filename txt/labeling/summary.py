"""Summary of a label store: counts, people and pace."""

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from txt.labeling.agreement import Agreement, agreement, read_ratings
from txt.labeling.reliability import Consensus, find_consensus
from txt.labeling.row_states import RowStates
from txt.labeling.store.journal import Journal

_MOST_WEAK = 10  # rows that are listed
_SURE = 0.9  # a label more probable than this needs no other opinion first


@dataclass(frozen=True)
class Person:
    """What one annotator did: rows that stand by them, their pace, and their active time in seconds."""

    rows: int
    decisions: int
    median_seconds: float | None
    active_seconds: float


@dataclass(frozen=True)
class WeakRow:
    """A row (from 0) that needs another opinion, its most probable label, and how probable that is."""

    row: int
    label: str
    probability: float


@dataclass(frozen=True)
class StoreSummary:
    """The numbers of a data file and its store; `seconds` are those of each decision, in order."""

    data: str
    store: str
    rows: int
    labeled: int
    skipped: int
    flagged: int
    left: int
    unmatched: int
    classes: dict[str, int]
    ways: dict[str, int]
    people: dict[str, Person]
    seconds: list[float]
    agreement: Agreement | None = None
    consensus: Consensus | None = None
    weakest: tuple[WeakRow, ...] = ()

    @property
    def median_seconds(self) -> float | None:
        """The median seconds a decision, of everybody."""
        return median(self.seconds) if self.seconds else None

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as a JSON object, without the list of all seconds."""
        value = asdict(replace(self, consensus=None))
        del value["seconds"], value["consensus"]
        reliability = None
        if self.consensus is not None:
            people = [each.to_json() for each in self.consensus.annotators]
            reliability = {"annotators": people, "changed_by_reliability": self.consensus.changed}
        return {**value, "median_seconds": self.median_seconds, "reliability": reliability}


def summarize(data: Path, journal: Journal, states: RowStates, classes: list[str]) -> StoreSummary:
    """Count what stands in the file and the store."""
    seconds_of: dict[str, list[float]] = defaultdict(list)
    seconds = []
    for annotator, each in journal.timings():
        seconds_of[annotator].append(each)
        seconds.append(each)
    rows_of = Counter({name: int(states.mask_annotator(name).sum()) for name in states.annotators()})
    counts = states.class_counts()
    ratings = read_ratings(journal)
    several = journal.settings().get("multi_label") == "true"
    consensus = None if several else find_consensus(ratings)  # a combination of labels is no class
    return StoreSummary(
        data=str(data),
        store=str(journal.path),
        rows=states.offered_count,
        labeled=int(states.labeled.sum()),
        skipped=states.skipped_count,
        flagged=states.flagged_count,
        left=states.offered_count - states.decided_count,
        unmatched=len(states.unmatched),
        classes={name: counts.get(name, 0) for name in classes},
        ways=states.ways(),
        people={name: _summarize_person(rows_of[name], seconds_of[name]) for name in {**rows_of, **seconds_of}},
        seconds=seconds,
        agreement=agreement(ratings, several),
        consensus=consensus,
        weakest=() if consensus is None else _list_weakest(consensus, states),
    )


def _list_weakest(consensus: Consensus, states: RowStates) -> tuple[WeakRow, ...]:
    """Return the rows that are still in the file and whose label is least sure, given all annotators."""
    found = consensus.list_weakest(_MOST_WEAK)
    rows = states.find_rows([name for name, _, _ in found]).tolist()
    return tuple(
        WeakRow(row, label, round(probability, 4))
        for row, (_, label, probability) in zip(rows, found, strict=True)
        if row >= 0 and probability < _SURE
    )


def _summarize_person(rows: int, seconds: list[float]) -> Person:
    return Person(rows, len(seconds), median(seconds) if seconds else None, round(sum(seconds), 1))
