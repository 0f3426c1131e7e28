"""The loss of a model that knows no more than how common each class is: what any learning has to beat."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from txt.config import TrainConfig
from txt.data.prepared import Split
from txt.training.batches import Rows
from txt.training.gradients import balanced_weights


class Guessing:
    """Predicts `shares` (C,) for every row: those at which training's own loss over the split is lowest."""

    def __init__(self, split: Split, num_classes: int, config: TrainConfig) -> None:
        self._labels = split.labels
        counts = np.bincount(split.labels, minlength=num_classes).astype(np.float64)
        weights = None
        self._weights = np.ones(num_classes)
        if config.class_weights == "balanced":
            weights = balanced_weights(split.labels, num_classes).double()
            self._weights = weights.numpy()
        wanted = counts * self._weights / (counts * self._weights).sum()
        even = 1 / num_classes
        self.shares = (1 - config.label_smoothing) * wanted + config.label_smoothing * even
        self.shares = np.maximum(self.shares, even / 1000)  # a class may have no rows
        self.shares /= self.shares.sum()
        logits = torch.from_numpy(np.log(self.shares)).expand(num_classes, -1)  # (C, C)
        smoothing = config.label_smoothing
        losses = F.cross_entropy(
            logits, torch.arange(num_classes), weights, reduction="none", label_smoothing=smoothing
        )
        self._losses = losses.numpy()  # (C,) of a row of each class, weighted
        self.mean_loss = float(counts @ self._losses / (counts @ self._weights))

    def loss(self, rows: Rows) -> float:
        """Return the loss of guessing on some rows."""
        labels: npt.NDArray[np.int64] = self._labels[rows]
        return float(self._losses[labels].sum() / self._weights[labels].sum())
