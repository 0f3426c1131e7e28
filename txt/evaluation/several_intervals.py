"""Scores of rows with several labels with confidence intervals, by the bootstrap over rows.

Each resample gives every row a weight, the times it was drawn. Counts of labels and sums over rows are then products
with the weights, and one set of resamples serves several models, whose differences are so measured on the same rows.
"""

from collections.abc import Sequence

import numpy as np

from txt.arrays import Floats
from txt.evaluation.intervals import RESAMPLES, tails_of
from txt.label_set_metrics import (
    AnyFloats,
    Decision,
    Matrix,
    SetCounts,
    label_losses,
    macro_scores,
    micro_scores,
    ranking_precisions,
    resampled_average_precision,
    row_scores,
    score_sets,
    sigmoid,
)
from txt.proportions import Interval, paired_difference, wilson_interval

BIASED = frozenset({"macro_f1", "macro_precision", "macro_recall", "map"})
"""Scores that resampling pulls to one side, since it leaves rare labels out."""

_CELLS = 20_000_000  # rows times resamples that are drawn at a time
_RANKED = 200_000_000  # rows times labels times resamples that may be spent on average precision
_MOST_RANKED, _FEWEST_RANKED = 400, 60
_HIDDEN = ("subset_accuracy",)

Answerer = tuple[AnyFloats, Decision]
"""A model's logits (N, K), and how it decides."""


def set_intervals(
    targets: Matrix, models: Sequence[Answerer], seed: int = 0, resamples: int = RESAMPLES
) -> list[dict[str, Interval]]:
    """Return every score with its 95 % interval for each model, and then how much the first is above each other.

    With two models that are three results. The share of rows that are all right has Wilson's interval, and its
    difference that of `paired_difference`.

    Args:
        targets: which labels each row has, (N, K), N ≥ 1.
        models: logits and decision of each.
        seed: of the resamples.
        resamples: how many; fewer for average precision where rows and labels are many.
    """
    values, sampled = [], []
    for logits, decision in models:
        probabilities = sigmoid(logits)
        value = score_sets(targets, probabilities, decision)
        value["log_loss"] = float(label_losses(logits, targets).mean())
        values.append({name: each for name, each in value.items() if name not in _HIDDEN})
        sampled.append(_resample(targets, logits, probabilities, decision, seed, resamples))
    right = [(decision.decide(sigmoid(logits)) == targets).all(1) for logits, decision in models]
    found = []
    for value, drawn, good in zip(values, sampled, right, strict=True):
        exact = wilson_interval(int(good.sum()), len(good))
        found.append({name: _interval(name, value[name], drawn[name], exact) for name in value})
    for other in range(1, len(models)):
        wins, losses = int((right[0] & ~right[other]).sum()), int((right[other] & ~right[0]).sum())
        exact = paired_difference(wins, losses, len(targets))
        found.append(
            {
                name: _interval(
                    name, values[0][name] - values[other][name], sampled[0][name] - sampled[other][name], exact
                )
                for name in values[0]
                if name != "log_loss"
            }
        )
    return found


def _resample(
    targets: Matrix, logits: AnyFloats, probabilities: Floats, decision: Decision, seed: int, resamples: int
) -> dict[str, Floats]:
    """Return every score on each resample, (R,); those of average precision may be fewer, repeated."""
    answers = decision.decide(probabilities)
    rows = row_scores(targets, answers) | {
        "lrap": ranking_precisions(targets, probabilities),
        "log_loss": label_losses(logits, targets),
    }
    by_row = np.stack(list(rows.values()), 1)  # (N, S)
    flags = [each.astype(np.float32) for each in (targets & answers, targets, answers)]  # each (N, K)
    ranked = int(np.clip(_RANKED // max(targets.size, 1), _FEWEST_RANKED, _MOST_RANKED))
    rng = np.random.default_rng(seed)
    number = len(targets)
    parts: list[dict[str, Floats]] = []
    precisions: list[Floats] = []
    step, done = max(1, _CELLS // number), 0
    while done < resamples:
        count = min(step, resamples - done)
        weights = rng.multinomial(number, np.full(number, 1 / number), size=count).astype(np.float32)  # (R, N)
        counts = SetCounts(*(np.asarray(weights @ flag, np.float64) for flag in flags))
        part = micro_scores(counts) | macro_scores(counts)
        means = np.asarray(weights @ by_row, np.float64) / number  # (R, S)
        part |= {name: means[:, place] for place, name in enumerate(rows)}
        parts.append(part)
        wanted = min(count, ranked - sum(map(len, precisions)))
        if wanted > 0:
            precisions.append(resampled_average_precision(targets, probabilities, weights[:wanted].astype(np.float64)))
        done += count
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return found | {"map": np.resize(np.concatenate(precisions), resamples)}


def _interval(name: str, value: float, sampled: Floats, exact: Interval) -> Interval:
    if name == "accuracy":
        return exact
    low, high = np.quantile(sampled, tails_of(value, sampled, biased=name in BIASED))
    if high - low < 1e-12:
        low, high = value - (exact.value - exact.low), value + (exact.high - exact.value)
    return Interval(value, float(min(low, value)), float(max(high, value)))
