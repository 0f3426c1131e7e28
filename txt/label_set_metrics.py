"""Scores of rows with several labels, as scikit-learn defines them, and the thresholds from which labels hold.

Rows are N, labels K. `targets` and `answers` are boolean matrices (N, K), `probabilities` (N, K). Where a ratio has no
denominator (a label that is nowhere, a row without labels) precision, recall and F1 are 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints

Matrix = npt.NDArray[np.bool_]
AnyFloats = npt.NDArray[np.floating]

GLOBAL_STEPS = 200
"""Thresholds that are tried for all labels together."""

_MOST_DECISIONS = 20_000_000  # rows times labels that thresholds are chosen on
_CHUNK = 1_000_000  # rows times labels that are looked at in one go
_PRIOR_ROWS = 10.0
"""Positive rows' worth of pull of a label's own threshold towards that of all labels."""


@dataclass(frozen=True)
class Decision:
    """From which probability each label holds, (K,); with `at_least_one`, the likeliest of a row holds in any case."""

    thresholds: tuple[float, ...]
    at_least_one: bool = False

    @classmethod
    def usual(cls, labels: int) -> "Decision":
        """Return that which holds at one half, where nothing was chosen."""
        return cls((0.5,) * labels)

    def decide(self, probabilities: AnyFloats) -> Matrix:
        """Return which labels hold, (N, K)."""
        answers = probabilities >= np.asarray(self.thresholds)
        if self.at_least_one and len(answers):
            empty = np.flatnonzero(~answers.any(1))
            answers[empty, probabilities[empty].argmax(1)] = True
        return np.asarray(answers)

    def to_json(self) -> dict[str, Any]:
        """Return what a model's config.json holds of it."""
        return {"thresholds": [round(value, 6) for value in self.thresholds], "at_least_one": self.at_least_one}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], labels: int) -> "Decision":
        """Return what a model's config.json holds; one half for each label where it does not say."""
        found = values.get("thresholds")
        if not isinstance(found, list) or len(found) != labels:
            return cls.usual(labels)
        if not all(isinstance(each, int | float) and 0 <= each <= 1 for each in found):
            return cls.usual(labels)
        return cls(tuple(float(each) for each in found), values.get("at_least_one") is True)


@dataclass(frozen=True)
class TopLabels(Decision):
    """The `count` likeliest labels of each row hold, whatever their probability."""

    thresholds: tuple[float, ...] = ()
    count: int = 1

    def decide(self, probabilities: AnyFloats) -> Matrix:
        """Return which labels hold, (N, K)."""
        answers = np.zeros(probabilities.shape, np.bool_)
        best = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.count]
        np.put_along_axis(answers, best, True, axis=1)
        return answers


def sigmoid(logits: AnyFloats) -> Floats:
    """Return the probability of each label by itself, without overflow, in the precision of the logits."""
    kind: Any = logits.dtype
    found: Floats = np.empty(logits.shape, kind)
    for rows in _chunks(logits):
        found[rows] = 0.5 * (1 + np.tanh(0.5 * logits[rows]))
    return found


def label_losses(logits: AnyFloats, targets: Matrix) -> Floats:
    """Return each row's log loss (N,) in nats, the mean over its K decisions."""
    found = np.empty(len(logits))
    for rows in _chunks(logits):
        exact = np.asarray(logits[rows], np.float64)
        found[rows] = (np.logaddexp(0, exact) - exact * targets[rows]).mean(1)
    return found


