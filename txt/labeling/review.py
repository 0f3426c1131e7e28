"""Labels to review: a model, a near-duplicate or another annotator gives the row another label.

The model's prediction for a row comes from a fit on other rows only. A contradiction is shown only if, following
Northcutt et al. 2021, "Confident learning", the model is more confident in its class than it is on average on the rows
of that class. They are ordered by how far the probability of the model's class exceeds that of the label.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from txt.arrays import Ints
from txt.labeling.active.logistic import Matrix, Scores
from txt.labeling.active.models import RankingModel
from txt.labeling.active.vectors import Vectors
from txt.labeling.agreement import Ratings
from txt.labeling.item import Suggestion

FOLDS = 5
_LEAST_OF_CLASS = 5  # labels; with fewer, a fold may have none to learn from
BONUS = {"annotators": 1.0, "duplicate": 0.5, "model": 0.0}
"""What a doubt of each kind counts beside its lead."""


@dataclass(frozen=True)
class LabeledRows:
    """Rows with labels: `rows` (N,) in the file, `texts`, `labels` (N,) as numbers into `names`, `text_hashes` (N,)."""

    rows: Ints
    texts: Sequence[str]
    labels: Ints
    names: tuple[str, ...]
    text_hashes: np.typing.NDArray[np.uint64]


@dataclass(frozen=True)
class Doubt:
    """A reason to doubt the label of the line `place` of the labeled rows; `lead` says how strongly, from -1 to 1."""

    place: int
    kind: str
    says: int
    lead: float
    reason: str


@dataclass(frozen=True)
class ReviewQueue:
    """Rows to look at again, the worst first, and what to suggest for each; `counts` says how many of each kind."""

    rows: Ints
    suggestions: dict[int, Suggestion]
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """What can speak against labels: a model, near-duplicates, and annotators.

    `predict` returns probabilities (N, C) by a model, called `by`, that did not learn a row's text; `groups` (N,) are
    those of near-duplicates; `ratings` say what each annotator said, and `places` are the lines of the rows' names.
    """

    predict: Callable[[LabeledRows], Scores]
    by: str
    groups: Ints
    ratings: Ratings
    places: Mapping[str, int]


def find_doubts(labeled: LabeledRows, evidence: Evidence) -> tuple[list[Doubt], Scores | None]:
    """Return all that speaks against labels, and a model's probabilities (N, C) where labels are enough."""
    probabilities = evidence.predict(labeled) if can_model(labeled) else None
    doubts = [] if probabilities is None else find_model_doubts(probabilities, labeled, evidence.by)
    doubts += find_duplicate_doubts(evidence.groups, labeled, probabilities)
    doubts += find_annotator_doubts(evidence.ratings, evidence.places, labeled, probabilities)
    return doubts, probabilities


def predict_out_of_fold(model: RankingModel, vectors: Vectors, labeled: LabeledRows, seed: int) -> Scores:
    """Return the probability of each class for each row (N, C), from a model that never saw a row with its text."""
    matrix: Matrix = vectors.matrix
    folds = (labeled.text_hashes ^ np.uint64(seed)) % np.uint64(FOLDS)  # the hash is as good as a draw
    found = np.zeros((len(labeled.labels), len(labeled.names)), np.float32)
    prior = vectors.prior_for(labeled.names)
    for fold in range(FOLDS):
        inside, outside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        if not len(inside) or not len(outside):
            continue
        given = None if prior is None else prior[outside]
        predict = model.fit(matrix[outside], labeled.labels[outside], len(labeled.names), given, seed)
        found[inside] = predict(matrix[inside], None if prior is None else prior[inside])
    return found


def can_model(labeled: LabeledRows) -> bool:
    """Tell whether there are enough labels for a model: at least two classes with several rows each."""
    counts = np.bincount(labeled.labels, minlength=len(labeled.names))
    return int((counts >= _LEAST_OF_CLASS).sum()) > 1


