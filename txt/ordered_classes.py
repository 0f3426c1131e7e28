"""Answers for classes in an order: the class with the lowest expected cost, by probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints
from txt.metrics import ORDERED, orient, score_predictions

RULES = ("mode", "median", "mean")
"""What is answered: the likeliest class, which is right most often; the median, which is the fewest steps off on
average; the class nearest to the mean, whose squared distance is least."""

AnyFloats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class OrderedDecision:
    """The rule by which a class is chosen from the probabilities of all, in their order."""

    rule: str = "mode"

    def decide(self, probabilities: AnyFloats) -> Ints:
        """Return the class (N,) of each row of probabilities (N, C)."""
        if self.rule == "median":
            return np.asarray((np.cumsum(probabilities, 1) >= 0.5 - 1e-12).argmax(1), np.int64)
        if self.rule == "mean":
            means = probabilities @ np.arange(probabilities.shape[1])
            return np.asarray(np.floor(means + 0.5), np.int64).clip(0, probabilities.shape[1] - 1)
        return np.asarray(probabilities.argmax(1), np.int64)

    def to_json(self) -> dict[str, Any]:
        """Return what a model's config.json holds of it."""
        return {"label_kind": "ordered", "ordered_answer": self.rule}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "OrderedDecision | None":
        """Return what a model's config.json holds; None where its classes have no order."""
        if values.get("label_kind") != "ordered":
            return None
        rule = values.get("ordered_answer")
        return cls(rule if rule in RULES else "mode")


def choose_rule(labels: Ints, probabilities: AnyFloats, metric: str) -> OrderedDecision:
    """Return the rule that does best by a score on rows that the model did not learn from; by kappa for the loss.

    Args:
        labels: (N,) class numbers, in the order of the classes.
        probabilities: (N, C).
        metric: a name in ORDERED, or another that does not follow from answers.
    """
    name = metric if metric in ORDERED else "qwk"

    def score(rule: str) -> float:
        answers = OrderedDecision(rule).decide(probabilities)
        return orient(name, score_predictions(labels, answers, probabilities.shape[1], {name: ORDERED[name]})[name])

    return OrderedDecision(max(RULES, key=score))
