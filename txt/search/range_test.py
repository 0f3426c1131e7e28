"""The learning-rate range test: training at a rate that grows with each step, until the loss explodes.

It trains models of its own, and what it draws at random has generators of its own: a training after it is the same to
the bit as one without it, and neither the prepared data nor a run is touched.

Source: Smith, Cyclical Learning Rates for Training Neural Networks (2017); the guide's LRFinder.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from txt.config import LRFindConfig, TrainConfig
from txt.data.prepared import Prepared, Split
from txt.model.predict import predict_logits
from txt.search.curve import Curve
from txt.search.guessing import Guessing
from txt.search.trainer import StepTrainer, fitted_head
from txt.training.head import Head
from txt.training.machine import Machine, choose_machine

_EXPLODED = 4.0  # times the best loss so far, both smoothed: fastai's rule
_SPENT = 1.1  # times the loss of the beginning: from there on nothing is learned
_REMEMBERED = 0.8  # share of the past in the running mean that these two are applied to
_IDLE = 1e-5  # a step at a lower rate changes next to nothing, so that the first repeat takes only
_EVERY_IDLE = 5  # one such rate in so many
_USEFUL = 1 / 30  # of the rate that the first repeat found best: lower rates change nothing
_VAL_ROWS = 256


@dataclass(frozen=True)
class Tried:
    """One step of a range test; repeats and steps are counted from 0.

    `loss` is the batch's own. `adjusted` is free of what its mix of classes does to it: the loss of guessing the
    classes' shares for this batch is taken off, and that for the whole split put on.
    """

    repeat: int
    step: int
    rate: float
    loss: float
    adjusted: float
    val_loss: float | None = None


def range_test(prepared: Prepared, config: TrainConfig, finding: LRFindConfig) -> Iterator[Tried]:
    """Run the test, each repeat with weights and an order of its own, yielding every step.

    The model begins by predicting the classes' shares. Otherwise most of what falls in the first hundred steps of a
    model from nothing is the way to those shares, which any small rate finds, and the suggestion is ten times too low.
    One with pretrained weights begins as its training does: with the head that it has, or one fitted to its embeddings.

    The first repeat goes from one end to the other, in longer strides where rates are lowest; the others leave out low
    rates at which the first one's loss did not move.

    Raises:
        InputError: the device does not exist here.
    """
    threads = torch.get_num_threads()
    try:
        machine = choose_machine(config)
        head = fitted_head(prepared, config, machine)
        first = list[Tried]()
        for each in _one_repeat(prepared, config, finding, machine, head, 0, _first_rates(finding.rates())):
            first.append(each)
            yield each
        lowest = _lowest_useful(curves_of(first)[0])
        rates = [rate for rate in finding.rates() if rate >= lowest]
        for repeat in range(1, finding.repeats):
            yield from _one_repeat(prepared, config, finding, machine, head, repeat, rates)
    finally:
        torch.set_num_threads(threads)


def curves_of(tried: Sequence[Tried]) -> list[Curve]:
    """Return the curve of each repeat, of adjusted losses."""
    repeats = 1 + max((each.repeat for each in tried), default=-1)
    return [Curve.of([(each.rate, each.adjusted) for each in tried if each.repeat == r]) for r in range(repeats)]


class ExplosionWatch:
    """Tells when a range test has seen enough: the loss exploded, or is well above where it began.

    The running mean's bias towards its beginning is corrected, so that the first steps count in full.
    """

    def __init__(self) -> None:
        self._sum = 0.0
        self._steps = 0
        self._first = self._best = math.inf

    def enough(self, loss: float) -> bool:
        """Take the next loss; return whether the test should stop after it."""
        if not math.isfinite(loss):
            return True
        self._steps += 1
        self._sum = _REMEMBERED * self._sum + (1 - _REMEMBERED) * loss
        mean = self._sum / (1 - _REMEMBERED**self._steps)
        if self._steps == 1:
            self._first = mean
        self._best = min(self._best, mean)
        return mean > _SPENT * self._first or mean > _EXPLODED * self._best


def _one_repeat(
    prepared: Prepared,
    config: TrainConfig,
    finding: LRFindConfig,
    machine: Machine,
    head: Head | None,
    repeat: int,
    rates: list[float],
) -> Iterator[Tried]:
    trainer = StepTrainer(prepared, config.with_options(seed=(config.seed + repeat) % 2**32), machine, head)
    train, val = prepared.split("train"), prepared.split("val")
    guessing = Guessing(train, len(prepared.labels), config)
    if trainer.is_untaught:
        trainer.start_at(guessing.shares)
    watch = ExplosionWatch()
    for step, rate in enumerate(rates):
        rows = trainer.next_rows()
        loss = trainer.step(rate)
        adjusted = loss - guessing.loss(rows) + guessing.mean_loss
        val_loss = _val_loss(trainer, val) if finding.val_loss and math.isfinite(loss) else None
        yield Tried(repeat, step, rate, loss, adjusted, val_loss)
        if watch.enough(adjusted):
            return


def _first_rates(rates: list[float]) -> list[float]:
    return [rate for step, rate in enumerate(rates) if rate >= _IDLE or step % _EVERY_IDLE == 0]


def _lowest_useful(curve: Curve) -> float:
    """Return the lowest rate worth trying again, going by the first repeat; 0 where it says nothing."""
    harmful = curve.harmful_rate()
    if harmful is None or len(curve.rates) == 0:
        return 0.0
    best = float(curve.rates[int(curve.smoothed.argmin())]) if curve.trouble() is None else harmful
    return min(best, harmful) * _USEFUL


def _val_loss(trainer: StepTrainer, val: Split) -> float:
    """Return the mean loss over the first rows of the val split, after the step."""
    rows = np.arange(min(len(val), _VAL_ROWS))
    model = trainer.optimizer.working
    model.eval()
    logits = predict_logits(model, val, trainer.machine.device, rows)
    model.train()
    return float(F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(val.labels[rows])))
