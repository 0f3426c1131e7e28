"""How the score grows with the rows: models of the ladder's first rungs, fitted on parts of the rows."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints
from txt.files import atomic_write
from txt.model.logistic import ROUGH, Features, fit_logistic
from txt.training.ladder.blend import mix

FILE = "learning_curve.npz"

SHARES = (0.125, 0.25, 0.5)
"""Of the rows that a fold's model learns from; all of them were judged before."""

_FEWEST = 20  # rows of the smallest part


@dataclass(frozen=True)
class LearningCurve:
    """Whether each row (K, N) was right by models that learned from so many rows (K,) and not from it.

    `learned` is how many rows the model that is kept has learned from.
    """

    rows: Ints
    right: npt.NDArray[np.bool_]
    learned: int


@dataclass(frozen=True)
class Member:
    """A linear model of a rung: its features for rows that are learned from, and its strength."""

    prepare: Callable[[Ints], Features]
    strength: float


def measure_learning_curve(
    members: Sequence[Member],
    weights: npt.NDArray[np.float64],
    labels: Ints,
    classes: int,
    folds: Ints,
    whole: npt.NDArray[np.bool_],
    seed: int,
    stop: Callable[[], bool],
) -> LearningCurve | None:
    """Return the curve; None where there are too few rows, or when stopped.

    Args:
        members: the models whose logits are mixed.
        weights: of each of them.
        labels: (N,).
        classes: C.
        folds: of each row, (N,).
        whole: which rows are right by models that learned from all other folds, (N,).
        seed: of the parts.
        stop: asked between fits.
    """
    rng = np.random.default_rng(seed)
    count = int(folds.max()) + 1
    sizes, right = [], []
    order = rng.permutation(len(labels))  # one order for all shares: a larger part holds the smaller ones
    for share in SHARES:
        hits = np.zeros(len(labels), np.bool_)
        learned_rows = 0
        for fold in range(count):
            learned = order[folds[order] != fold]
            part = np.sort(_take_share(learned, labels, share))
            judged = np.flatnonzero(folds == fold)
            if len(part) < _FEWEST or len(np.unique(labels[part])) < 2:
                break
            if stop():
                return None
            logits = []
            for member in members:
                features = member.prepare(part)
                model = fit_logistic(features[part], labels[part], classes, member.strength, tolerance=ROUGH)
                logits.append(model.logits(features[judged]).astype(np.float64))
            hits[judged] = mix(logits, weights).argmax(1) == labels[judged]
            learned_rows += len(part)
        else:
            sizes.append(round(learned_rows / count))
            right.append(hits)
    if len(sizes) < 2:
        return None
    sizes.append(round(len(labels) * (1 - 1 / count)))
    right.append(whole)
    return LearningCurve(np.array(sizes, np.int64), np.array(right), len(labels))


def _take_share(rows: Ints, labels: Ints, share: float) -> Ints:
    """Return the first rows of each class, such a share of them, one at least."""
    taken = [
        same[: max(1, round(share * len(same)))]
        for label in np.unique(labels[rows])
        if len(same := rows[labels[rows] == label])
    ]
    return np.concatenate(taken)


def write_learning_curve(folder: Path, curve: LearningCurve) -> None:
    """Write it into a run's folder."""
    with atomic_write(folder / FILE, "wb") as file:
        np.savez_compressed(file, rows=curve.rows, right=curve.right, learned=curve.learned)


def read_learning_curve(folder: Path) -> LearningCurve | None:
    """Return what a run's folder holds; None for a run without one, or a file that is damaged."""
    with suppress(OSError, ValueError, EOFError, KeyError), np.load(folder / FILE, allow_pickle=False) as values:
        return LearningCurve(values["rows"].astype(np.int64), values["right"].astype(np.bool_), int(values["learned"]))
    return None
