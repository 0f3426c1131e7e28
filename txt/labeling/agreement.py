"""Agreement between annotators, corrected for chance: Cohen's kappa and Krippendorff's alpha."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from txt.labeling.store.journal import Journal

Ratings = Mapping[str, Mapping[str, str]]
"""The label that each annotator gave each row: row → annotator → label."""


@dataclass(frozen=True)
class AnnotatorPair:
    """Two annotators and the rows that both labeled; `kappa` is None where both always gave one and the same label."""

    first: str
    second: str
    rows: int
    agreed: float
    kappa: float | None


@dataclass(frozen=True)
class Agreement:
    """How far all annotators of a store agree.

    `kappa` is the mean over the pairs, weighed by their rows; `alpha` is Krippendorff's for nominal labels. None where
    there is nothing to tell agreement from chance.
    """

    rows: int
    disputed: int
    pairs: list[AnnotatorPair]
    kappa: float | None
    alpha: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Return Cohen's kappa of two lists of labels for the same rows; None where chance explains everything.

    Source: Cohen 1960.
    """
    count = len(first)
    if not count:
        return None
    agreed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    ours, theirs = Counter(first), Counter(second)
    by_chance = sum(ours[label] * theirs[label] for label in ours) / count**2
    return None if by_chance >= 1.0 else (agreed - by_chance) / (1.0 - by_chance)


def krippendorff_alpha(ratings: Ratings) -> float | None:
    """Return Krippendorff's alpha for nominal labels, rows with one label left aside; None without two labels.

    Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability".
    """
    totals: Counter[str] = Counter()
    observed = 0.0
    for given in ratings.values():
        counts = Counter(given.values())
        m = counts.total()
        if m > 1:
            totals.update(counts)
            observed += sum(count * (m - count) for count in counts.values()) / (m - 1)
    n = totals.total()
    expected = sum(count * (n - count) for count in totals.values())
    return None if expected == 0 else 1.0 - (n - 1) * observed / expected


def agreement(ratings: Ratings) -> Agreement | None:
    """Return the agreement of annotators, pair by pair and overall; None where no row has two labels."""
    shared: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for given in ratings.values():
        for first, second in combinations(sorted(given), 2):
            shared[first, second].append((given[first], given[second]))
    if not shared:
        return None
    pairs = [_compare_pair(first, second, labels) for (first, second), labels in sorted(shared.items())]
    telling = [(pair.kappa, pair.rows) for pair in pairs if pair.kappa is not None]
    weight = sum(rows for _, rows in telling)
    several = [set(given.values()) for given in ratings.values() if len(given) > 1]
    return Agreement(
        rows=len(several),
        disputed=sum(len(labels) > 1 for labels in several),
        pairs=pairs,
        kappa=sum(kappa * rows for kappa, rows in telling) / weight if weight else None,
        alpha=krippendorff_alpha(ratings),
    )


def read_ratings(journal: Journal) -> dict[str, dict[str, str]]:
    """Return what each annotator said of each row: their own last label, without copies to duplicates and reviews.

    What was imported counts, since other tools tell who labeled.
    """
    rows = journal.connection.execute(
        "SELECT row_id, annotator, value, max(number) FROM standing"
        " WHERE kind IN ('label', 'skip') AND how IN ('manual', 'bulk', 'import') GROUP BY row_id, annotator"
    )
    ratings: dict[str, dict[str, str]] = defaultdict(dict)
    for name, annotator, label, _ in rows:
        if label is not None:
            ratings[name][annotator] = label
    return dict(ratings)


def _compare_pair(first: str, second: str, labels: list[tuple[str, str]]) -> AnnotatorPair:
    ours, theirs = [a for a, _ in labels], [b for _, b in labels]
    agreed = sum(a == b for a, b in labels) / len(labels)
    return AnnotatorPair(first, second, len(labels), agreed, cohen_kappa(ours, theirs))
