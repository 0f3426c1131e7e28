"""How reliable each annotator is by class, which label is most probable given all, and which rows need another opinion.

The model is Dawid and Skene's. Rows that one person alone labeled count too: the label is then as sure as that person
is reliable. Source of the order of rows: Goh et al. 2022, "CROWDLAB", which asks first where the consensus is weakest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from txt.arrays import Floats
from txt.labeling.agreement import Ratings
from txt.labeling.dawid_skene import DawidSkene, Votes, count_shares, fit_dawid_skene
from txt.proportions import Interval, wilson_interval

_SMOOTHING = 0.1  # votes in each cell of an annotator's table: a class that they met once says little


@dataclass(frozen=True)
class Reliability:
    """How often an annotator is right, on all their rows and by class, as far as the labels of all tell.

    `rows` are those that they labeled. The interval is Wilson's, on the expected number of right labels.
    """

    annotator: str
    rows: int
    right: Interval
    by_class: dict[str, Interval]

    def to_json(self) -> dict[str, Any]:
        """Return the numbers by name."""
        return asdict(self)


@dataclass(frozen=True)
class Consensus:
    """The most probable label of each row, given the labels of all annotators.

    `rows` (N,) are names of rows and `classes` (C,) the labels; `probabilities` is (N, C). `changed` counts the rows
    whose label is another one by a plain majority, ties left out.
    """

    rows: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: Floats
    annotators: Sequence[Reliability]
    changed: int

    def find_label(self, row: str) -> tuple[str, float]:
        """Return the most probable label of a row, and its probability."""
        line = self.probabilities[self.rows.index(row)]
        return self.classes[int(line.argmax())], float(line.max())

    def list_weakest(self, count: int) -> list[tuple[str, str, float]]:
        """Return the rows that need another opinion most: their names, the most probable label, and its probability."""
        order = np.argsort(self.probabilities.max(1), kind="stable")[:count]
        return [(self.rows[place], *self.find_label(self.rows[place])) for place in order.tolist()]


def find_consensus(ratings: Ratings) -> Consensus | None:
    """Return the most probable labels and how reliable each annotator is; None where no row has two labels."""
    if not any(len(given) > 1 for given in ratings.values()):
        return None
    rows = tuple(sorted(ratings))
    people = sorted({name for given in ratings.values() for name in given})
    classes = tuple(sorted({label for given in ratings.values() for label in given.values()}))
    votes = _make_votes(ratings, rows, people, classes)
    fitted = fit_dawid_skene(votes, smoothing=_SMOOTHING)
    shares = count_shares(votes)
    is_tie = (shares >= shares.max(1, keepdims=True) - 1e-12).sum(1) > 1
    changed = (shares.argmax(1) != fitted.posterior.argmax(1)) & ~is_tie
    reliable = [_describe_annotator(name, place, fitted, votes, classes) for place, name in enumerate(people)]
    return Consensus(rows, classes, fitted.posterior, reliable, int(changed.sum()))


def _make_votes(ratings: Ratings, rows: Sequence[str], people: Sequence[str], classes: Sequence[str]) -> Votes:
    person: Mapping[str, int] = {name: place for place, name in enumerate(people)}
    label: Mapping[str, int] = {name: place for place, name in enumerate(classes)}
    lines = [
        (item, person[who], label[said]) for item, row in enumerate(rows) for who, said in sorted(ratings[row].items())
    ]
    items, annotators, labels = np.array(lines, np.int64).T
    return Votes(items, annotators, labels, len(rows), len(people), len(classes))


def _describe_annotator(name: str, place: int, fitted: DawidSkene, votes: Votes, classes: Sequence[str]) -> Reliability:
    """Return how often an annotator's labels are right, each counted as far as it is probably right."""
    own = votes.annotators == place
    items, said = votes.items[own], votes.labels[own]
    right = fitted.posterior[items, said]  # (votes,): the probability that this label is right
    by_class = {}
    for code, label in enumerate(classes):
        met = float(fitted.posterior[items, code].sum())  # rows of this class that they labeled, as expected
        if met >= 0.5:
            hits = float(right[said == code].sum())
            by_class[label] = _expected_interval(hits, met)
    return Reliability(name, len(items), _expected_interval(float(right.sum()), len(items)), by_class)


def _expected_interval(hits: float, rows: float) -> Interval:
    count = max(round(rows), 1)
    return wilson_interval(min(round(count * hits / rows), count), count)
