"""The loss of a batch, which the kind of the labels decides: one class a row, or any of several labels."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from txt.arrays import Ints
from txt.config import TrainConfig
from txt.data.label_kinds import LabelSets


class LabeledRows(Protocol):
    """What a loss needs of a split."""

    @property
    def has_several(self) -> bool:
        """Whether rows may have several labels."""

    @property
    def labels(self) -> Ints:
        """The class of each row, (N,)."""

    @property
    def label_sets(self) -> LabelSets:
        """The labels of each row, where rows may have several."""

    @property
    def shares(self) -> npt.NDArray[np.float32] | None:
        """The probability of each class in each row, (N, C), where that is known."""


class RowLoss(Protocol):
    """The loss of rows, by their places in a split."""

    def compute(self, logits: Tensor, rows: Ints) -> tuple[Tensor, int]:
        """Return the summed loss of logits (B, C), and how many rows are right."""

    def by_row(self, logits: Tensor, rows: Ints) -> Tensor:
        """Return the loss of each row, (B,)."""

    def total(self, rows: Ints) -> float:
        """Return what the summed loss of a whole batch is divided by."""


class ClassLoss:
    """Cross-entropy of one class a row, with class weights and smoothing."""

    def __init__(self, split: LabeledRows, num_classes: int, config: TrainConfig) -> None:
        self._labels, self._smoothing = split.labels, config.label_smoothing
        balanced = config.class_weights == "balanced"
        self._weights = compute_balanced_weights(split.labels, num_classes) if balanced else None  # (C,)

    def compute(self, logits: Tensor, rows: Ints) -> tuple[Tensor, int]:
        """Return the summed loss of logits (B, C), and how many rows are right."""
        labels = torch.from_numpy(self._labels[rows]).to(logits.device)
        weights = None if self._weights is None else self._weights.to(logits.device)
        loss = F.cross_entropy(logits, labels, weights, reduction="sum", label_smoothing=self._smoothing)
        return loss, int((logits.argmax(1) == labels).sum().item())

    def by_row(self, logits: Tensor, rows: Ints) -> Tensor:
        """Return the loss of each row, (B,)."""
        labels = torch.from_numpy(self._labels[rows]).to(logits.device)
        weights = None if self._weights is None else self._weights.to(logits)
        return F.cross_entropy(logits, labels, weights, reduction="none", label_smoothing=self._smoothing)

    def total(self, rows: Ints) -> float:
        """Return the number of rows, or the sum of their classes' weights."""
        if self._weights is None:
            return len(rows)
        return float(self._weights[torch.from_numpy(self._labels[rows])].sum())


class SoftLoss(ClassLoss):
    """Cross-entropy to the probability of each class in a row, with class weights and smoothing.

    A row is right when the likeliest class is the most probable one.
    """

    def __init__(self, split: LabeledRows, num_classes: int, config: TrainConfig) -> None:
        super().__init__(split, num_classes, config)
        assert split.shares is not None
        self._shares = split.shares

    def compute(self, logits: Tensor, rows: Ints) -> tuple[Tensor, int]:
        """Return the summed loss of logits (B, C), and how many rows are right."""
        labels = torch.from_numpy(self._labels[rows]).to(logits.device)
        return self.by_row(logits, rows).sum(), int((logits.argmax(1) == labels).sum().item())

    def by_row(self, logits: Tensor, rows: Ints) -> Tensor:
        """Return the loss of each row, (B,)."""
        shares = torch.from_numpy(self._shares[rows]).to(logits)
        weights = None if self._weights is None else self._weights.to(logits)
        return F.cross_entropy(logits, shares, weights, reduction="none", label_smoothing=self._smoothing)

    def total(self, rows: Ints) -> float:
        """Return the number of rows, or the sum of their classes' weights, each as far as it is probable."""
        if self._weights is None:
            return len(rows)
        return float((torch.from_numpy(self._shares[rows]) @ self._weights).sum())


class SetLoss:
    """Log loss of each label by itself, the mean over labels: one sigmoid a label.

    Balanced weights make the rows that have a label and those that lack it count alike, label by label; smoothing
    moves each target that share of the way to one half. A row is right when all of its labels are, at one half.
    """

    def __init__(self, split: LabeledRows, num_classes: int, config: TrainConfig) -> None:
        self._sets, self._classes, self._smoothing = split.label_sets, num_classes, config.label_smoothing
        self._weights: tuple[Tensor, Tensor] | None = None  # of rows that have a label and of others, (C,) each
        if config.class_weights == "balanced":
            rows = len(self._sets)
            counts = np.bincount(self._sets.ids, minlength=num_classes)
            have, lack = rows / (2 * np.maximum(counts, 1)), rows / (2 * np.maximum(rows - counts, 1))
            self._weights = torch.from_numpy(have).float(), torch.from_numpy(lack).float()

    def compute(self, logits: Tensor, rows: Ints) -> tuple[Tensor, int]:
        """Return the summed loss of logits (B, C), and how many rows are right."""
        holds = self._read(rows, logits)
        loss = self._losses(logits, holds).sum() / self._classes
        return loss, int(((logits > 0) == holds).all(1).sum().item())

    def by_row(self, logits: Tensor, rows: Ints) -> Tensor:
        """Return the loss of each row, (B,)."""
        return self._losses(logits, self._read(rows, logits)).mean(1)

    def total(self, rows: Ints) -> float:
        """Return the number of rows."""
        return len(rows)

    def _read(self, rows: Ints, logits: Tensor) -> Tensor:
        """Return which labels rows have, (B, C), on the device of the logits."""
        return torch.from_numpy(self._sets.take(rows).matrix(self._classes)).to(logits.device)

    def _losses(self, logits: Tensor, holds: Tensor) -> Tensor:
        """Return the weighted log loss of each decision, (B, C)."""
        targets = holds.to(logits.dtype) * (1 - self._smoothing) + self._smoothing / 2
        weights = None
        if self._weights is not None:
            have, lack = (each.to(logits) for each in self._weights)
            weights = torch.where(holds, have, lack)
        return F.binary_cross_entropy_with_logits(logits, targets, weights, reduction="none")


def make_batch_loss(split: LabeledRows, num_classes: int, config: TrainConfig) -> RowLoss:
    """Return the loss that goes with a split's labels."""
    kind = SetLoss if split.has_several else SoftLoss if config.soft_labels else ClassLoss
    return kind(split, num_classes, config)


def compute_balanced_weights(labels: npt.NDArray[np.int64], num_classes: int) -> Tensor:
    """Return weights (C,) that make every class count alike: rows / (classes · rows of the class)."""
    counts = np.bincount(labels, minlength=num_classes)
    present = int((counts > 0).sum())
    return torch.tensor(len(labels) / (present * np.maximum(counts, 1)), dtype=torch.float32)
