"""Which rows would teach most: from probabilities (N, C), the rows to ask about, best first, and their scores."""

from collections.abc import Callable, Mapping

import numpy as np

from txt.arrays import Ints
from txt.labeling.active.cold_start import interleave, measure_centre_distances
from txt.labeling.active.logistic import Matrix, Scores

Score = Callable[[Scores], Scores]

Adapt = Callable[[Score, Scores], Scores]
"""How a score of probabilities (N, C) is taken: as it is, or where rows have several labels label by label."""

Strategy = Callable[[Scores, Matrix, int, np.random.Generator, Adapt], tuple[Ints, Scores]]
"""From probabilities (N, C), features (N, F), how many are wanted, a random generator, and how a score is taken."""

_TOP = 10  # candidates to cluster for each one wanted
_MOST_CLUSTERS = 20


def margin(probabilities: Scores) -> Scores:
    """Return 1 less the lead of the likeliest class over the next (Scheffer 2001, "breaking ties")."""
    if probabilities.shape[1] < 2:
        return np.zeros(len(probabilities), np.float32)
    top = np.partition(probabilities, -2, axis=1)[:, -2:]
    return np.asarray(1.0 - (top[:, 1] - top[:, 0]), np.float32)


def entropy(probabilities: Scores) -> Scores:
    """Return the entropy, as a share of the most that so many classes can have."""
    safe = np.clip(probabilities, 1e-12, 1.0)
    return np.asarray(-(safe * np.log(safe)).sum(1) / np.log(max(probabilities.shape[1], 2)), np.float32)


def least_confidence(probabilities: Scores) -> Scores:
    """Return 1 less the probability of the likeliest class."""
    return np.asarray(1.0 - probabilities.max(1), np.float32)


def take_score(score: Score, probabilities: Scores) -> Scores:
    """Return a score of probabilities of classes, one of which is right."""
    return score(probabilities)


def select_highest(scores: Scores, count: int) -> Ints:
    """Return the places of the highest scores, the highest first; of equals, the first."""
    return np.argsort(-scores, kind="stable")[:count].astype(np.int64)


def _make_strategy(score: Score) -> Strategy:
    def ask(
        probabilities: Scores, _rows: Matrix, count: int, _rng: np.random.Generator, adapt: Adapt
    ) -> tuple[Ints, Scores]:
        scores = adapt(score, probabilities)
        chosen = select_highest(scores, count)
        return chosen, scores[chosen]

    return ask


def _choose_at_random(
    probabilities: Scores, _rows: Matrix, count: int, rng: np.random.Generator, _adapt: Adapt
) -> tuple[Ints, Scores]:
    chosen = rng.permutation(len(probabilities))[:count].astype(np.int64)
    return chosen, np.zeros(len(chosen), np.float32)


def _choose_diverse(
    probabilities: Scores, rows: Matrix, count: int, rng: np.random.Generator, adapt: Adapt
) -> tuple[Ints, Scores]:
    """Cluster the candidates of highest margin score, and take from each cluster in turn."""
    scores = adapt(margin, probabilities)
    clusters = min(count, _MOST_CLUSTERS)
    top = select_highest(scores, max(_TOP * clusters, count))
    if len(top) <= clusters:
        return top, scores[top]
    seed = int(rng.integers(2**31))
    groups = measure_centre_distances(rows[top], clusters, seed).argmin(1)
    chosen = top[interleave(groups)][:count]
    return chosen, scores[chosen]


STRATEGIES: Mapping[str, Strategy] = {
    "margin": _make_strategy(margin),
    "entropy": _make_strategy(entropy),
    "least-confidence": _make_strategy(least_confidence),
    "random": _choose_at_random,
    "diverse": _choose_diverse,
}
"""The strategies by name."""
