"""Logistic regression on sparse or dense rows, fitted fast enough to be fitted again after every label.

The optimum is that of scikit-learn's `LogisticRegression(C=strength)`: softmax over the classes, the squared weights
penalised, the biases not. Only columns that occur in the labeled rows can get a weight, so only those are fitted, and
a prior can be given: the log-odds of a model that is there already, from which the weights then tell the difference.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from txt.arrays import Ints

Matrix = Any
"""Rows of features (N, F): a scipy CSR matrix or a numpy array, float32."""

Scores = npt.NDArray[np.float32]

_STEPS = 100
_TOLERANCE = 3e-4  # of the mean loss's gradient; finer changes under half a percent of the predictions


@dataclass(frozen=True)
class Logistic:
    """A fitted model: `weights` (F, C) and `bias` (C,)."""

    weights: Scores
    bias: Scores

    def probabilities(self, rows: Matrix, prior: Scores | None = None) -> Scores:
        """Return the probability of each class for each row, (N, C); `prior` are log-odds (N, C) to add to."""
        logits = np.asarray(rows @ self.weights) + self.bias
        return softmax(logits if prior is None else logits + prior)


def fit_logistic(
    rows: Matrix, labels: Ints, num_classes: int, strength: float, prior: Scores | None = None
) -> Logistic:
    """Fit on rows (M, F) with labels (M,) from 0 to `num_classes` - 1; the same input gives the same weights."""
    used, narrow = _used_columns(rows)
    targets = np.zeros((len(labels), num_classes), np.float32)
    targets[np.arange(len(labels)), labels] = 1.0
    offset = np.zeros((1, num_classes), np.float32) if prior is None else prior
    fit = _fit_by_rows if narrow.shape[0] < narrow.shape[1] else _fit_by_columns
    weights = np.zeros((rows.shape[1], num_classes), np.float32)
    weights[used], bias = fit(narrow, targets, offset, 1.0 / (strength * len(labels)))
    return Logistic(weights, bias)


def _fit_by_columns(rows: Matrix, targets: Scores, offset: Scores, scale: float) -> tuple[Scores, Scores]:
    """Return the weights (F, C) and the bias (C,), looked for as they are."""
    turned, C = _transpose(rows), targets.shape[1]
    size = rows.shape[1] * C

    def loss(point: Scores) -> tuple[float, Scores]:
        weights = point[:size].reshape(-1, C)  # (F, C)
        logits = np.asarray(rows @ weights) + point[size:] + offset
        value, wrong = _mean_loss(logits, targets)
        slope = np.asarray(turned @ wrong) + scale * weights
        return value + 0.5 * scale * float((weights**2).sum()), np.concatenate([slope.ravel(), wrong.sum(0)])

    found = minimize(loss, np.zeros(size + C, np.float32), _STEPS, _TOLERANCE)
    return found[:size].reshape(-1, C), found[size:]


def _fit_by_rows(rows: Matrix, targets: Scores, offset: Scores, scale: float) -> tuple[Scores, Scores]:
    """Return what `_fit_by_columns` does, in far fewer numbers where there are fewer rows than columns.

    The best weights are a sum of rows, each with a factor for each class (the representer theorem). A point is these
    factors (M, C), the logits that come of them (M, C), and the bias: with both at hand no product is needed to take
    the inner product of two weights, and the steps are those that `_fit_by_columns` takes.
    """
    turned, (M, C) = _transpose(rows), targets.shape
    size = M * C

    def inner(one: Scores, other: Scores) -> float:
        return float(one[:size] @ other[size : 2 * size] + one[2 * size :] @ other[2 * size :])

    def loss(point: Scores) -> tuple[float, Scores]:
        factors, logits, bias = point[:size], point[size : 2 * size], point[2 * size :]
        value, wrong = _mean_loss(logits.reshape(M, C) + bias + offset, targets)
        moved = np.asarray(rows @ np.asarray(turned @ wrong))  # (M, C): the change of the logits
        slope = [wrong.ravel() + scale * factors, moved.ravel() + scale * logits, wrong.sum(0)]
        return value + 0.5 * scale * float(factors @ logits), np.concatenate(slope)

    found = minimize(loss, np.zeros(2 * size + C, np.float32), _STEPS, _TOLERANCE, inner)
    return np.asarray(turned @ found[:size].reshape(M, C)), found[2 * size :]


def _mean_loss(logits: Scores, targets: Scores) -> tuple[float, Scores]:
    """Return the mean cross-entropy and its gradient (M, C) by the logits (M, C)."""
    log_sums = _log_sum(logits)
    wrong = (np.exp(logits - log_sums) - targets) / len(targets)
    return float((log_sums[:, 0] - (logits * targets).sum(1)).mean()), wrong


def _transpose(rows: Matrix) -> Matrix:
    return rows.T.tocsr() if sparse.issparse(rows) else rows.T


def softmax(logits: Scores) -> Scores:
    """Return probabilities (N, C) for logits (N, C)."""
    return np.asarray(np.exp(logits - _log_sum(logits)), np.float32)


def _log_sum(logits: Scores) -> Scores:
    most = logits.max(1, keepdims=True)
    return np.asarray(most + np.log(np.exp(logits - most).sum(1, keepdims=True)))


def _used_columns(rows: Matrix) -> tuple[Ints, Matrix]:
    """Return the columns in which a row has something, and the rows with these columns only."""
    if not sparse.issparse(rows):
        return np.arange(rows.shape[1]), rows
    used, columns = np.unique(rows.indices, return_inverse=True)
    return used, sparse.csr_matrix((rows.data, columns, rows.indptr), shape=(rows.shape[0], len(used)))


Vector = npt.NDArray[np.floating[Any]]

Function = Callable[[Vector], tuple[float, Vector]]
"""Returns the value and the gradient (n,) at a point (n,)."""

Inner = Callable[[Vector, Vector], float]
"""The inner product of two vectors (n,) with respect to which the gradient is taken."""

_MEMORY = 6  # steps whose curvature is remembered; ten save hardly a step, and make each longer
_TRIALS = 20  # of a step's length
_DECREASE, _CURVATURE = 1e-4, 0.9  # Wolfe's conditions
_FLAT = 1e-9  # a relative change in value below which float32 products tell nothing


def dot(one: Vector, other: Vector) -> float:
    """Return the usual inner product."""
    return float(one @ other)


def minimize(function: Function, start: Vector, most_steps: int, tolerance: float, inner: Inner = dot) -> Vector:
    """Return the point where the gradient is no longer than `tolerance`, or where `most_steps` have led."""
    point = start
    value, gradient = function(point)
    curvatures: deque[tuple[Vector, Vector, float]] = deque(maxlen=_MEMORY)
    for _ in range(most_steps):
        size = math.sqrt(max(inner(gradient, gradient), 0.0))
        if size <= tolerance:
            break
        direction = -_times_inverse_hessian(gradient, curvatures, inner)
        first = 1.0 if curvatures else min(1.0, 1.0 / size)
        length, new_value, new_gradient = _search_line(function, point, value, gradient, direction, first, inner)
        moved, turned = length * direction, new_gradient - gradient
        curvature = inner(moved, turned)
        if curvature > 0:
            curvatures.append((moved, turned, curvature))
        settled = abs(value - new_value) <= _FLAT * max(abs(value), 1.0)
        point, value, gradient = point + moved, new_value, new_gradient
        if settled:
            break
    return point


def _times_inverse_hessian(gradient: Vector, curvatures: deque[tuple[Vector, Vector, float]], inner: Inner) -> Vector:
    """Return the inverse Hessian, as approximated by the last steps, times the gradient (the two-loop recursion)."""
    found = gradient.copy()
    shares = []
    for moved, turned, curvature in reversed(curvatures):
        share = inner(moved, found) / curvature
        found -= share * turned
        shares.append(share)
    if curvatures:
        moved, turned, curvature = curvatures[-1]
        found *= curvature / inner(turned, turned)
    for (moved, turned, curvature), share in zip(curvatures, reversed(shares), strict=True):
        found += (share - inner(turned, found) / curvature) * moved
    return found


def _search_line(
    function: Function,
    point: Vector,
    value: float,
    gradient: Vector,
    direction: Vector,
    length: float,
    inner: Inner,
) -> tuple[float, float, Vector]:
    """Return a length of step that fulfils Wolfe's conditions, with value and gradient there."""
    slope = inner(gradient, direction)
    low, high = 0.0, np.inf
    new_value, new_gradient = function(point + length * direction)
    for _ in range(_TRIALS):
        if new_value > value + _DECREASE * length * slope:
            high = length
        elif inner(new_gradient, direction) < _CURVATURE * slope:
            low = length
        else:
            break
        length = 2 * low if high == np.inf else (low + high) / 2
        new_value, new_gradient = function(point + length * direction)
    return length, new_value, new_gradient
