"""One batch through the model and back: its loss and its gradients."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from txt.data.prepared import Split
from txt.model.dropout import Dropout, draw_mask_pool
from txt.training.batches import RowNumbers
from txt.training.distributed import Group
from txt.training.fresh_edits import FreshEdits
from txt.training.machine import Machine
from txt.training.optimizer import FlatAdamW
from txt.training.plan import TrainingPlan


class BatchLoss(NamedTuple):
    """A batch's mean loss and how many of its rows were right, over all processes."""

    loss: float
    correct: int


class BatchGradients:
    """Computes batches of the train split and leaves their gradients in the optimizer.

    A batch is computed in `pieces`, to the same result, each of which needs that much less memory. Where there are
    `edits`, rows come through them.
    """

    def __init__(
        self,
        split: Split,
        num_classes: int,
        plan: TrainingPlan,
        optimizer: FlatAdamW,
        machine: Machine,
        group: Group,
        edits: FreshEdits | None = None,
    ) -> None:
        self.split, self.plan, self.optimizer, self.machine, self.group = split, plan, optimizer, machine, group
        self.edits = edits
        self.pieces = plan.config.accumulate
        balanced = plan.config.class_weights == "balanced"
        self.class_weights = compute_balanced_weights(split.labels, num_classes) if balanced else None  # (C,) float32
        self._pool: Tensor | None = None
        self._epoch = -1

    def compute(self, rows: RowNumbers, step: int, epoch: int) -> BatchLoss:
        """Compute the gradients of the mean loss over `rows`, sorted by length; `step` and `epoch` seed what is random.

        Raises:
            torch.OutOfMemoryError: a piece does not fit; nothing is left of the batch.
        """
        if epoch != self._epoch:
            self._pool, self._epoch = self._draw_pool(epoch), epoch
        total = self._sum_weights(rows)
        sums = torch.zeros(2, dtype=torch.float64)
        try:
            for number, piece in enumerate(np.array_split(self.group.share(rows), self.pieces)):
                if len(piece):
                    drop = Dropout(self._pool, self.plan.seed(step, self.group.rank, number))
                    sums += self._backward(piece, total, drop)
        except torch.OutOfMemoryError:
            self.optimizer.discard()
            raise
        self.optimizer.add_up(self.group)
        loss, correct = self.group.sum(sums).tolist()
        return BatchLoss(loss, int(correct))

    def cut_finer(self, rows: RowNumbers) -> bool:
        """Compute batches in twice as many pieces from here on; False where these rows have no more pieces."""
        if self.pieces >= len(rows):
            return False
        self.pieces *= 2
        return True

    def _backward(self, rows: RowNumbers, total: float, drop: Dropout) -> Tensor:
        """Add the gradients of some rows; return their part of the loss and the number right."""
        token_ids, lengths = self.edits.gather(rows, self._epoch) if self.edits else self.split.gather(rows)
        labels = torch.from_numpy(self.split.labels[rows]).to(self.machine.device)
        inputs = torch.from_numpy(token_ids).to(self.machine.device)
        logits = self.optimizer.working.classify(inputs, lengths.tolist(), drop)  # (B, C)
        weights = None if self.class_weights is None else self.class_weights.to(self.machine.device)
        smoothing = self.plan.config.label_smoothing
        loss = F.cross_entropy(logits.float(), labels, weights, reduction="sum", label_smoothing=smoothing) / total
        loss.backward()
        self.optimizer.collect()
        return torch.tensor([loss.item(), (logits.argmax(1) == labels).sum().item()], dtype=torch.float64)

    def _sum_weights(self, rows: RowNumbers) -> float:
        """Return what the summed loss is divided by: the number of rows, or the sum of their classes' weights."""
        if self.class_weights is None:
            return len(rows)
        return float(self.class_weights[torch.from_numpy(self.split.labels[rows])].sum())

    def _draw_pool(self, epoch: int) -> Tensor | None:
        return draw_mask_pool(self.plan.config.dropout, self.plan.seed(epoch), self.machine.dtype, self.machine.device)


def compute_balanced_weights(labels: npt.NDArray[np.int64], num_classes: int) -> Tensor:
    """Return weights (C,) that make every class count alike: rows / (classes · rows of the class)."""
    counts = np.bincount(labels, minlength=num_classes)
    present = int((counts > 0).sum())
    return torch.tensor(len(labels) / (present * np.maximum(counts, 1)), dtype=torch.float32)
