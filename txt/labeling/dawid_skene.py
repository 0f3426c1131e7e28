"""The most probable label of each item and how reliable each annotator is, from labels by several annotators.

Each annotator has a table of how often they say one class where another is right, and each item one right class. Both
are estimated in turn, by expectation maximisation, until neither changes.

Source: Dawid and Skene 1979, "Maximum likelihood estimation of observer error-rates using the EM algorithm".
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints

_MOST_STEPS = 200
_SETTLED = 1e-6  # largest change of a probability
_LEAST = 1e-12


@dataclass(frozen=True)
class Votes:
    """Labels by annotators, one a line: `items`, `annotators` and `labels` (V,), as numbers below the three counts."""

    items: Ints
    annotators: Ints
    labels: Ints
    num_items: int
    num_annotators: int
    num_classes: int


@dataclass(frozen=True)
class DawidSkene:
    """A fitted model.

    `posterior` (N, C) is of the items, `confusion` (A, C, C) by right class and class said, `prior` (C,) of classes.
    `weights` (A, C) are how many items of each class an annotator labeled, as far as that is known.
    """

    posterior: Floats
    confusion: Floats
    prior: Floats
    weights: Floats

    def infer(self, votes: Votes) -> Floats:
        """Return the probability of each class (N, C) for other items of the same annotators."""
        return _infer(votes, np.log(np.maximum(self.confusion, _LEAST)), np.log(np.maximum(self.prior, _LEAST)))


def fit_dawid_skene(votes: Votes, known: Ints | None = None, smoothing: float = 0.01) -> DawidSkene:
    """Fit the model; `known` (N,) are the right classes of items where they are known, else -1.

    `smoothing` is added to every cell of each annotator's table, so that what nobody said yet is not impossible.
    """
    # `cells` numbers the pairs of annotator and label, so that each sum over votes below is one bincount a class.
    N, A, C = votes.num_items, votes.num_annotators, votes.num_classes
    given = np.full(N, -1) if known is None else known
    is_known = given >= 0
    posterior: Floats = count_shares(votes)
    posterior[is_known] = np.eye(C)[given[is_known]]
    cells = votes.annotators * C + votes.labels
    for _ in range(_MOST_STEPS):
        prior = posterior.sum(0) + smoothing
        prior /= prior.sum()
        weighed = posterior[votes.items]  # (V, C)
        counts = np.stack([np.bincount(cells, weighed[:, c], A * C) for c in range(C)])  # (C, A * C)
        confusion = counts.reshape(C, A, C).transpose(1, 0, 2) + smoothing  # (A, right, said)
        confusion /= confusion.sum(2, keepdims=True)
        before = posterior
        posterior = _infer(votes, np.log(np.maximum(confusion, _LEAST)), np.log(np.maximum(prior, _LEAST)))
        posterior[is_known] = np.eye(C)[given[is_known]]
        if np.abs(posterior - before).max(initial=0.0) < _SETTLED:
            break
    weights = np.stack([np.bincount(votes.annotators, posterior[votes.items, c], A) for c in range(C)], axis=1)
    return DawidSkene(posterior, np.asarray(confusion, np.float64), prior, np.asarray(weights, np.float64))


def count_shares(votes: Votes) -> Floats:
    """Return the share of an item's votes for each class (N, C); all alike where it has none."""
    C = votes.num_classes
    counts = np.bincount(votes.items * C + votes.labels, minlength=votes.num_items * C).reshape(-1, C).astype(float)
    total = counts.sum(1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1.0), 1.0 / C)


def _infer(votes: Votes, log_confusion: Floats, log_prior: Floats) -> Floats:
    C = votes.num_classes
    said: npt.NDArray[np.float64] = log_confusion[votes.annotators, :, votes.labels]  # (V, C): by the right class
    sums = [np.bincount(votes.items, said[:, c], votes.num_items) for c in range(C)]
    logits = np.stack(sums, axis=1) + log_prior if len(said) else np.tile(log_prior, (votes.num_items, 1))
    logits -= logits.max(1, keepdims=True)
    found = np.exp(logits)
    return np.asarray(found / found.sum(1, keepdims=True))