def find_model_doubts(probabilities: Scores, labeled: LabeledRows, name: str) -> list[Doubt]:
    """Return the rows whose label the model contradicts with more than its usual confidence in its own class."""
    N = len(labeled.labels)
    own = probabilities[np.arange(N), labeled.labels]
    says = probabilities.argmax(1)
    usual = np.array(
        [own[labeled.labels == c].mean() if (labeled.labels == c).any() else 1.0 for c in range(len(labeled.names))]
    )
    sure = probabilities[np.arange(N), says]
    places = np.flatnonzero((says != labeled.labels) & (sure >= usual[says]))
    return [
        Doubt(
            place,
            "model",
            int(says[place]),
            float(sure[place] - own[place]),
            f"the label has {own[place]:.0%} by {name}",
        )
        for place in places.tolist()
    ]


def find_duplicate_doubts(groups: Ints, labeled: LabeledRows, probabilities: Scores | None) -> list[Doubt]:
    """Return the rows whose near-duplicates mostly have another label; of equally frequent ones the model decides."""
    members: dict[int, list[int]] = defaultdict(list)
    counts = np.bincount(groups)
    for place in np.flatnonzero(counts[groups] > 1).tolist():
        members[int(groups[place])].append(place)
    found = []
    for places in members.values():
        labels = Counter(int(labeled.labels[place]) for place in places)
        if len(labels) < 2:
            continue
        winner = _choose_label(labels, places, probabilities)
        example = next(place for place in places if labeled.labels[place] == winner)
        reason = f"nearly the same as row {labeled.rows[example] + 1:,}"
        found += [
            Doubt(place, "duplicate", winner, _measure_lead(probabilities, place, winner, labeled), reason)
            for place in places
            if labeled.labels[place] != winner
        ]
    return found


def find_annotator_doubts(
    ratings: Ratings, places: Mapping[str, int], labeled: LabeledRows, probabilities: Scores | None
) -> list[Doubt]:
    """Return the rows to which annotators gave different labels; `places` are the lines of the rows' names."""
    numbers = {name: number for number, name in enumerate(labeled.names)}
    found = []
    for name, given in ratings.items():
        place = places.get(name)
        labels = Counter(numbers[label] for label in given.values() if label in numbers)
        if place is None or len(labels) < 2:
            continue
        winner = _choose_label(labels, [place], probabilities)
        reason = ", ".join(f"{who}: {label}" for who, label in sorted(given.items()))
        found.append(Doubt(place, "annotators", winner, _measure_lead(probabilities, place, winner, labeled), reason))
    return found


def rank_doubts(doubts: Sequence[Doubt], labeled: LabeledRows, probabilities: Scores | None) -> ReviewQueue:
    """Return each doubtful row once with all reasons, the worst first; contradictions by people come before others."""
    by_place: dict[int, list[Doubt]] = defaultdict(list)
    for doubt in sorted(doubts, key=lambda each: -BONUS[each.kind]):
        by_place[doubt.place].append(doubt)
    badness = {place: each[0].lead + sum(BONUS[doubt.kind] for doubt in each) for place, each in by_place.items()}
    order = sorted(by_place, key=lambda place: (-badness[place], place))
    suggestions = {}
    for place in order:
        first = by_place[place][0]
        score = None if probabilities is None else float(probabilities[place, first.says])
        reason = "; ".join(doubt.reason for doubt in by_place[place])
        suggestions[int(labeled.rows[place])] = Suggestion(labeled.names[first.says], score, "model", reason)
    counts = Counter(doubt.kind for doubt in doubts)
    return ReviewQueue(labeled.rows[np.array(order, np.int64)], suggestions, dict(counts))


def _choose_label(labels: Counter[int], places: Sequence[int], probabilities: Scores | None) -> int:
    """Return the most frequent label; of equals, the one that the model gives more."""
    given = np.zeros(max(labels) + 1) if probabilities is None else probabilities[list(places)].sum(0)
    return max(labels, key=lambda label: (labels[label], float(given[label]), -label))


def _measure_lead(probabilities: Scores | None, place: int, says: int, labeled: LabeledRows) -> float:
    if probabilities is None:
        return 0.0
    return float(probabilities[place, says] - probabilities[place, labeled.labels[place]])
