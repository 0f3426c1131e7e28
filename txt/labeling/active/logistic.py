"""Logistic regression on sparse or dense rows, fitted fast enough to be fitted again after every label.

The optimum is that of scikit-learn's `LogisticRegression(C=strength)`: softmax over the classes, the squared weights
penalised, the biases not. Only columns that occur in the labeled rows can get a weight, so only those are fitted, and
a prior can be given: the log-odds of a model that is there already, from which the weights then tell the difference.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from txt.labeling.active.descent import minimize
from txt.metrics import Ints

Matrix = Any
"""Rows of features (N, F): a scipy CSR matrix or a numpy array, float32."""

Scores = npt.NDArray[np.float32]

_STEPS = 100
_TOLERANCE = 1e-4  # of the gradient, over the labels' number; finer changes no ranking


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
    F, C = narrow.shape[1], num_classes
    turned = narrow.T.tocsr() if sparse.issparse(narrow) else narrow.T
    targets = np.zeros((len(labels), C), np.float32)
    targets[np.arange(len(labels)), labels] = 1.0
    offset = np.zeros((1, C), np.float32) if prior is None else prior
    scale = 1.0 / (strength * len(labels))

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights = flat[: F * C].reshape(F, C)
        logits = np.asarray(narrow @ weights.astype(np.float32)) + flat[F * C :].astype(np.float32) + offset  # (M, C)
        log_sums = _log_sum(logits)
        wrong = (np.exp(logits - log_sums) - targets) / len(labels)  # (M, C)
        value = float((log_sums[:, 0] - (logits * targets).sum(1)).mean()) + 0.5 * scale * float((weights**2).sum())
        slope = np.asarray(turned @ wrong) + scale * weights
        return value, np.concatenate([slope.ravel(), wrong.sum(0)]).astype(np.float64)

    start = np.zeros(F * C + C)
    found = minimize(loss, start, _STEPS, _TOLERANCE)
    weights = np.zeros((rows.shape[1], C), np.float32)
    weights[used] = found[: F * C].reshape(F, C)
    return Logistic(weights, found[F * C :].astype(np.float32))


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
