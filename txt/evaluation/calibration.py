"""Calibration: whether predictions at 80 % confidence are right 80 % of the time, and the temperature that fixes it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.metrics import Floats, Ints
from txt.proportions import Bin

BINS = 15
TEMPERATURES = (0.05, 20.0)


@dataclass(frozen=True)
class Calibration:
    """Expected calibration error and reliability curve, as the model is and with a temperature fitted on val."""

    error: float
    bins: tuple[Bin, ...]
    temperature: float | None = None
    scaled_error: float | None = None
    scaled_bins: tuple[Bin, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; what needs a val split is null without one."""
        return {
            "expected_calibration_error": self.error,
            "bins": [entry.to_json() for entry in self.bins],
            "temperature": self.temperature,
            "scaled_expected_calibration_error": self.scaled_error,
            "scaled_bins": [entry.to_json() for entry in self.scaled_bins],
        }


def calibrate(labels: Ints, logits: Floats, val: tuple[Ints, Floats] | None = None) -> Calibration:
    """Measure the calibration of logits (N, C) on labels (N,), before and after a temperature fitted on `val`.

    `val` is the labels and logits of other rows than those measured.
    """
    error, bins = _measure_calibration(labels, logits)
    if val is None or not len(val[0]):
        return Calibration(error, bins)
    temperature = fit_temperature(*val)
    return Calibration(error, bins, temperature, *_measure_calibration(labels, logits / temperature))


def bin_by_confidence(confidence: Floats, right: npt.NDArray[np.bool_], bins: int = BINS) -> tuple[Bin, ...]:
    """Return the bins of equal width that hold rows, from confidences and whether each row is right, both (N,)."""
    index = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    rows = np.bincount(index, minlength=bins)
    confidences = np.bincount(index, weights=confidence, minlength=bins)
    hits = np.bincount(index, weights=right, minlength=bins)
    return tuple(
        Bin(b / bins, (b + 1) / bins, int(rows[b]), float(confidences[b] / rows[b]), float(hits[b] / rows[b]))
        for b in np.flatnonzero(rows)
    )


def expected_calibration_error(bins: tuple[Bin, ...]) -> float:
    """Return the mean gap between confidence and accuracy over the bins, weighted by their rows (Guo 2017)."""
    return sum(entry.rows * abs(entry.accuracy - entry.confidence) for entry in bins) / sum(b.rows for b in bins)


def fit_temperature(labels: Ints, logits: Floats) -> float:
    """Return the temperature T within TEMPERATURES at which logits / T have the lowest log loss on labels (N,).

    The loss is convex in 1/T, so the sign of its slope shows where the best T lies, and bisection finds it.
    """
    low, high = TEMPERATURES
    chosen = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    for _ in range(40):
        middle = float(np.sqrt(low * high))
        expected = (softmax(logits / middle) * logits).sum(1)
        if expected.mean() > chosen.mean():  # overconfident: the loss falls towards higher temperatures
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))


def softmax(logits: Floats) -> Floats:
    """Return the probabilities (N, C) of logits (N, C)."""
    return np.asarray(np.exp(log_softmax(logits)))


def log_softmax(logits: Floats) -> Floats:
    """Return the log probabilities (N, C) of logits (N, C)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def log_losses(labels: Ints, logits: Floats) -> Floats:
    """Return the log loss of each row (N,), in nats."""
    return np.asarray(-np.take_along_axis(log_softmax(logits), labels[:, None], axis=1)[:, 0])


def _measure_calibration(labels: Ints, logits: Floats) -> tuple[float, tuple[Bin, ...]]:
    bins = bin_by_confidence(softmax(logits).max(axis=1), logits.argmax(axis=1) == labels)
    return expected_calibration_error(bins), bins