def draw_rows(rows: int, labels: int) -> Ints:
    """Return the rows to choose thresholds and weights on: all, or of very many enough that more change nothing."""
    most = max(1, _MOST_DECISIONS // max(labels, 1))
    return np.arange(rows) if rows <= most else np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _chunks(values: npt.NDArray[Any]) -> Iterator[slice]:
    """Yield slices of rows whose temporary arrays are small."""
    step = max(1, _CHUNK // max(values[:1].size, 1))
    return (slice(start, start + step) for start in range(0, len(values), step))


@dataclass(frozen=True)
class SetCounts:
    """What the scores of answers need: (..., K) a label and (N,) a row; leading axes are resamples."""

    hits: Floats
    actual: Floats
    predicted: Floats


def count_sets(targets: Matrix, answers: Matrix) -> SetCounts:
    """Return hits, labels and answers of each label, (K,)."""
    return SetCounts(
        (targets & answers).sum(0).astype(np.float64),
        targets.sum(0).astype(np.float64),
        answers.sum(0).astype(np.float64),
    )


def micro_scores(counts: SetCounts) -> dict[str, Floats]:
    """Return precision, recall and F1 over all labels together."""
    hits, actual, predicted = counts.hits.sum(-1), counts.actual.sum(-1), counts.predicted.sum(-1)
    return {
        "micro_f1": _divide(2 * hits, actual + predicted),
        "micro_precision": _divide(hits, predicted),
        "micro_recall": _divide(hits, actual),
    }


def macro_scores(counts: SetCounts) -> dict[str, Floats]:
    """Return the means of each label's precision, recall and F1."""
    return {
        "macro_f1": _divide(2 * counts.hits, counts.actual + counts.predicted).mean(-1),
        "macro_precision": _divide(counts.hits, counts.predicted).mean(-1),
        "macro_recall": _divide(counts.hits, counts.actual).mean(-1),
    }


def row_scores(targets: Matrix, answers: Matrix) -> dict[str, Floats]:
    """Return what is a mean over rows as a value for each row, (N,): F1, precision, recall, all right, Hamming loss."""
    hits = (targets & answers).sum(1).astype(np.float64)
    actual, predicted = targets.sum(1).astype(np.float64), answers.sum(1).astype(np.float64)
    return {
        "samples_f1": _divide(2 * hits, actual + predicted),
        "samples_precision": _divide(hits, predicted),
        "samples_recall": _divide(hits, actual),
        "accuracy": (targets == answers).all(1).astype(np.float64),
        "hamming_loss": (targets != answers).mean(1).astype(np.float64),
    }


def label_f1(counts: SetCounts) -> Floats:
    """Return the F1 of each label, (..., K)."""
    return np.asarray(_divide(2 * counts.hits, counts.actual + counts.predicted))


def score_answers(targets: Matrix, answers: Matrix) -> dict[str, float]:
    """Return every score that follows from which labels hold, by its name."""
    counts = count_sets(targets, answers)
    found: dict[str, Any] = micro_scores(counts) | macro_scores(counts)
    found |= {name: values.mean() for name, values in row_scores(targets, answers).items()}
    return {name: float(value) for name, value in found.items()}


def score_sets(targets: Matrix, probabilities: AnyFloats, decision: Decision) -> dict[str, float]:
    """Return every score by its name; `accuracy` is the share of rows whose labels are all right."""
    found = score_answers(targets, decision.decide(probabilities))
    found["map"] = mean_average_precision(targets, probabilities)
    found["lrap"] = float(ranking_precisions(targets, probabilities).mean())
    found["subset_accuracy"] = found["accuracy"]
    return found


def average_precisions(targets: Matrix, scores: AnyFloats) -> Floats:
    """Return each label's average precision (K,); NaN for a label without a row."""
    return np.array([_average_precision(targets[:, k], scores[:, k]) for k in range(targets.shape[1])])


def mean_average_precision(targets: Matrix, scores: AnyFloats) -> float:
    """Return the mean average precision over the labels that have rows; 0 where none has."""
    found = average_precisions(targets, scores)
    return float(np.nanmean(found)) if np.isfinite(found).any() else 0.0


def _average_precision(targets: npt.NDArray[np.bool_], scores: AnyFloats, weights: Floats | None = None) -> float:
    """Return the sum of precision times the step of recall at each score, ties taken together."""
    order = np.argsort(-scores, kind="stable")
    weight = np.ones(len(order)) if weights is None else weights[order]
    hits, rows = np.cumsum(targets[order] * weight), np.cumsum(weight)
    if not hits[-1]:
        return float("nan")
    ordered = scores[order]
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    at, steps = hits[last], np.diff(np.concatenate([[0.0], hits[last]]))
    return float((steps * _divide(at, rows[last])).sum() / hits[-1])


def resampled_average_precision(targets: Matrix, scores: AnyFloats, weights: Floats) -> Floats:
    """Return the mean average precision (R,) of resamples, in which rows have weights (R, N)."""
    found = np.full((len(weights), targets.shape[1]), np.nan)
    for label in range(targets.shape[1]):
        order = np.argsort(-scores[:, label], kind="stable")
        ordered, right = scores[order, label], targets[order, label]
        last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
        rows = np.cumsum(weights[:, order], 1)[:, last]
        hits = np.cumsum(weights[:, order] * right, 1)[:, last]
        steps = np.diff(hits, axis=1, prepend=0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[:, label] = (steps * _divide(hits, rows)).sum(1) / hits[:, -1]
    with np.errstate(invalid="ignore"):
        counted = np.isfinite(found)
        return np.asarray(np.where(counted, found, 0).sum(1) / np.maximum(counted.sum(1), 1))


def ranking_precisions(targets: Matrix, scores: AnyFloats) -> Floats:
    """Return each row's label ranking average precision (N,): 1 where no label holds, or every one does."""
    found = np.ones(len(targets))
    for row in np.flatnonzero(targets.any(1) & ~targets.all(1)).tolist():
        right, score = targets[row], scores[row]
        own = score[right]
        ranks = (score[None, :] >= own[:, None]).sum(1)
        found[row] = ((own[None, :] >= own[:, None]).sum(1) / ranks).mean()
    return found


def count_confused(targets: Matrix, answers: Matrix) -> Ints:
    """Return (K, K): in how many rows label i was missing and j was added; the diagonal counts hits."""
    found: Ints = np.zeros((targets.shape[1],) * 2, np.int64)
    for rows in _chunks(targets):
        missing = (targets[rows] & ~answers[rows]).astype(np.float32)
        extra = (answers[rows] & ~targets[rows]).astype(np.float32)
        found += np.rint(missing.T @ extra).astype(np.int64)
    np.fill_diagonal(found, (targets & answers).sum(0))
    return found


def choose_decision(targets: Matrix, probabilities: AnyFloats, metric: str) -> Decision:
    """Return the thresholds that do best by a score on rows that the model did not learn from.

    For macro-F1 each label has its own, drawn towards that of all labels as far as it has few rows; a threshold of its
    own fits chance there. All other scores have one threshold for all labels, since that of the best F1 over all labels
    is one number where probabilities are calibrated (Lipton, Elkan and Naryanaswamy 2014); one by one they would
    overfit. Whether a row has one label at least follows from the score too.
    """
    labels = targets.shape[1]
    if not len(targets):
        return Decision.usual(labels)
    drawn = draw_rows(*targets.shape)
    targets, probabilities = targets[drawn], probabilities[drawn]
    name = metric if metric in ("macro_f1", "samples_f1", "subset_accuracy", "accuracy", "hamming_loss") else "micro_f1"
    values = _candidates(probabilities)
    best: tuple[float, Decision] | None = None
    for at_least_one in (False, True):
        for value in values:
            decision = Decision((float(value),) * labels, at_least_one)
            score = _score_decision(targets, decision.decide(probabilities), name)
            if best is None or score > best[0] + 1e-12:
                best = score, decision
    assert best is not None
    if name != "macro_f1":
        return best[1]
    own = _own_thresholds(targets, probabilities, best[1].thresholds[0])
    score, chosen = best
    for at_least_one in (False, True):
        decision = Decision(own, at_least_one)
        if (found := _score_decision(targets, decision.decide(probabilities), name)) > score:
            score, chosen = found, decision
    return chosen


def _candidates(probabilities: AnyFloats) -> Sequence[float]:
    """Return thresholds to try: those at which the number of answers grows evenly on a logarithmic scale."""
    flat = np.sort(np.asarray(probabilities).ravel())[::-1]
    most = min(len(flat) - 1, 4 * len(probabilities))
    places = np.unique(np.geomspace(1, max(most, 1), GLOBAL_STEPS).astype(np.int64).clip(max=len(flat) - 1))
    return [*dict.fromkeys(((flat[places - 1] + flat[places]) / 2).tolist()), 0.5]


def _score_decision(targets: Matrix, answers: Matrix, name: str) -> float:
    if name == "micro_f1":
        return float(micro_scores(count_sets(targets, answers))[name])
    if name == "macro_f1":
        return float(macro_scores(count_sets(targets, answers))[name])
    score = float(row_scores(targets, answers)["accuracy" if name == "subset_accuracy" else name].mean())
    return -score if name == "hamming_loss" else score


def _own_thresholds(targets: Matrix, probabilities: AnyFloats, usual: float) -> tuple[float, ...]:
    """Return each label's threshold of the best F1, mixed on the logit scale with that of all labels."""
    found = []
    for label in range(targets.shape[1]):
        order = np.argsort(-probabilities[:, label], kind="stable")
        score, right = np.asarray(probabilities[order, label], np.float64), targets[order, label]
        total = int(right.sum())
        if not total:
            found.append(usual)
            continue
        f1 = 2 * np.cumsum(right) / (np.arange(1, len(right) + 1) + total)
        f1[:-1][score[1:] == score[:-1]] = 0  # a threshold cannot part equal probabilities
        place = int(f1.argmax())
        below = score[place + 1] if place + 1 < len(score) else 0.0
        own = (score[place] + below) / 2
        share = total / (total + _PRIOR_ROWS)
        mixed = share * _logit(own) + (1 - share) * _logit(usual)
        found.append(float(sigmoid(np.array([mixed]))[0]))
    return tuple(found)


def _logit(value: float) -> float:
    kept = min(max(value, 1e-6), 1 - 1e-6)
    return float(np.log(kept) - np.log1p(-kept))


def _divide(above: Any, below: Any) -> Any:
    """Return above / below; 0 where there is nothing to divide by."""
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=np.asarray(below) != 0)
