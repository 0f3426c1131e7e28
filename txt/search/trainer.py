"""A training without a run folder: the steps of `txt train` at rates given from outside, and nothing written."""

import math
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.model.build import build_model, learning_rate_scale
from txt.model.pretrained import Model, PretrainedClassifier
from txt.training.batches import RowNumbers
from txt.training.distributed import Group
from txt.training.fresh_edits import make_fresh_edits
from txt.training.gradients import BatchGradients, BatchLoss
from txt.training.linear_head import Head, fit_first_head
from txt.training.machine import Machine, convert_precision
from txt.training.optimizer import FlatAdamW
from txt.training.plan import TrainingPlan


class StepTrainer:
    """Trains a new model step by step, with training's own optimizer, decay, clipping, precision, order and dropout.

    `head` is what `fitted_head` returned, with which a fine-tuning begins; `is_untrained` tells that the last layer has
    learned nothing yet.
    """

    def __init__(self, prepared: Prepared, config: TrainConfig, machine: Machine, head: Head | None = None) -> None:
        self.config, self.machine = config, machine
        train = prepared.split("train")
        self.plan = TrainingPlan(train.lengths, config)
        model = build_model(config, prepared, machine.device)
        scale_of = partial(learning_rate_scale, model, config)
        self.optimizer = FlatAdamW(model, machine.dtype, config.weight_decay, scale_of)
        self.optimizer.working.train()
        self.optimizer.working.gradient_checkpointing = config.gradient_checkpointing
        self._gradients = BatchGradients(
            train, len(prepared.labels), self.plan, self.optimizer, machine, Group(), make_fresh_edits(config, prepared)
        )
        self._steps = 0
        self.is_untrained = config.pretrained is None
        if isinstance(model, PretrainedClassifier):
            self.is_untrained = model.new_head and head is None
            if head is not None and model.head_on_embeddings is not None:
                head.write(model.head_on_embeddings)
                self.optimizer.refresh()

    def step(self, learning_rate: float) -> float:
        """Take the next step at this rate. Returns the batch's loss before it; not finite where nothing was applied."""
        loss = self._compute(self.next_rows(), self._steps // self.plan.steps_per_epoch).loss
        norm = self.optimizer.clip(self.config.max_grad_norm)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self.optimizer.discard()
            return math.nan
        self.optimizer.step(learning_rate)
        self._steps += 1
        return loss

    def next_rows(self) -> RowNumbers:
        """Return the rows of the next step."""
        epoch, index = divmod(self._steps, self.plan.steps_per_epoch)
        return self.plan.batches(epoch)[index]

    def start_at(self, logits: npt.NDArray[np.float64]) -> None:
        """Let the model begin with these logits (C,) as its prediction for every row."""
        with torch.no_grad():
            head = _find_last_layer(self.optimizer.model, len(logits))
            head.weight.zero_()
            head.bias.copy_(torch.from_numpy(logits))
        self.optimizer.refresh()

    def _compute(self, rows: RowNumbers, epoch: int) -> BatchLoss:
        """Compute a batch, in twice as many pieces each time memory does not suffice."""
        while True:
            try:
                return self._gradients.compute(rows, self._steps, epoch)
            except torch.OutOfMemoryError:
                if not self._gradients.cut_finer(rows):
                    raise


def fitted_head(prepared: Prepared, config: TrainConfig, machine: Machine) -> Head | None:
    """Return the head that a fine-tuning with these options begins with; None for a training that fits none.

    It depends on the encoder alone, so that one does for trainings with several seeds.
    """
    if config.pretrained is None or not config.fitted_head:
        return None
    model = build_model(config, prepared, machine.device)
    if not isinstance(model, PretrainedClassifier):
        return None
    working = convert_precision(model, machine)
    return fit_first_head(working, prepared.split("train"), len(prepared.labels), machine.device)


def _find_last_layer(model: Model, num_classes: int) -> nn.Linear:
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    return next(layer for layer in reversed(layers) if layer.out_features == num_classes)
