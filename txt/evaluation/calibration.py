"""Calibration: whether predictions at 80 % confidence are right 80 % of the time, and the temperature that fixes it.

An expected calibration error is never 0, and the fewer rows, the larger by chance (Roelofs et al. 2022, "Mitigating
Bias in Calibration Error Estimation"). So it is told beside what a calibrated model would show on as many rows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.errors import InputError
from txt.proportions import Bin, Interval, normal_quantile

BINS = 15
TEMPERATURES = (0.05, 20.0)

PRIOR = 0.5
"""Standard deviation of log T before any row is seen: T is taken to be between 0.6 and 1.6 two times in three."""

_DRAWS = 1000  # of labels, for what a calibrated model would show
_MANY_ROWS = 300  # of a bin, from which the number of right ones is as good as normal


@dataclass(frozen=True)
class Calibration:
    """Expected calibration error and reliability curve, as the model is and with a temperature.

    Attributes:
        error: of the model as it is.
        bins: of its reliability curve.
        temperature: what logits are divided by; None where 1 does as well.
        scaled_error: the error with the temperature, where it was fitted on other rows than those measured.
        scaled_bins: its reliability curve.
        band: the error that a calibrated model would show on as many rows, its mean and where 95 % of it lie.
        scaled_band: the same of the model with the temperature.
        estimate: the temperature with its 95 % interval, whether it is used or not.
        fitted_on: the rows that it was fitted on, in words: `1,234 out-of-fold predictions`.
        is_overconfident: whether the model's mean confidence is above its accuracy.
    """

    error: float
    bins: tuple[Bin, ...]
    temperature: float | None = None
    scaled_error: float | None = None
    scaled_bins: tuple[Bin, ...] = ()
    band: Interval | None = None
    scaled_band: Interval | None = None
    estimate: Interval | None = None
    fitted_on: str | None = None
    is_overconfident: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form; what needs a temperature is null without one."""
        return {
            "expected_calibration_error": self.error,
            "calibrated_would_show": _to_json(self.band),
            "overconfident": self.is_overconfident,
            "bins": [entry.to_json() for entry in self.bins],
            "temperature": self.temperature,
            "temperature_estimate": _to_json(self.estimate),
            "temperature_fitted_on": self.fitted_on,
            "scaled_expected_calibration_error": self.scaled_error,
            "scaled_calibrated_would_show": _to_json(self.scaled_band),
            "scaled_bins": [entry.to_json() for entry in self.scaled_bins],
        }


def _to_json(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else interval.to_json()


@dataclass(frozen=True)
class FittingRows:
    """Rows that a temperature is fitted on: labels (N,), logits (N, C), and what they are called.

    `are_measured` says that they are the rows whose calibration is measured too.
    """

    labels: Ints
    logits: Floats
    name: str = "val rows"
    are_measured: bool = False


def calibrate(labels: Ints, logits: Floats, fitting: FittingRows | None = None, seed: int = 0) -> Calibration:
    """Measure the calibration of logits (N, C) on labels (N,), before and after a temperature fitted on other rows.

    A temperature whose interval holds 1 is not used: what it would change is as likely chance.
    """
    error, bins = _measure_calibration(labels, logits)
    confidence = softmax(logits).max(1)
    found: dict[str, Any] = {
        "band": simulate_calibrated_error(confidence, seed),
        "is_overconfident": bool(confidence.mean() > (logits.argmax(1) == labels).mean()),
    }
    if fitting is None or not len(fitting.labels):
        return Calibration(error, bins, **found)
    estimate = fit_temperature(fitting.labels, fitting.logits)
    found |= {"estimate": estimate, "fitted_on": f"{len(fitting.labels):,} {fitting.name}"}
    if estimate.low <= 1 <= estimate.high:
        return Calibration(error, bins, **found)
    temperature = estimate.value
    if fitting.are_measured:
        return Calibration(error, bins, temperature, **found)
    scaled = logits / temperature
    found["scaled_band"] = simulate_calibrated_error(softmax(scaled).max(1), seed)
    return Calibration(error, bins, temperature, *_measure_calibration(labels, scaled), **found)


def simulate_calibrated_error(confidence: Floats, seed: int = 0) -> Interval:
    """Return the expected calibration error of a calibrated model: its mean, and the bounds of its middle 95 %.

    Whether a row is right is drawn from its own confidence (N,), many times.
    """
    rng = np.random.default_rng(seed)
    index = _find_bins(confidence)
    gaps = np.zeros(_DRAWS)
    for number in np.unique(index):
        inside = confidence[index == number]
        if len(inside) > _MANY_ROWS:
            spread = np.sqrt((inside * (1 - inside)).sum())
            gaps += np.abs(rng.normal(0.0, 1.0, _DRAWS)) * spread
        else:
            right = (rng.random((_DRAWS, len(inside))) < inside).sum(1)
            gaps += np.abs(right - inside.sum())
    errors = gaps / len(confidence)
    low, high = np.quantile(errors, [0.025, 0.975])
    return Interval(float(errors.mean()), float(low), float(high))


def bin_by_confidence(confidence: Floats, right: npt.NDArray[np.bool_], bins: int = BINS) -> tuple[Bin, ...]:
    """Return the bins of equal width that hold rows, from confidences and whether each row is right, both (N,)."""
    index = _find_bins(confidence, bins)
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


def fit_temperature(labels: Ints, logits: Floats) -> Interval:
    """Return the likeliest temperature T within TEMPERATURES for logits / T on labels (N,), with its 95 % interval.

    Minimizes the summed log loss plus (log T)² / (2 PRIOR²): with a handful of rows, all of them right, the loss alone
    would take T to 0. The interval is that of a normal distribution in log T (Laplace's approximation).
    """
    chosen = np.take_along_axis(logits, labels[:, None], axis=1)[:, 0].sum()

    def slope(log_t: float) -> float:
        """Return the derivative of the objective by log T."""
        expected = (softmax(logits / np.exp(log_t)) * logits).sum()
        return float((chosen - expected) / np.exp(log_t) + log_t / PRIOR**2)

    low, high = np.log(TEMPERATURES)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    log_t = float((low + high) / 2)
    step = 1e-3
    curvature = max((slope(log_t + step) - slope(log_t - step)) / (2 * step), 1 / PRIOR**2)
    reach = normal_quantile(0.95) / np.sqrt(curvature)
    return Interval(*(float(np.exp(place)) for place in (log_t, log_t - reach, log_t + reach)))


def brier_scores(labels: Ints, logits: Floats) -> Floats:
    """Return the Brier score of each row (N,): the summed squared error of its probabilities, from 0 to 2."""
    errors = softmax(logits)
    errors[np.arange(len(labels)), labels] -= 1
    return np.asarray((errors**2).sum(1))


def refuse_no_numbers(logits: npt.NDArray[Any]) -> None:
    """Refuse the answers of a model whose weights are damaged.

    Raises:
        InputError: some logit is not a number.
    """
    if not np.isfinite(logits).all():
        raise InputError("the model answers with values that are no numbers: its weights are damaged", "fetch it again")


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


def _find_bins(confidence: Floats, bins: int = BINS) -> Ints:
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def _measure_calibration(labels: Ints, logits: Floats) -> tuple[float, tuple[Bin, ...]]:
    bins = bin_by_confidence(softmax(logits).max(axis=1), logits.argmax(axis=1) == labels)
    return expected_calibration_error(bins), bins
