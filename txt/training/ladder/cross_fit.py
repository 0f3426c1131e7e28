"""Logistic regression judged on rows that it did not learn from, at the strength that does best there."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.model.logistic import FIRST_STRENGTH, PRECISE, STRENGTHS, Features, Linear, fit_logistic, fit_logistic_soft
from txt.model.logistic import ROUGH as ROUGHLY

Part = tuple[Ints, Ints]
"""Rows that a model learns from, and rows that it is judged on."""

Prepare = Callable[[Ints], Features]
"""Returns the features of all rows as a model sees them that learns from these."""


class Fit(Protocol):
    """Fits a linear model."""

    def __call__(
        self,
        features: Features,
        labels: npt.NDArray[Any],
        strength: float,
        start: Linear | None = None,
        tolerance: float = PRECISE,
        /,
    ) -> Linear:
        """Return a model of rows (N, F) with labels of some kind; arguments are those of `fit_logistic`."""


class Learner(Protocol):
    """How a linear model is fitted to labels of some kind, and how far off it is."""

    @property
    def fit(self) -> Fit:
        """What fits a model."""

    def losses(self, logits: npt.NDArray[np.floating], labels: npt.NDArray[Any]) -> Floats:
        """Return the log loss of each row, (N,)."""


class OneClass:
    """Multinomial logistic regression: a row has one class of `classes`."""

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.fit: Fit = lambda features, labels, *rest: fit_logistic(features, labels, classes, *rest)

    def losses(self, logits: npt.NDArray[np.floating], labels: npt.NDArray[Any]) -> Floats:
        """Return the log loss of each row's class."""
        return log_losses(np.asarray(logits, np.float64), labels)


class SoftClasses:
    """Fits to probabilities (N, C) in the place of classes."""

    fit: Fit = staticmethod(fit_logistic_soft)

    def losses(self, logits: npt.NDArray[np.floating], labels: npt.NDArray[Any]) -> Floats:
        """Return the cross-entropy of each row."""
        exact = np.asarray(logits, np.float64)
        return np.asarray(np.logaddexp.reduce(exact, axis=1) - (exact * labels).sum(1))


@dataclass(frozen=True)
class CrossFit:
    """A strength, and the logits (R, N, C) of all rows in each repetition, none by a model that learned the row."""

    strength: float
    logits: npt.NDArray[np.float32]


def cross_fit(
    prepare: Prepare,
    labels: npt.NDArray[Any],
    classes: int,
    repetitions: Ints,
    threads: int,
    stop: Callable[[], bool] = lambda: False,
    kind: Learner | None = None,
) -> CrossFit | None:
    """Choose the strength with the lowest log loss out of fold, beginning in the middle and going on while it falls.

    Args:
        prepare: makes the features.
        labels: (N,), or (N, C) where rows have several.
        classes: C.
        repetitions: the fold of each row, (R, N).
        threads: folds that are fitted at a time.
        stop: asked between folds; True gives up, and None comes back.
        kind: what labels are; a class a row by default.
    """
    kind = kind or OneClass(classes)
    parts = list(_parts(repetitions))
    # of the best strength so far, and of the one that is being tried: all of them together could take gigabytes
    models: dict[float, dict[int, Linear]] = {}
    found: dict[float, npt.NDArray[np.float32]] = {}
    losses: dict[float, float] = {}

    def fit(number: int, strength: float, near: float | None) -> bool:
        if stop():
            return False
        repetition, learned, judged = parts[number]
        features = prepare(learned)
        start = None if near is None else models[near][number]
        model = kind.fit(features[learned], labels[learned], strength, start, ROUGHLY)
        models[strength][number] = model
        found[strength][repetition, judged] = model.logits(features[judged])
        return True

    def measure(strength: float, near: float | None) -> bool:
        models[strength], found[strength] = {}, np.zeros((*repetitions.shape, classes), np.float32)
        done = list(pool.map(lambda number: fit(number, strength, near), range(len(parts))))
        losses[strength] = float(np.mean([kind.losses(each, labels).mean() for each in found[strength]]))
        return all(done)

    with ThreadPoolExecutor(max(1, min(threads, len(parts)))) as pool:
        if not measure(FIRST_STRENGTH, None):
            return None
        best = FIRST_STRENGTH
        for direction in (1, -1):
            while (place := STRENGTHS.index(best) + direction) in range(len(STRENGTHS)) and STRENGTHS[
                place
            ] not in losses:
                if not measure(STRENGTHS[place], best):
                    return None
                if losses[STRENGTHS[place]] >= losses[best]:
                    del models[STRENGTHS[place]], found[STRENGTHS[place]]
                    break
                del models[best], found[best]
                best = STRENGTHS[place]
    return CrossFit(best, found[best])


def log_losses(logits: Floats, labels: Ints) -> Floats:
    """Return the log loss of each row (N,) in nats."""
    exact = np.asarray(logits, np.float64)
    top = exact.max(1)
    right = exact[np.arange(len(labels)), labels]
    return np.asarray(np.log(np.exp(exact - top[:, None]).sum(1)) + top - right)


def _parts(repetitions: Ints) -> Iterable[tuple[int, Ints, Ints]]:
    for repetition, folds in enumerate(repetitions):
        for fold in range(int(folds.max()) + 1):
            yield repetition, np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
