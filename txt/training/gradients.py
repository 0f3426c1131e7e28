"""One batch through the model and back: its loss and its gradients."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from txt.data.prepared import Split
from txt.model.dropout import Dropout, draw_mask_pool
from txt.training.batch_loss import make_batch_loss
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
        self.loss = make_batch_loss(split, num_classes, plan.config)
        self._pool: Tensor | None = None
        self._epoch = -1

    def compute(self, rows: RowNumbers, step: int, epoch: int) -> BatchLoss:
        """Compute the gradients of the mean loss over `rows`, sorted by length; `step` and `epoch` seed what is random.

        Raises:
            torch.OutOfMemoryError: a piece does not fit; nothing is left of the batch.
        """
        if epoch != self._epoch:
            self._pool, self._epoch = self._draw_pool(epoch), epoch
        total = self.loss.total(rows)
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
        inputs = torch.from_numpy(token_ids).to(self.machine.device)
        logits = self.optimizer.working.classify(inputs, lengths.tolist(), drop)  # (B, C)
        summed, right = self.loss.compute(logits.float(), rows)
        loss = summed / total
        loss.backward()
        self.optimizer.collect()
        return torch.tensor([loss.item(), right], dtype=torch.float64)

    def _draw_pool(self, epoch: int) -> Tensor | None:
        return draw_mask_pool(self.plan.config.dropout, self.plan.seed(epoch), self.machine.dtype, self.machine.device)
