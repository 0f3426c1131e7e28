"""Scoring the val split while training."""

import time
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from txt.arrays import Ints
from txt.data import label_kinds
from txt.data.prepared import Split
from txt.label_set_metrics import Decision, choose_decision, count_confused, label_losses, score_sets, sigmoid
from txt.metrics import LOSS, METRICS, ORDERED, count_confusions, orient, score_predictions
from txt.model.predict import predict_logits
from txt.model.pretrained import Model
from txt.ordered_classes import OrderedDecision, choose_rule
from txt.training.distributed import Group
from txt.training.machine import Machine


class ValidationScores(NamedTuple):
    """What one evaluation found; `decision` says from which probability labels hold, where rows have several."""

    loss: float
    metrics: dict[str, float]
    confusion: Ints
    seconds: float
    decision: Decision | OrderedDecision | None = None

    def score(self, metric: str) -> float:
        """Return the score that chooses the best model; `loss` is among them."""
        return self.loss if metric == LOSS else self.metrics[metric]


def score_split(
    model: Model, split: Split, num_classes: int, machine: Machine, group: Group, metric: str = LOSS
) -> ValidationScores:
    """Score a labeled split, each process computing its share of the rows; the model is left in training mode.

    Where rows have several labels, they hold from the thresholds on that do best by `metric` on this split.
    """
    begun = time.perf_counter()
    model.eval()
    logits = np.zeros((len(split), num_classes), dtype=np.float32)
    mine = group.share(np.arange(len(split)))
    if len(mine):
        logits[mine] = predict_logits(model, split, machine.device, mine)
    group.sum(torch.from_numpy(logits))
    model.train()
    return score_logits(logits, split, num_classes, metric, begun)


def score_logits(
    logits: npt.NDArray[np.float32], split: Split, num_classes: int, metric: str, begun: float
) -> ValidationScores:
    """Score logits (N, C) on a split; `begun` is when their computation did, by `time.perf_counter`."""
    if split.has_several:
        targets, probabilities = split.label_sets.matrix(num_classes), sigmoid(logits)
        decision = choose_decision(targets, probabilities, metric)
        return ValidationScores(
            loss=float(label_losses(logits, targets).mean()),
            metrics=score_sets(targets, probabilities, decision),
            confusion=count_confused(targets, decision.decide(probabilities)),
            seconds=time.perf_counter() - begun,
            decision=decision,
        )
    rule = None
    if split.kind == label_kinds.ORDERED:
        exact = logits.astype(np.float64)
        probabilities = np.exp(exact - np.logaddexp.reduce(exact, axis=1, keepdims=True))
        rule = choose_rule(split.labels, probabilities, metric)
    predictions = logits.argmax(1) if rule is None else rule.decide(probabilities)
    return ValidationScores(
        loss=float(F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(split.labels))),
        metrics=score_predictions(split.labels, predictions, num_classes, METRICS if rule is None else ORDERED),
        confusion=count_confusions(split.labels, predictions, num_classes),
        seconds=time.perf_counter() - begun,
        decision=rule,
    )


def is_better(score: float, best: float | None, metric: str) -> bool:
    """Return whether a score beats the best so far; of a loss or an error less is better."""
    if best is None:
        return True
    return orient(metric, score) > orient(metric, best)
