"""Fine-tuning an encoder on some rows, as `txt train --from` does, but for a rung of the ladder."""

import math
import time
from collections.abc import Callable, Generator
from functools import partial

import torch

from txt.arrays import Ints
from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.model.build import build_model, learning_rate_scale
from txt.model.pretrained import PretrainedClassifier
from txt.training.distributed import Group
from txt.training.gradients import BatchGradients
from txt.training.ladder.rows import JoinedRows, SomeRows
from txt.training.linear_head import fit_first_head
from txt.training.machine import Machine
from txt.training.meter import Meter
from txt.training.optimizer import FlatAdamW
from txt.training.plan import TrainingPlan

_LOG_INTERVAL = 10  # steps


class Tuning:
    """One fine-tuning, from the encoder as it was pretrained to the last step."""

    def __init__(
        self, prepared: Prepared, config: TrainConfig, machine: Machine, rows: JoinedRows, places: Ints
    ) -> None:
        self.config, self.machine = config, machine
        self.rows = SomeRows(rows, places)
        self.plan = TrainingPlan(self.rows.lengths, config)
        model = build_model(config, prepared, machine.device)
        assert isinstance(model, PretrainedClassifier)
        self.model = model
        self.optimizer = FlatAdamW(
            model, machine.dtype, config.weight_decay, partial(learning_rate_scale, model, config)
        )
        working = self.optimizer.working
        assert isinstance(working, PretrainedClassifier)
        head = fit_first_head(working, self.rows, len(prepared.labels), machine.device)  # type: ignore[arg-type]
        if head is not None and model.head_on_embeddings is not None:
            head.write(model.head_on_embeddings)
            self.optimizer.refresh()
        working.train()
        self.working = working
        self._gradients = BatchGradients(
            self.rows,  # type: ignore[arg-type]
            len(prepared.labels),
            self.plan,
            self.optimizer,
            machine,
            Group(),
        )
        self.step = 0
        self.seconds = 0.0

    @property
    def seconds_per_step(self) -> float:
        """Mean so far, without the first step, in which much is done for the first time."""
        return self.seconds / max(self.step - 1, 1)

    def steps(self, number: int, stop: Callable[[], bool]) -> Generator[Meter, None, bool]:
        """Train until `number` steps are done, yielding means; return False where it was stopped or failed."""
        meter, counted = Meter(), 0
        while self.step < min(number, self.plan.total_steps):
            begun = time.perf_counter()
            epoch, index = divmod(self.step, self.plan.steps_per_epoch)
            rows = self.plan.batches(epoch)[index]
            rate = self.plan.learning_rate(self.step)
            batch = self._compute(rows, epoch)
            norm = self.optimizer.clip(self.config.max_grad_norm)
            if not (math.isfinite(batch.loss) and math.isfinite(norm)):
                return False
            self.optimizer.step(rate)
            self.step += 1
            seconds = time.perf_counter() - begun
            if self.step > 1:
                self.seconds += seconds
            meter.add(batch, len(rows), int(self.rows.lengths[rows].sum()), norm, rate, seconds)
            counted += 1
            if counted == _LOG_INTERVAL:
                yield meter
                meter, counted = Meter(), 0
            if stop():
                return False
        if counted:
            yield meter
        return True

    def trained(self) -> PretrainedClassifier:
        """Return the model to compute with, in evaluation mode."""
        self.working.eval()
        return self.working

    def _compute(self, rows: Ints, epoch: int):  # type: ignore[no-untyped-def]
        while True:
            try:
                return self._gradients.compute(rows, self.step, epoch)
            except torch.OutOfMemoryError:
                if not self._gradients.cut_finer(rows):
                    raise
