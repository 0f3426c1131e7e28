"""What the kind of the labels decides on the ladder: how a model is fitted, judged and blended, and folds are made."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.data import label_kinds
from txt.data.label_kinds import SEVERAL
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.label_set_metrics import (
    Decision,
    Matrix,
    choose_decision,
    count_confused,
    label_losses,
    score_sets,
    sigmoid,
)
from txt.metrics import ORDERED, count_confusions, score_predictions
from txt.model.logistic import fit_logistic_sets
from txt.ordered_classes import OrderedDecision, choose_rule
from txt.training.ladder.blend import AnyFloats, fit_blend, fit_blend_sets, mix, mix_sets
from txt.training.ladder.cross_fit import Fit, Learner, OneClass, SoftClasses
from txt.training.ladder.folds import make_folds, make_folds_of_sets
from txt.training.ladder.rows import JoinedRows

Labels = npt.NDArray[Any]
"""Class numbers (N,), or which labels each row has (N, K)."""


@dataclass(frozen=True)
class Judged:
    """Scores of a model on rows that it did not learn from; `right` (N,) are those that are all right."""

    metrics: dict[str, float]
    right: npt.NDArray[np.bool_]
    confusion: Ints
    decision: Decision | OrderedDecision | None = None


class LadderKind(Learner, Protocol):
    """What the ladder asks of a kind of labels."""

    def read(self, rows: JoinedRows) -> Labels:
        """Return the labels of rows."""

    def read_targets(self, rows: JoinedRows) -> Labels:
        """Return what models are fitted to: the labels, or the probabilities of classes (N, C)."""

    def refuse_unlearnable(self, labels: Labels, folder: Path) -> None:
        """Refuse labels that nothing can be learned from."""

    def blend(self, logits: Sequence[AnyFloats], labels: Labels) -> Floats:
        """Return a weight for each model's logits."""

    def mix(self, logits: Sequence[AnyFloats], weights: Floats) -> AnyFloats:
        """Return the weighted sum of several models' logits."""

    def folds(self, labels: Labels, groups: Ints, count: int, seed: int) -> Ints:
        """Return the fold of each row, (N,)."""

    def judge(self, logits: AnyFloats, labels: Labels, metric: str, /) -> Judged:
        """Score logits (N, C); where there is something to choose for it, `metric` says what for."""


class OneLabel(OneClass):
    """A row has one class of `classes`."""

    def read(self, rows: JoinedRows) -> Ints:
        """Return class numbers."""
        return rows.labels

    def read_targets(self, rows: JoinedRows) -> Labels:
        """Return class numbers."""
        return rows.labels

    def refuse_unlearnable(self, labels: Ints, folder: Path) -> None:
        """Refuse rows of one class."""
        if len(np.unique(labels)) < 2:
            raise InputError(f"`{folder}` has labeled rows of one class only")

    def blend(self, logits: Sequence[AnyFloats], labels: Ints) -> Floats:
        """Return the weights with the lowest log loss."""
        return fit_blend(logits, labels)

    def mix(self, logits: Sequence[AnyFloats], weights: Floats) -> Floats:
        """Return the weighted sum of several models' logits."""
        return mix(logits, weights)

    def folds(self, labels: Ints, groups: Ints, count: int, seed: int) -> Ints:
        """Return folds with equal shares of every class."""
        return make_folds(labels, groups, count, seed)

    def judge(self, logits: AnyFloats, labels: Ints, _metric: str, /) -> Judged:
        """Score the likeliest class of each row."""
        predictions = logits.argmax(1)
        return Judged(
            score_predictions(labels, predictions, self.classes),
            predictions == labels,
            count_confusions(labels, predictions, self.classes),
        )


class SoftLabels(OneLabel):
    """A row has each of `classes` with some probability: models are fitted to these, and judged by the likeliest."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self._soft = SoftClasses()
        self.fit = self._soft.fit

    def read_targets(self, rows: JoinedRows) -> Labels:
        """Return the probability of each class, (N, C)."""
        assert rows.shares is not None
        return rows.shares

    def losses(self, logits: AnyFloats, labels: npt.NDArray[Any]) -> Floats:
        """Return the log loss of each row: to its probabilities (N, C), or to its class (N,)."""
        return self._soft.losses(logits, labels) if labels.ndim == 2 else super().losses(logits, labels)


class OrderedLabels(OneLabel):
    """A row has one of `classes` in an order."""

    def judge(self, logits: AnyFloats, labels: Ints, metric: str, /) -> Judged:
        """Score the answers of the rule that does best by `metric` on these rows."""
        exact = np.asarray(logits, np.float64)
        probabilities = np.exp(exact - np.logaddexp.reduce(exact, axis=1, keepdims=True))
        decision = choose_rule(labels, probabilities, metric)
        answers = decision.decide(probabilities)
        return Judged(
            score_predictions(labels, answers, self.classes, ORDERED),
            answers == labels,
            count_confusions(labels, answers, self.classes),
            decision,
        )


class SeveralLabels:
    """A row has any of `classes` labels, each by itself: it has a logistic regression for each."""

    fit: Fit = staticmethod(fit_logistic_sets)

    def __init__(self, classes: int) -> None:
        self.classes = classes

    def read(self, rows: JoinedRows) -> Matrix:
        """Return which labels each row has."""
        return rows.label_sets.matrix(self.classes)

    def read_targets(self, rows: JoinedRows) -> Labels:
        """Return which labels each row has."""
        return self.read(rows)

    def refuse_unlearnable(self, labels: Matrix, folder: Path) -> None:
        """Refuse rows that all have the same labels."""
        if not (labels.any(0) & ~labels.all(0)).any():
            raise InputError(f"all labeled rows of `{folder}` have the same labels")

    def losses(self, logits: AnyFloats, labels: Matrix) -> Floats:
        """Return the mean log loss over each row's decisions."""
        return label_losses(logits, labels)

    def blend(self, logits: Sequence[AnyFloats], labels: Matrix) -> Floats:
        """Return the weights with the lowest log loss."""
        return fit_blend_sets(logits, labels)

    def mix(self, logits: Sequence[AnyFloats], weights: Floats) -> AnyFloats:
        """Return the weighted sum of several models' logits."""
        return mix_sets(logits, weights)

    def folds(self, labels: Matrix, groups: Ints, count: int, seed: int) -> Ints:
        """Return folds with equal shares of every label."""
        return make_folds_of_sets(labels, groups, count, seed)

    def judge(self, logits: AnyFloats, labels: Matrix, metric: str, /) -> Judged:
        """Score the labels that hold from the thresholds on that do best by `metric` on these rows."""
        probabilities = sigmoid(logits)
        decision = choose_decision(labels, probabilities, metric)
        answers = decision.decide(probabilities)
        return Judged(
            score_sets(labels, probabilities, decision),
            (answers == labels).all(1),
            count_confused(labels, answers),
            decision,
        )


def kind_of(prepared: Prepared, soft: bool = False) -> LadderKind:
    """Return what the ladder does with the labels of some data; `soft` takes the probabilities of classes."""
    if soft:
        return SoftLabels(len(prepared.labels))
    kinds: dict[str, type[OneLabel | SeveralLabels]] = {SEVERAL: SeveralLabels, label_kinds.ORDERED: OrderedLabels}
    return kinds.get(prepared.manifest.kind, OneLabel)(len(prepared.labels))
