"""Scores with confidence intervals, by the bootstrap over test rows.

All scores in METRICS follow from counts of (label, prediction) pairs, so the bootstrap draws counts of whole cells from
a multinomial distribution. That is the same as drawing rows with replacement, at a small part of the work.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from txt.arrays import Floats, Ints
from txt.metrics import METRICS, Metric, Tally, count_confusions, score_predictions, sum_counts
from txt.proportions import LEVEL, Interval, normal_quantile, paired_difference, wilson_interval

RESAMPLES = 2000


@dataclass(frozen=True)
class ClassScores:
    """The scores of one class; a ratio without a denominator (the class was never predicted) is 0."""

    precision: float
    recall: float
    f1: float
    support: int

    def to_json(self) -> dict[str, Any]:
        """Return the four numbers by name."""
        return asdict(self)


def per_class(labels: Ints, predictions: Ints, names: Sequence[str]) -> dict[str, ClassScores]:
    """Return precision, recall, F1 and support of each class, by its name."""
    sums = sum_counts(count_confusions(labels, predictions, len(names)))
    precision = sums.hits / np.maximum(sums.predicted, 1)
    recall = sums.hits / np.maximum(sums.actual, 1)
    f1 = 2 * sums.hits / np.maximum(sums.actual + sums.predicted, 1)
    return {
        name: ClassScores(float(precision[c]), float(recall[c]), float(f1[c]), int(sums.actual[c]))
        for c, name in enumerate(names)
    }


def intervals(
    labels: Ints,
    predictions: Ints,
    num_classes: int,
    seed: int = 0,
    resamples: int = RESAMPLES,
    metrics: Mapping[str, Metric] = METRICS,
) -> dict[str, Interval]:
    """Return every score of `metrics` with its 95 % interval, for labels and predictions (N,), N ≥ 1.

    Accuracy has Wilson's interval; the others have the percentile bootstrap's. Where resampling cannot change a score
    (every row right, or a single row) the bootstrap interval would have no width: the width of accuracy's is used.
    """
    values = score_predictions(labels, predictions, num_classes, metrics)
    sampled = bootstrap(labels, [predictions], num_classes, seed, resamples, metrics)[0]
    exact = wilson_interval(int((labels == predictions).sum()), len(labels))
    return {
        name: _score_interval(metric, values[name], sampled[name], exact, (metric.low, metric.high))
        for name, metric in metrics.items()
    }


def difference_intervals(
    labels: Ints,
    predictions: Ints,
    others: Ints,
    num_classes: int,
    seed: int = 0,
    resamples: int = RESAMPLES,
    metrics: Mapping[str, Metric] = METRICS,
) -> dict[str, Interval]:
    """Return by how much `predictions` score above `others` on the same rows (N,), with 95 % intervals.

    Both are scored on the same resamples, so what makes rows easy or hard for both cancels out. Accuracy has the
    interval of `paired_difference`, which also stands in where resampling cannot change a difference.
    """
    values, other_values = (
        score_predictions(labels, predictions, num_classes, metrics),
        score_predictions(labels, others, num_classes, metrics),
    )
    sampled, other_sampled = bootstrap(labels, [predictions, others], num_classes, seed, resamples, metrics)
    right, others_right = labels == predictions, labels == others
    exact = paired_difference(int((right & ~others_right).sum()), int((others_right & ~right).sum()), len(labels))
    found = {}
    for name, metric in metrics.items():
        limits = (metric.low - metric.high, metric.high - metric.low)
        difference = values[name] - other_values[name]
        found[name] = _score_interval(metric, difference, sampled[name] - other_sampled[name], exact, limits)
    return found


def bootstrap(
    labels: Ints,
    predictions: Sequence[Ints],
    num_classes: int,
    seed: int = 0,
    resamples: int = RESAMPLES,
    metrics: Mapping[str, Metric] = METRICS,
) -> list[dict[str, Floats]]:
    """Return the scores (resamples,) of each of several predictions of the same rows, on the same seeded resamples."""
    parts = [
        [{name: metric.compute(sums) for name, metric in metrics.items()} for sums in tallies]
        for tallies in resample_tallies(labels, predictions, num_classes, seed, resamples)
    ]
    return [
        {name: np.concatenate([part[p][name] for part in parts]) for name in metrics} for p in range(len(predictions))
    ]


def resample_tallies(
    labels: Ints, predictions: Sequence[Ints], num_classes: int, seed: int, resamples: int
) -> Iterator[list[Tally]]:
    """Yield what scores need of each of several predictions of the same rows, for some (R,) of the resamples a time."""
    outcomes, counts = np.unique(np.stack([labels, *predictions], axis=1), axis=0, return_counts=True)  # (K, 1 + P)
    is_class = [(column[:, None] == np.arange(num_classes)).astype(np.float64) for column in outcomes.T]  # each (K, C)
    distances = [np.abs(outcomes[:, 0] - column).astype(np.float64) for column in outcomes.T[1:]]  # each (K,)
    rng = np.random.default_rng(seed)
    chunk = max(1, 1_000_000 // len(counts))  # resamples drawn at once: 8 MB of counts
    for start in range(0, resamples, chunk):
        drawn = rng.multinomial(len(labels), counts / len(labels), size=min(chunk, resamples - start))  # (R, K)
        actual = drawn @ is_class[0]  # (R, C)
        yield [
            Tally(
                drawn @ (is_class[0] * predicted),
                actual,
                drawn @ predicted,
                steps=drawn @ distance,
                squares=drawn @ distance**2,
                near=drawn @ (distance <= 1).astype(np.float64),
            )
            for predicted, distance in zip(is_class[1:], distances, strict=True)
        ]


def mean_interval(values: Floats, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """Return the mean of a quantity known for each row (N,), such as its log loss, with a bootstrap interval."""
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, _tails(LEVEL))
    return Interval(float(values.mean()), float(low), float(high))


def _score_interval(
    metric: Metric, value: float, sampled: Floats, exact: Interval, limits: tuple[float, float]
) -> Interval:
    """Return the interval of a score or a difference from its resamples; `exact` is the one known for accuracy."""
    if metric.name == "accuracy":
        return exact
    low, high = np.quantile(sampled, tails_of(value, sampled, metric.is_biased))
    if high - low < 1e-12:
        low, high = value - (exact.value - exact.low), value + (exact.high - exact.value)
    return Interval(value, float(max(limits[0], min(low, value))), float(min(limits[1], max(high, value))))


def tails_of(value: float, sampled: Floats, biased: bool) -> tuple[float, float]:
    """Return the quantiles of resampled scores at which a 95 % interval ends."""
    return _bias_corrected_tails(value, sampled) if biased else _tails(LEVEL)


def _bias_corrected_tails(value: float, sampled: Floats) -> tuple[float, float]:
    """Return the tails of the bias-corrected percentile interval (Efron 1981)."""
    below = ((sampled < value).mean() + (sampled <= value).mean()) / 2
    normal = NormalDist()
    bias = normal.inv_cdf(min(max(float(below), 1 / len(sampled)), 1 - 1 / len(sampled)))
    reach = normal_quantile(LEVEL)
    return normal.cdf(2 * bias - reach), normal.cdf(2 * bias + reach)


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2
