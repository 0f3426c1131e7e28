"""The plan of a training, known before it begins: steps, the rows of each, learning rate, seeds."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from txt.config import TrainConfig
from txt.training.batches import RowNumbers, make_epoch_batches, steps_per_epoch


@dataclass(frozen=True)
class TrainingPlan:
    """The course of a training over rows of these lengths."""

    lengths: npt.NDArray[np.integer]
    config: TrainConfig
    _kept: dict[int, list[RowNumbers]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in one pass over the rows."""
        return steps_per_epoch(len(self.lengths), self.config.batch_size)

    @property
    def total_steps(self) -> int:
        """Steps in all epochs."""
        return self.steps_per_epoch * self.config.num_epochs

    @property
    def warmup_steps(self) -> int:
        """Steps of rising learning rate: as asked but no more than there are, or else a tenth of all."""
        if self.config.warmup_steps is None:
            return self.total_steps // 10
        return min(self.config.warmup_steps, self.total_steps)

    def batches(self, epoch: int) -> list[RowNumbers]:
        """Return the rows of each step of an epoch, counted from 0; those of the last epoch asked for are kept."""
        if epoch not in self._kept:
            self._kept.clear()
            self._kept[epoch] = make_epoch_batches(self.lengths, self.config.batch_size, self.config.seed, epoch)
        return self._kept[epoch]

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        return self.config.learning_rate * linear_with_warmup(step, self.warmup_steps, self.total_steps)

    def seed(self, *purpose: int) -> int:
        """Return a seed of its own for a purpose, such as one step's dropout."""
        return derive_seed(self.config.seed, *purpose)


def derive_seed(seed: int, *purpose: int) -> int:
    """Return a seed for a purpose that follows from the training's own."""
    return int(np.random.SeedSequence([seed, *purpose]).generate_state(1, np.uint64)[0] >> 1)


def linear_with_warmup(step: int, warmup_steps: int, total_steps: int) -> float:
    """Return the factor for a step counted from 0: up from 0 to 1 over the warm-up, then down to 0 at the end.

    Source: transformers' get_linear_schedule_with_warmup, as in the reference guide (`--recipe guide`).
    """
    if step < warmup_steps:
        return step / max(1, warmup_steps)
    return max(0.0, (total_steps - step) / max(1, total_steps - warmup_steps))
