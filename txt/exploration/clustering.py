"""Groups of vectors: spherical k-means on a sample, and as many groups as settle.

Source of the algorithm: Dhillon and Modha 2001, "Concept decompositions for large sparse text data"; the start is that
of k-means++ (Arthur and Vassilvitskii 2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

COUNTS = (2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 85)
"""Numbers of clusters that are tried."""

_STARTS, _ROUNDS = 3, 30
_STRETCH = 1 << 16  # rows


@dataclass(frozen=True)
class Trial:
    """How well a number of clusters settles.

    `stability` is the adjusted Rand index of two clusterings, each made of one half of the sample, on the whole of it;
    `silhouette` the mean of the simplified silhouette (how much nearer a text is to its own centre than to the next).
    """

    count: int
    stability: float
    silhouette: float


def fit_centres(vectors: Floats, count: int, seed: int = 0) -> Floats:
    """Return the centres (count, D), of length 1, of the best of some starts: that with the greatest mean cosine."""
    rng = np.random.default_rng(seed)
    best, score = np.empty((0, vectors.shape[1]), np.float32), -np.inf
    for _ in range(_STARTS):
        centres = _choose_start(vectors, count, rng)
        codes = np.full(len(vectors), -1)
        for _ in range(_ROUNDS):
            likeness = vectors @ centres.T
            new = likeness.argmax(1)
            if (new == codes).all():
                break
            codes = new
            centres = _average(vectors, codes, centres, likeness.max(1))
        reached = float((vectors @ centres.T).max(1).mean())
        if reached > score:
            best, score = centres, reached
    return best


def assign_clusters(vectors: Floats, centres: Floats) -> tuple[Ints, Floats]:
    """Return the nearest centre of each vector, (N,), and its cosine with it; a zero vector belongs to none: -1."""
    codes, likeness = np.empty(len(vectors), np.int64), np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _STRETCH):
        part = vectors[start : start + _STRETCH]
        found = part @ centres.T
        stretch = slice(start, start + len(part))
        codes[stretch], likeness[stretch] = found.argmax(1), found.max(1)
        codes[stretch][~part.any(1)] = -1
    return codes, likeness


def try_counts(vectors: Floats, counts: Sequence[int] = COUNTS, seed: int = 0) -> list[Trial]:
    """Return how well each number of clusters settles."""
    order = np.random.default_rng(seed).permutation(len(vectors))
    halves = vectors[order[: len(order) // 2]], vectors[order[len(order) // 2 :]]
    trials = []
    for count in counts:
        if 4 * count > len(vectors):
            break
        one, other = (fit_centres(half, count, seed + place) for place, half in enumerate(halves))
        if min(len(one), len(other)) < count:  # there are fewer different texts
            break
        first, second = (vectors @ centres.T for centres in (one, other))
        trials.append(
            Trial(
                count,
                compare_groupings(first.argmax(1), second.argmax(1)),
                (_measure_silhouette(first) + _measure_silhouette(second)) / 2,
            )
        )
    return trials


def compare_groupings(one: Ints, other: Ints) -> float:
    """Return the adjusted Rand index of two groupings (N,): 1 where they are the same, about 0 by chance.

    Source: Hubert and Arabie 1985, "Comparing partitions".
    """
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    pairs, rows, columns = (_count_pairs(each) for each in (table, table.sum(1), table.sum(0)))
    chance = rows * columns / max(_count_pairs(np.array([float(len(one))])), 1.0)
    most = (rows + columns) / 2
    return 1.0 if most == chance else float((pairs - chance) / (most - chance))


def _count_pairs(counts: npt.NDArray[np.float64]) -> float:
    return float((counts * (counts - 1) / 2).sum())


def _measure_silhouette(likeness: Floats) -> float:
    two = np.partition(likeness, -2, axis=1)[:, -2:]
    near, next_near = 1 - two[:, 1], 1 - two[:, 0]  # distances
    return float(((next_near - near) / np.maximum(np.maximum(near, next_near), 1e-9)).mean())


def _choose_start(vectors: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Return vectors to begin with: each next one is drawn by its squared distance from those before."""
    chosen = [int(rng.integers(len(vectors)))]
    distances = np.full(len(vectors), np.inf)
    for _ in range(count - 1):
        distances = np.minimum(distances, np.maximum(1 - vectors @ vectors[chosen[-1]], 0))
        total = distances.sum()
        if total <= 0:  # fewer different texts than clusters
            break
        chosen.append(int(np.searchsorted(np.cumsum(distances), rng.random() * total).clip(0, len(vectors) - 1)))
    return vectors[chosen].copy()


def _average(vectors: Floats, codes: Ints, centres: Floats, likeness: Floats) -> Floats:
    """Return the mean direction of each cluster; an empty one begins again at the vector that fits its own worst."""
    sums = np.zeros_like(centres)
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sums[ordered[starts]] = np.add.reduceat(vectors[order], starts, axis=0)
    empty = np.setdiff1d(np.arange(len(centres)), ordered[starts])
    if len(empty):
        sums[empty] = vectors[np.argsort(likeness)[: len(empty)]]
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(np.where(lengths > 1e-9, sums / np.maximum(lengths, 1e-9), centres), np.float32)
