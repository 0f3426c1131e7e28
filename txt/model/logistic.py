"""Multinomial logistic regression, solved to the optimum, on sparse or dense features; needs nothing but numpy.

The solver is L-BFGS (Nocedal and Wright 2006, chapter 7) with two changes that make it several times as fast on
n-grams: it begins from the diagonal of the Hessian, since an n-gram of one row and one of all rows differ in curvature
by four orders of magnitude, and its line search costs no product with the features, since logits are linear in the
step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints

STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
"""Inverse strengths of regularization to choose from (scikit-learn's C)."""

FIRST_STRENGTH = 10.0
"""Where the search among them begins."""

PRECISE, ROUGH = 1e-6, 1e-3
"""The solver goes on while an iteration lowers the objective by this share: for a model; to choose a strength."""

UNSEEN = -30.0
"""The bias of a class without a row: no logit comes near."""

_BLOCK_WEIGHTS = 4_000_000  # n-grams, or rows, times labels that are fitted at a time: some 350 MB with L-BFGS
_MEMORY = 8  # steps that L-BFGS remembers
_MOST_ITERATIONS = 300

Array = npt.NDArray[np.float32]
Features = Any
"""Rows of features (N, F): a scipy CSR matrix or an array, in float32."""


@dataclass(frozen=True)
class Linear:
    """A linear model: `weight` (F, C) and `bias` (C,)."""

    weight: Array
    bias: Array

    def logits(self, features: Features) -> Array:
        """Return the logits (N, C) of some rows."""
        return np.asarray(features @ self.weight + self.bias, np.float32)


def fit_logistic(
    features: Features,
    labels: Ints,
    classes: int,
    strength: float,
    start: Linear | None = None,
    tolerance: float = PRECISE,
) -> Linear:
    """Minimize the summed log loss plus |weight|² / (2 · strength), as scikit-learn's LogisticRegression does.

    Args:
        features: (N, F).
        labels: (N,) class numbers, of which there must be two different ones at least.
        classes: C; those without a row are never predicted.
        strength: scikit-learn's C.
        start: where to begin; a solution for another strength is near.
        tolerance: the least relative decrease of an iteration after which another one follows.
    """
    if start is None and strength > FIRST_STRENGTH:  # from zero, a weak pull lets the first step be a bad one
        start = fit_logistic(features, labels, classes, FIRST_STRENGTH, tolerance=max(tolerance, ROUGH))
    present, numbers = np.unique(labels, return_inverse=True)
    problem = _Problem(features, numbers, len(present), 1.0 / strength)
    weight, bias = problem.solve(None if start is None else problem.narrow(start, present), tolerance)
    return problem.widen(weight, bias, present, classes)


def fit_logistic_sets(
    features: Features,
    targets: npt.NDArray[np.bool_],
    strength: float,
    start: Linear | None = None,
    tolerance: float = PRECISE,
) -> Linear:
    """Minimize the log loss of every label by itself, as one logistic regression a label does.

    Labels are fitted some at a time, which bounds the memory: the objective is a sum over them. A label that no row has
    is never predicted, one that every row has always.

    Args:
        features: (N, F).
        targets: which label each row has, (N, K).
        strength: scikit-learn's C.
        start: where to begin; a solution for another strength is near.
        tolerance: the least relative decrease of an iteration after which another one follows.
    """
    if start is None and strength > FIRST_STRENGTH:  # from zero, a weak pull lets the first step be a bad one
        start = fit_logistic_sets(features, targets, FIRST_STRENGTH, tolerance=max(tolerance, ROUGH))
    counts = targets.sum(0)
    width, labels = features.shape[1], targets.shape[1]
    weight = np.zeros((width, labels), np.float32)
    bias = np.where(counts > 0, -np.float32(UNSEEN), np.float32(UNSEEN)).astype(np.float32)
    varied = np.flatnonzero((counts > 0) & (counts < len(targets)))
    transposed = features.T.tocsr() if hasattr(features, "tocsr") else features.T
    pieces = -(-len(varied) * max(width, len(targets)) // _BLOCK_WEIGHTS)
    for block in np.array_split(varied, max(1, pieces)):
        if not len(block):
            continue
        problem = _SetsProblem(features, transposed, targets[:, block], 1.0 / strength)
        near = None if start is None else (start.weight[:, block], start.bias[block])
        weight[:, block], bias[block] = problem.solve(near, tolerance)
    return Linear(weight, bias)


def fit_logistic_soft(
    features: Features,
    shares: Array,
    strength: float,
    start: Linear | None = None,
    tolerance: float = PRECISE,
) -> Linear:
    """Minimize the summed cross-entropy to probabilities, such as another model's, plus |weight|² / (2 · strength).

    Source: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network", at a temperature of 1.

    Args:
        features: (N, F).
        shares: the probability of each class in each row, (N, C).
        strength: scikit-learn's C.
        start: where to begin; a solution for another strength is near.
        tolerance: the least relative decrease of an iteration after which another one follows.
    """
    if start is None and strength > FIRST_STRENGTH:  # from zero, a weak pull lets the first step be a bad one
        start = fit_logistic_soft(features, shares, FIRST_STRENGTH, tolerance=max(tolerance, ROUGH))
    present = np.arange(shares.shape[1])
    problem = _SoftProblem(features, shares, 1.0 / strength)
    weight, bias = problem.solve(None if start is None else problem.narrow(start, present), tolerance)
    return problem.widen(weight, bias, present, len(present))


def fit_path(features: Features, labels: Ints, classes: int, strengths: Sequence[float]) -> Iterator[Linear]:
    """Yield the model for each of some strengths, each found from the one before it."""
    found: Linear | None = None
    for strength in strengths:
        found = fit_logistic(features, labels, classes, strength, found, ROUGH)
        yield found


class _Problem:
    """The objective on some rows. Two classes have one column of weights, which says how far the second is above."""

    def __init__(self, features: Features, numbers: Ints, classes: int, penalty: float) -> None:
        self.features, self.numbers, self.classes, self.penalty = features, numbers, classes, penalty
        self.transposed = features.T.tocsr() if hasattr(features, "tocsr") else features.T
        self.columns = 1 if classes == 2 else classes
        self.rows = len(numbers)
        self.targets = np.zeros((self.rows, self.columns), np.float32)  # (N, K)
        if self.columns == 1:
            self.targets[:, 0] = numbers
        else:
            self.targets[np.arange(self.rows), numbers] = 1

    def solve(self, start: tuple[Array, Array] | None, tolerance: float) -> tuple[Array, Array]:
        """Return weights (F, K) and biases (K,)."""
        scale = self._curvature()
        point = self._beginning() if start is None else np.vstack([start[0], start[1][None]])
        logits = self._product(point)
        gradient = self._gradient(point, logits)
        value = self._value(point, logits)
        steps: list[tuple[Array, Array, float]] = []
        for _ in range(_MOST_ITERATIONS):
            direction = -_two_loops(gradient, steps, scale)
            along = self._product(direction)
            length = self._search(point, direction, logits, along, float((gradient * direction).sum()))
            if length <= 0:
                break
            step = np.float32(length) * direction
            point = point + step
            logits = logits + np.float32(length) * along
            before, value = value, self._value(point, logits)
            if before - value <= tolerance * abs(value):
                break
            last, gradient = gradient, self._gradient(point, logits)
            change = gradient - last
            curvature = float((step * change).sum())
            if curvature > 0:
                steps = [*steps[1 - _MEMORY :], (step, change, 1 / curvature)]
        return point[:-1], point[-1]

    def _beginning(self) -> Array:
        """Return weights of zero, and as biases the shares of the classes."""
        shares = np.log(np.bincount(self.numbers, minlength=self.classes) / self.rows)
        point = np.zeros((self.features.shape[1] + 1, self.columns), np.float32)
        point[-1] = shares[1] - shares[0] if self.columns == 1 else shares - shares.mean()
        return point

    def _curvature(self) -> Array:
        """Return an estimate (F + 1, K) of the Hessian's diagonal, from the shares of the classes."""
        shares = np.bincount(self.numbers, minlength=self.classes) / self.rows
        return self._diagonal((shares * (1 - shares))[-self.columns :])

    def _diagonal(self, variance: npt.NDArray[np.floating]) -> Array:
        squares = self.features.power(2) if hasattr(self.features, "tocsr") else self.features**2
        sums = np.append(np.asarray(squares.sum(0)).ravel(), self.rows)
        penalties = np.append(np.full(len(sums) - 1, self.penalty), 0.0)
        return np.asarray(np.outer(sums, variance) + penalties[:, None] + 1e-6, np.float32)

    def _product(self, point: Array) -> Array:
        return np.asarray(self.features @ point[:-1] + point[-1], np.float32)  # (N, K)

    def _gradient(self, point: Array, logits: Array) -> Array:
        wrong = self._shares(logits) - self.targets  # (N, K)
        above = np.asarray(self.transposed @ wrong, np.float32) + np.float32(self.penalty) * point[:-1]
        return np.vstack([above, wrong.sum(0, dtype=np.float64).astype(np.float32)[None]])

    def _value(self, point: Array, logits: Array) -> float:
        exact = logits.astype(np.float64)
        if self.columns == 1:
            losses = np.logaddexp(0, exact[:, 0]) - exact[:, 0] * self.targets[:, 0]
        else:
            top = exact.max(1)
            losses = np.log(np.exp(exact - top[:, None]).sum(1)) + top - exact[np.arange(self.rows), self.numbers]
        return float(losses.sum()) + 0.5 * self.penalty * _dot(point[:-1], point[:-1])

    def _search(self, point: Array, direction: Array, logits: Array, along: Array, slope: float) -> float:
        """Return how far to go in a direction: Newton's method on the objective, which is convex along it.

        A bracket keeps the steps where the minimum is, so that a step too far at an almost flat place does no harm.
        """
        if slope >= 0:
            return 0.0
        crossed, squared = _dot(point[:-1], direction[:-1]), _dot(direction[:-1], direction[:-1])
        low, high, length = 0.0, np.inf, 1.0
        for _ in range(20):
            shares = self._shares(logits + np.float32(length) * along)
            first = _dot(shares - self.targets, along) + self.penalty * (crossed + length * squared)
            if abs(first) <= 0.1 * abs(slope):
                return length
            low, high = (length, high) if first < 0 else (low, length)
            second = self._second(shares, along) + self.penalty * squared
            wanted = length - first / second if second > 0 else np.inf
            length = (
                wanted
                if low < wanted < min(high, 10 * length + 1)
                else (2 * length if np.isinf(high) else (low + high) / 2)
            )
        return low

    def _shares(self, logits: Array) -> Array:
        """Return the probabilities (N, K) of logits."""
        return _probabilities(logits)

    def _second(self, shares: Array, along: Array) -> float:
        """Return the second derivative of the log loss along a direction of the logits, (N, K)."""
        if self.columns == 1:
            return _dot(shares * (1 - shares), along * along)
        mean = (shares * along).sum(1)
        return _dot(shares, along * along) - _dot(mean, mean)

    def narrow(self, model: Linear, present: Ints) -> tuple[Array, Array]:
        """Return a model's weights (F, K) and biases (K,) for the classes that are present."""
        weight, bias = model.weight[:, present], model.bias[present]
        if self.columns == 1:
            return weight[:, 1:] - weight[:, :1], bias[1:] - bias[:1]
        return weight, bias

    def widen(self, weight: Array, bias: Array, present: Ints, classes: int) -> Linear:
        """Return a model for all classes of the weights for those that are present."""
        if self.columns == 1:
            half = np.float32(0.5)
            weight, bias = np.hstack([-weight, weight]) * half, np.concatenate([-bias, bias]) * half
        whole, biases = np.zeros((len(weight), classes), np.float32), np.full(classes, UNSEEN, np.float32)
        whole[:, present], biases[present] = weight, bias
        return Linear(whole, biases)


class _SoftProblem(_Problem):
    """The objective where each row has a probability of each class, and not one of them."""

    def __init__(self, features: Features, shares: Array, penalty: float) -> None:
        self.features, self.penalty = features, penalty
        self.transposed = features.T.tocsr() if hasattr(features, "tocsr") else features.T
        self.rows, self.classes = shares.shape
        self.columns = 1 if self.classes == 2 else self.classes
        self.targets = np.ascontiguousarray(shares[:, -self.columns :], np.float32)  # (N, K)
        self.means = shares.mean(0, dtype=np.float64).clip(1e-9, 1)  # (C,)

    def _beginning(self) -> Array:
        logs = np.log(self.means)
        point = np.zeros((self.features.shape[1] + 1, self.columns), np.float32)
        point[-1] = logs[1] - logs[0] if self.columns == 1 else logs - logs.mean()
        return point

    def _curvature(self) -> Array:
        return self._diagonal((self.means * (1 - self.means))[-self.columns :])

    def _value(self, point: Array, logits: Array) -> float:
        exact = logits.astype(np.float64)
        tops = np.logaddexp(0, exact[:, 0]) if self.columns == 1 else np.logaddexp.reduce(exact, axis=1)
        losses = tops - (exact * self.targets).sum(1)
        return float(losses.sum()) + 0.5 * self.penalty * _dot(point[:-1], point[:-1])


class _SetsProblem(_Problem):
    """The objective of labels that hold or not by themselves: a column of weights each."""

    def __init__(
        self, features: Features, transposed: Features, targets: npt.NDArray[np.bool_], penalty: float
    ) -> None:
        self.features, self.transposed, self.penalty = features, transposed, penalty
        self.rows, self.columns = targets.shape
        self.targets = targets.astype(np.float32)  # (N, K)

    def _beginning(self) -> Array:
        shares = self.targets.mean(0)
        point = np.zeros((self.features.shape[1] + 1, self.columns), np.float32)
        point[-1] = np.log(shares / (1 - shares))
        return point

    def _curvature(self) -> Array:
        shares = self.targets.mean(0)
        return self._diagonal(shares * (1 - shares))

    def _value(self, point: Array, logits: Array) -> float:
        total = float(np.logaddexp(0, logits).sum(dtype=np.float64)) - float(
            np.multiply(logits, self.targets).sum(dtype=np.float64)
        )
        return total + 0.5 * self.penalty * _dot(point[:-1], point[:-1])

    def _shares(self, logits: Array) -> Array:
        return _sigmoid(logits)

    def _second(self, shares: Array, along: Array) -> float:
        return _dot(shares * (1 - shares), along * along)


def _two_loops(gradient: Array, steps: list[tuple[Array, Array, float]], scale: Array) -> Array:
    """Return the inverse Hessian, as the last steps describe it above the diagonal `scale`, times the gradient."""
    result = gradient.copy()
    shares: list[float] = []
    for step, change, inverse in reversed(steps):
        shares.append(inverse * _dot(step, result))
        result -= np.float32(shares[-1]) * change
    result /= scale
    if steps:
        _, change, inverse = steps[-1]
        result *= np.float32(1 / (inverse * _dot(change, change / scale)))
    for (step, change, inverse), share in zip(steps, reversed(shares), strict=True):
        result += np.float32(share - inverse * _dot(change, result)) * step
    return result


def _probabilities(logits: Array) -> Array:
    if logits.shape[1] == 1:
        return _sigmoid(logits)
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shifted / shifted.sum(1, keepdims=True), np.float32)


def _sigmoid(logits: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float32)  # the logistic function, without overflow


def _dot(one: Array, other: Array) -> float:
    return float(np.vdot(one, other))
