"""Scores of predictions against labels, from counts of (label, prediction) pairs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tally:
    """What scores need of a confusion matrix, a number a class: arrays of shape (..., C), one set for each resample."""

    hits: Floats
    actual: Floats
    predicted: Floats


def accuracy(tally: Tally) -> Floats:
    """Return the share of rows that are right."""
    return np.asarray(tally.hits.sum(-1) / tally.actual.sum(-1))


def balanced_accuracy(tally: Tally) -> Floats:
    """Return the mean recall of the classes that have rows."""
    recall = tally.hits / np.maximum(tally.actual, 1)
    return np.asarray(recall.sum(-1) / (tally.actual > 0).sum(-1))


def macro_f1(tally: Tally) -> Floats:
    """Return the mean F1 of the classes that have rows or were predicted, as scikit-learn takes it."""
    counted = tally.actual + tally.predicted > 0
    return np.asarray(class_f1(tally).sum(-1) / counted.sum(-1))


def class_f1(tally: Tally) -> Floats:
    """Return the F1 of each class (..., C); 0 where it has no rows and was not predicted."""
    return np.asarray(2 * tally.hits / np.maximum(tally.actual + tally.predicted, 1))


def mcc(tally: Tally) -> Floats:
    """Return Matthews' correlation coefficient for any number of classes; 0 where it is not defined (Gorodkin 2004)."""
    rows = tally.actual.sum(-1)
    covariance = tally.hits.sum(-1) * rows - (tally.actual * tally.predicted).sum(-1)
    actual_variance = rows**2 - (tally.actual**2).sum(-1)
    predicted_variance = rows**2 - (tally.predicted**2).sum(-1)
    scale = np.sqrt(actual_variance * predicted_variance)
    return np.asarray(np.where(scale > 0, covariance / np.where(scale > 0, scale, 1), 0.0))


METRICS: dict[str, Callable[[Tally], Floats]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
    "mcc": mcc,
}


METRIC_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro-F1",
    "mcc": "MCC",
    "log_loss": "log loss",
}


def count_confusions(labels: Ints, predictions: Ints, num_classes: int) -> Ints:
    """Return how often each label (row) was predicted as each class (column), (C, C)."""
    cells = np.bincount(labels * num_classes + predictions, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes).astype(np.int64)


def sum_counts(counts: npt.NDArray[Any]) -> Tally:
    """Return the per-class sums of confusion counts (C, C)."""
    floats = counts.astype(np.float64)
    return Tally(hits=np.diagonal(floats), actual=floats.sum(1), predicted=floats.sum(0))


def score_predictions(labels: Ints, predictions: Ints, num_classes: int) -> dict[str, float]:
    """Return every score of METRICS for labels and predictions (N,)."""
    sums = sum_counts(count_confusions(labels, predictions, num_classes))
    return {name: float(metric(sums)) for name, metric in METRICS.items()}
