"""Scores of rows with several labels with confidence intervals, by the bootstrap over rows.

Each resample gives every row a weight, the times it was drawn. Counts of labels and sums over rows are then products
with the weights, and one set of resamples serves several models, whose differences are so measured on the same rows.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats
from txt.evaluation.intervals import RESAMPLES, tails_of
from txt.label_set_metrics import (
    AnyFloats,
    Decision,
    Matrix,
    SetCounts,
    label_f1,
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

SET_SCORES = ("micro_f1", "macro_f1", "samples_f1", "accuracy", "hamming_loss")
"""Scores that follow from which labels hold, in the order of tables."""

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
                    name, values[0][name] - values[other][name], sampled[0][name] - sampled[other][name], exact, -1.0
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
    rows = {"lrap": ranking_precisions(targets, probabilities), "log_loss": label_losses(logits, targets)}
    ranked = int(np.clip(_RANKED // max(targets.size, 1), _FEWEST_RANKED, _MOST_RANKED))
    precisions: list[Floats] = []

    def measure_ranking(weights: npt.NDArray[np.float32], counts: SetCounts) -> dict[str, Floats]:
        wanted = min(len(weights), ranked - sum(map(len, precisions)))
        if wanted > 0:
            precisions.append(resampled_average_precision(targets, probabilities, weights[:wanted].astype(np.float64)))
        return micro_scores(counts) | macro_scores(counts)

    found = _resample_answers(targets, answers, rows, measure_ranking, seed, resamples)
    return found | {"map": np.resize(np.concatenate(precisions), resamples)}


def resample_sets(targets: Matrix, answers: Matrix, seed: int, resamples: int) -> dict[str, Floats]:
    """Return the scores (R,) of answers (N, K) on resamples, the same for each seed, and each label's F1 as `f1`."""

    def measure(_weights: npt.NDArray[np.float32], counts: SetCounts) -> dict[str, Floats]:
        return micro_scores(counts) | macro_scores(counts) | {"f1": label_f1(counts)}

    return _resample_answers(targets, answers, {}, measure, seed, resamples)


def _resample_answers(
    targets: Matrix,
    answers: Matrix,
    others: Mapping[str, Floats],
    measure: Callable[[npt.NDArray[np.float32], SetCounts], dict[str, Floats]],
    seed: int,
    resamples: int,
) -> dict[str, Floats]:
    """Return what `measure` makes of each resample's weights (R, N) and counts, and means over rows.

    Args:
        targets: which labels each row has, (N, K).
        answers: which it was given, (N, K).
        others: more numbers that rows have, (N,) each, of which means are taken.
        measure: returns scores (R, ...).
        seed: of the resamples.
        resamples: how many.
    """
    rows = row_scores(targets, answers) | dict(others)
    by_row = np.stack(list(rows.values()), 1)  # (N, S)
    flags = [each.astype(np.float32) for each in (targets & answers, targets, answers)]  # each (N, K)
    rng = np.random.default_rng(seed)
    number = len(targets)
    parts: list[dict[str, Floats]] = []
    step, done = max(1, _CELLS // number), 0
    while done < resamples:
        count = min(step, resamples - done)
        weights = rng.multinomial(number, np.full(number, 1 / number), size=count).astype(np.float32)  # (R, N)
        part = measure(weights, SetCounts(*(np.asarray(weights @ flag, np.float64) for flag in flags)))
        means = np.asarray(weights @ by_row, np.float64) / number  # (R, S)
        parts.append(part | {name: means[:, place] for place, name in enumerate(rows)})
        done += count
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _interval(name: str, value: float, sampled: Floats, exact: Interval, floor: float = 0.0) -> Interval:
    if name == "accuracy":
        return exact
    low, high = np.quantile(sampled, tails_of(value, sampled, biased=name in BIASED))
    if high - low < 1e-12:
        low, high = value - (exact.value - exact.low), value + (exact.high - exact.value)
        if name != "log_loss":  # the only one that is not a share
            low, high = max(low, floor), min(high, 1.0)
    return Interval(value, float(min(low, value)), float(max(high, value)))
