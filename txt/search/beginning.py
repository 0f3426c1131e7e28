"""The loss of a model that has learned before, as it begins: what a range test on it has to go below."""

from copy import deepcopy

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from txt.data.prepared import Split
from txt.model.predict import predict_logits
from txt.search.trainer import StepTrainer
from txt.training.batches import Rows
from txt.training.gradients import balanced_weights

_ROWS = 256  # whose mean stands for the whole split


class Beginning:
    """The loss of any rows at the weights that a trainer begins with.

    How hard a batch's rows are makes most of the noise in its loss, once a model can do more than guess. So much noise
    that nothing could be read off the curve, and the test took the third batch for an explosion.
    """

    def __init__(self, trainer: StepTrainer, split: Split, num_classes: int) -> None:
        self._model = deepcopy(trainer.optimizer.working)
        self._model.eval()
        self._split, self._device = split, trainer.machine.device
        self._smoothing = trainer.config.label_smoothing
        balanced = trainer.config.class_weights == "balanced"
        weights = balanced_weights(split.labels, num_classes) if balanced else torch.ones(num_classes)
        self._class_weights = weights.float()
        self._weights = weights.double().numpy()[split.labels]  # (N,)
        self._losses = np.full(len(split), np.nan)
        self.mean_loss = self.loss(np.linspace(0, len(split) - 1, min(len(split), _ROWS), dtype=np.int64))

    def loss(self, rows: Rows) -> float:
        """Return the loss of some rows, as training would tell it."""
        unknown = rows[np.isnan(self._losses[rows])]
        if len(unknown):
            self._losses[unknown] = self._compute(unknown)
        return float(self._losses[rows].sum() / self._weights[rows].sum())

    def _compute(self, rows: Rows) -> npt.NDArray[np.float64]:
        logits = torch.from_numpy(predict_logits(self._model, self._split, self._device, rows))
        labels = torch.from_numpy(self._split.labels[rows])
        losses = F.cross_entropy(logits, labels, self._class_weights, reduction="none", label_smoothing=self._smoothing)
        return losses.double().numpy()
