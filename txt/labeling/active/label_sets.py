"""Several labels a row: a model with two answers for each label, and what they say together."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints
from txt.labeling.active.logistic import Matrix, Scores
from txt.labeling.active.models import RankingModel
from txt.labeling.store.decision import SEPARATOR


def read_sets(names: Sequence[str]) -> tuple[tuple[str, ...], npt.NDArray[np.bool_]]:
    """Return the labels (K,) that occur in joined ones (C,), by name, and which of them each has (C, K)."""
    sets = [set(filter(None, name.split(SEPARATOR))) for name in names]
    labels = tuple(sorted(set().union(*sets)))
    return labels, np.array([[label in each for label in labels] for each in sets], np.bool_).reshape(-1, len(labels))


def predict_sets(model: RankingModel, rows: Matrix, places: Ints, holds: npt.NDArray[np.bool_], seed: int) -> Scores:
    """Fit on the rows at `places` (M,), which have labels `holds` (M, K), and return how probable each is (N, K).

    A label that all of these rows have, or none, is given its share with one row of either kind added.
    """
    found = np.empty((rows.shape[0], holds.shape[1]), np.float32)
    for label in range(holds.shape[1]):
        own = holds[:, label]
        if own.all() or not own.any():
            found[:, label] = (own.sum() + 1) / (len(own) + 2)
            continue
        predict = model.fit(rows[places], own.astype(np.int64), 2, None, seed)
        found[:, label] = predict(rows, None)[:, 1]
    return found


def join_sets(probabilities: Scores, labels: Sequence[str]) -> tuple[tuple[str, ...], Ints, Scores]:
    """Return the likeliest sets: those that occur, joined, which of them each row has (N,), and how sure (N,)."""
    sets, codes = np.unique(probabilities >= 0.5, axis=0, return_inverse=True)
    names = tuple(
        SEPARATOR.join(label for label, held in zip(labels, row, strict=True) if held) for row in sets.tolist()
    )
    confidence = np.maximum(probabilities, 1 - probabilities).prod(1)
    return names, np.asarray(codes.ravel(), np.int64), np.asarray(confidence, np.float32)


def mean_over_labels(score: Callable[[Scores], Scores], probabilities: Scores) -> Scores:
    """Return the mean (N,) over labels of what a score says of two answers with these probabilities (N, K).

    Of the margin it is twice the share of labels that are expected to be wrong, and so what an answer is expected to
    mend.
    """
    found = np.zeros(len(probabilities), np.float32)
    for label in range(probabilities.shape[1]):
        own = probabilities[:, label]
        found += score(np.stack([1 - own, own], axis=1))
    return np.asarray(found / max(probabilities.shape[1], 1), np.float32)
