"""Agreement between annotators, corrected for chance: Cohen's kappa and Krippendorff's alpha."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from txt.data.formats.record import SEPARATOR
from txt.labeling.store.journal import Journal

Ratings = Mapping[str, Mapping[str, str]]
"""The label that each annotator gave each row: row → annotator → label."""

LabelSet = frozenset[str]


@dataclass(frozen=True)
class AnnotatorPair:
    """Two annotators and the rows that both labeled; `kappa` is None where both always gave one and the same label.

    Where rows have several labels, `kappa` is the mean of that of each label, and `agreed` counts rows of which all
    labels are the same.
    """

    first: str
    second: str
    rows: int
    agreed: float
    kappa: float | None


@dataclass(frozen=True)
class LabelAgreement:
    """How far annotators agree on whether one label holds: Cohen's kappa, the mean over pairs weighed by their rows."""

    name: str
    rows: int
    kappa: float | None


@dataclass(frozen=True)
class Agreement:
    """How far all annotators of a store agree.

    `kappa` is the mean over the pairs, weighed by their rows; `alpha` is Krippendorff's, for nominal labels, or where
    rows have several with MASI's distance between sets. None where there is nothing to tell agreement from chance.
    `labels` are there where rows have several.
    """

    rows: int
    disputed: int
    pairs: list[AnnotatorPair]
    kappa: float | None
    alpha: float | None
    labels: tuple[LabelAgreement, ...] = ()

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


def krippendorff_alpha(
    ratings: Mapping[str, Mapping[str, Hashable]], distance: Callable[[Any, Any], float] | None = None
) -> float | None:
    """Return Krippendorff's alpha, rows with one label left aside; None without two labels.

    `distance` says how far two labels are apart, from 0 to 1; by default they are the same or not.

    Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability".
    """
    totals: Counter[Hashable] = Counter()
    observed = 0.0
    for given in ratings.values():
        counts = Counter(given.values())
        m = counts.total()
        if m > 1:
            totals.update(counts)
            observed += _sum_distances(counts, distance) / (m - 1)
    expected = _sum_distances(totals, distance)
    return None if expected == 0 else 1.0 - (totals.total() - 1) * observed / expected


def _sum_distances(counts: Counter[Hashable], distance: Callable[[Any, Any], float] | None) -> float:
    """Return the summed distance of all ordered pairs of labels."""
    if distance is None:
        total = counts.total()
        return float(sum(count * (total - count) for count in counts.values()))
    pairs = combinations(counts.items(), 2)
    return 2 * sum(count * other * distance(one, two) for (one, count), (two, other) in pairs)


def masi_distance(first: LabelSet, second: LabelSet) -> float:
    """Return how far two sets are apart, from 0 to 1: two that hold no label are alike.

    Source: Passonneau 2006, "Measuring Agreement on Set-valued Items (MASI)".
    """
    if first == second:
        return 0.0
    shared = first & second
    if not shared:
        return 1.0
    monotonic = 2 / 3 if shared in (first, second) else 1 / 3  # one holds the other; or they overlap
    return 1.0 - len(shared) / len(first | second) * monotonic


def agreement(ratings: Ratings, several: bool = False) -> Agreement | None:
    """Return the agreement of annotators, pair by pair and overall; None where no row has two labels.

    `several` says that a label is several, joined: in whatever order.
    """
    if several:
        return _agree_on_sets({row: {who: _parse(label) for who, label in of.items()} for row, of in ratings.items()})
    shared = _pair_up(ratings)
    pairs = [_compare_pair(first, second, labels) for (first, second), labels in sorted(shared.items())]
    return _sum_up(ratings, pairs, krippendorff_alpha(ratings))


def _agree_on_sets(ratings: Mapping[str, Mapping[str, LabelSet]]) -> Agreement | None:
    shared = _pair_up(ratings)
    names = sorted({name for labels in shared.values() for both in labels for each in both for name in each})
    kappas = {pair: [_label_kappa(name, labels) for name in names] for pair, labels in shared.items()}
    pairs = [
        AnnotatorPair(
            *pair, len(labels), sum(a == b for a, b in labels) / len(labels), _mean([(k, 1) for k in kappas[pair]])
        )
        for pair, labels in sorted(shared.items())
    ]
    found = [
        LabelAgreement(
            name,
            sum(name in a or name in b for labels in shared.values() for a, b in labels),
            _mean([(kappas[pair][place], len(labels)) for pair, labels in shared.items()]),
        )
        for place, name in enumerate(names)
    ]
    return _sum_up(ratings, pairs, krippendorff_alpha(ratings, masi_distance), tuple(found))


def _pair_up(ratings: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], list[tuple[Any, Any]]]:
    """Return what both annotators of each pair said of the rows that they share."""
    shared: dict[tuple[str, str], list[tuple[Any, Any]]] = defaultdict(list)
    for given in ratings.values():
        for first, second in combinations(sorted(given), 2):
            shared[first, second].append((given[first], given[second]))
    return shared


def _sum_up(
    ratings: Mapping[str, Mapping[str, Hashable]],
    pairs: list[AnnotatorPair],
    alpha: float | None,
    labels: tuple[LabelAgreement, ...] = (),
) -> Agreement | None:
    if not pairs:
        return None
    several = [set(given.values()) for given in ratings.values() if len(given) > 1]
    return Agreement(
        rows=len(several),
        disputed=sum(len(said) > 1 for said in several),
        pairs=pairs,
        kappa=_mean([(pair.kappa, pair.rows) for pair in pairs]),
        alpha=alpha,
        labels=labels,
    )


def _parse(label: str) -> LabelSet:
    return frozenset(part for part in label.split(SEPARATOR) if part)


def _label_kappa(name: str, labels: Sequence[tuple[LabelSet, LabelSet]]) -> float | None:
    return cohen_kappa([name in a for a, _ in labels], [name in b for _, b in labels])


def _mean(values: Sequence[tuple[float | None, int]]) -> float | None:
    """Return the weighted mean of the numbers that there are."""
    telling = [(value, weight) for value, weight in values if value is not None]
    total = sum(weight for _, weight in telling)
    return sum(value * weight for value, weight in telling) / total if total else None


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
