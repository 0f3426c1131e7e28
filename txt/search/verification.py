"""Short trainings at the suggested rate and around it, to verify the suggestion."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.search.trainer import StepTrainer, fitted_head
from txt.training.distributed import Group
from txt.training.linear_head import Head
from txt.training.machine import Machine, choose_machine
from txt.training.plan import linear_with_warmup
from txt.training.validation import score_split

FACTORS = (1 / 3, 1.0, 3.0)
_STEPS = 150


@dataclass(frozen=True)
class VerifiedRate:
    """How a short training at one rate scored on the val split."""

    lr: float
    steps: int
    loss: float
    score: float | None

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {"lr": self.lr, "steps": self.steps, "val_loss": self.loss, "score": self.score}


def verify(prepared: Prepared, config: TrainConfig, suggestion: float) -> Iterator[VerifiedRate]:
    """Train a new model at each of three rates, with warm-up and decay, and score each on val."""
    threads = torch.get_num_threads()
    try:
        machine = choose_machine(config)
        head = fitted_head(prepared, config, machine)
        for factor in FACTORS:
            yield _train_briefly(prepared, config, machine, head, suggestion * factor)
    finally:
        torch.set_num_threads(threads)


def pick_best(verified: list[VerifiedRate]) -> VerifiedRate:
    """Return the rate whose training has the lowest val loss, which says more than a score after so few steps."""
    return min(verified, key=lambda each: each.loss)


def _train_briefly(
    prepared: Prepared, config: TrainConfig, machine: Machine, head: Head | None, rate: float
) -> VerifiedRate:
    trainer = StepTrainer(prepared, config, machine, head)
    for step in range(_STEPS):
        loss = trainer.step(rate * linear_with_warmup(step, _STEPS // 10, _STEPS))
        if loss != loss:
            return VerifiedRate(rate, step, float("inf"), None)
    classes = len(prepared.labels)
    scored = score_split(trainer.optimizer.working, prepared.split("val"), classes, machine, Group())
    return VerifiedRate(rate, _STEPS, scored.loss, scored.score(config.metric))
