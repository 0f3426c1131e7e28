"""The learning-rate range test: training at a rate that grows with each step, until the loss explodes.

It trains its own models with its own random generators: a training after it is bit-identical to one without it, and
neither the prepared data nor any run is changed.

Source: Smith, Cyclical Learning Rates for Training Neural Networks (2017).
"""

import math
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from txt.config import LRFindConfig, TrainConfig
from txt.data.prepared import Prepared, Split
from txt.model.predict import predict_logits
from txt.search.loss_curve import LossCurve
from txt.search.trainer import StepTrainer, fitted_head
from txt.training.batch_loss import compute_balanced_weights, make_batch_loss
from txt.training.batches import RowNumbers
from txt.training.machine import choose_machine


class PriorLoss:
    """Guesses the same for every row: the logits (C,) at which training's own loss over the split is lowest.

    Those are the shares of the classes, or where rows have several labels each label's own share, as far as class
    weights and smoothing leave them.
    """

    def __init__(self, split: Split, num_classes: int, config: TrainConfig) -> None:
        self._losses = make_batch_loss(split, num_classes, config)
        find = _find_set_prior if split.has_several else _find_class_prior
        self.logits = find(split, num_classes, config)
        total, rows = 0.0, np.arange(len(split))
        for start in range(0, len(split), _GUESSED):
            total += self._sum(rows[start : start + _GUESSED])
        self.mean_loss = total / self._losses.total(rows)

    def loss(self, rows: RowNumbers) -> float:
        """Return the loss of guessing on some rows."""
        return self._sum(rows) / self._losses.total(rows)

    def _sum(self, rows: RowNumbers) -> float:
        guesses = torch.from_numpy(self.logits).expand(len(rows), -1)  # (B, C)
        return float(self._losses.by_row(guesses, rows).sum())


def _find_class_prior(split: Split, num_classes: int, config: TrainConfig) -> npt.NDArray[np.float64]:
    counts = np.bincount(split.labels, minlength=num_classes).astype(np.float64)
    if config.class_weights == "balanced":
        counts *= compute_balanced_weights(split.labels, num_classes).double().numpy()
    even = 1 / num_classes
    shares = (1 - config.label_smoothing) * counts / counts.sum() + config.label_smoothing * even
    shares = np.maximum(shares, even / 1000)  # a class may have no rows
    return np.asarray(np.log(shares / shares.sum()))


def _find_set_prior(split: Split, num_classes: int, config: TrainConfig) -> npt.NDArray[np.float64]:
    counts = np.bincount(split.label_sets.ids, minlength=num_classes).astype(np.float64)
    shares = np.full(num_classes, 0.5) if config.class_weights == "balanced" else counts / max(len(split), 1)
    shares = (1 - config.label_smoothing) * shares + config.label_smoothing / 2
    rarest = 1 / (1000 * max(len(split), 1))
    shares = shares.clip(rarest, 1 - rarest)  # a label may have no rows, or all of them
    return np.asarray(np.log(shares) - np.log1p(-shares))


_ROWS = 256  # whose mean stands for the whole split
_GUESSED = 4096  # rows whose loss is computed in one go


class InitialLoss:
    """The loss of any rows at the weights that a trainer begins with.

    For a pretrained model, most of the noise in a batch's loss comes from how hard its rows are. Without a correction
    the curve was too noisy to read, and the test took the third batch for an explosion.
    """

    def __init__(self, trainer: StepTrainer, split: Split, num_classes: int) -> None:
        self._model = deepcopy(trainer.optimizer.working)
        self._model.eval()
        self._split, self._device = split, trainer.machine.device
        self._row_loss = make_batch_loss(split, num_classes, trainer.config)
        self._losses = np.full(len(split), np.nan)
        self.mean_loss = self.loss(np.linspace(0, len(split) - 1, min(len(split), _ROWS), dtype=np.int64))

    def loss(self, rows: RowNumbers) -> float:
        """Return the loss of some rows, computed as training computes it."""
        unknown = rows[np.isnan(self._losses[rows])]
        if len(unknown):
            self._losses[unknown] = self._compute(unknown)
        return float(self._losses[rows].sum() / self._row_loss.total(rows))

    def _compute(self, rows: RowNumbers) -> npt.NDArray[np.float64]:
        logits = torch.from_numpy(predict_logits(self._model, self._split, self._device, rows))
        return self._row_loss.by_row(logits, rows).double().numpy()


_EXPLODED = 4.0  # times the best loss so far, both smoothed: fastai's rule
_SPENT = 1.1  # times the loss of the beginning, from where on nothing is learned
_SETTLING = 5  # steps, in which the loss of the beginning is learned
_REMEMBERED = 0.8  # share of the past in the running mean that these two are applied to
_IDLE = 1e-5  # a step at a lower rate changes next to nothing, so that the first repeat takes only
_EVERY_IDLE = 5  # one such rate in so many
_USEFUL = 1 / 30  # of the rate that the first repeat found best: lower rates change nothing
_VAL_ROWS = 256

ReferenceLoss = PriorLoss | InitialLoss


@dataclass(frozen=True)
class RangeTestStep:
    """One step of a range test; repeats and steps are counted from 0.

    `loss` is the batch's own. `adjusted` removes how hard this batch's rows are: the initial model's loss on them is
    subtracted, and its loss on the whole split is added.
    """

    repeat: int
    step: int
    rate: float
    loss: float
    adjusted: float
    val_loss: float | None = None


def range_test(prepared: Prepared, config: TrainConfig, finding: LRFindConfig) -> Iterator[RangeTestStep]:
    """Run the test, each repeat with weights and an order of its own, yielding every step.

    A new model starts by predicting the class shares. Otherwise most of the fall in its first hundred steps is just
    learning those shares, which any small rate does, and the suggestion is ten times too low. A pretrained model starts
    as its training does, with its own head or one fitted to its embeddings, and each batch's loss is corrected by how
    hard its rows are for that model.

    The first repeat goes from one end to the other, in longer strides where rates are lowest; the others leave out low
    rates at which the first one's loss did not move.

    Raises:
        InputError: the device does not exist here.
    """
    threads = torch.get_num_threads()
    try:
        machine = choose_machine(config)
        head = fitted_head(prepared, config, machine)
        level: ReferenceLoss | None = None
        rates = _thin_idle_rates(finding.rates())
        for repeat in range(finding.repeats):
            own = config.with_options(seed=(config.seed + repeat) % 2**32)
            trainer = StepTrainer(prepared, own, machine, head)
            level = level or _make_reference_loss(prepared, config, trainer)
            tried = list[RangeTestStep]()
            for each in _run_repeat(prepared, finding, trainer, level, repeat, rates):
                tried.append(each)
                yield each
            if repeat == 0:
                lowest = _find_lowest_useful_rate(build_loss_curves(tried)[0])
                rates = [rate for rate in finding.rates() if rate >= lowest]
    finally:
        torch.set_num_threads(threads)


def build_loss_curves(tried: Sequence[RangeTestStep]) -> list[LossCurve]:
    """Return the curve of each repeat, of adjusted losses."""
    repeats = 1 + max((each.repeat for each in tried), default=-1)
    return [LossCurve.of([(each.rate, each.adjusted) for each in tried if each.repeat == r]) for r in range(repeats)]


class ExplosionWatch:
    """Decides when a range test should stop: the loss exploded, or is well above its initial value.

    The running mean's bias towards its beginning is corrected, so that the first steps count in full.
    """

    def __init__(self) -> None:
        self._sum = 0.0
        self._steps = 0
        self._first = self._best = math.inf

    def should_stop(self, loss: float) -> bool:
        """Take the next loss; return whether the test should stop after it."""
        if not math.isfinite(loss):
            return True
        self._steps += 1
        self._sum = _REMEMBERED * self._sum + (1 - _REMEMBERED) * loss
        mean = self._sum / (1 - _REMEMBERED**self._steps)
        if self._steps <= _SETTLING:
            self._first = mean
        self._best = min(self._best, mean)
        return mean > _SPENT * self._first or mean > _EXPLODED * self._best


def _make_reference_loss(prepared: Prepared, config: TrainConfig, trainer: StepTrainer) -> ReferenceLoss:
    """Return the reference loss of the initial model, which is the same in all repeats."""
    train, classes = prepared.split("train"), len(prepared.labels)
    return PriorLoss(train, classes, config) if trainer.is_untrained else InitialLoss(trainer, train, classes)


def _run_repeat(
    prepared: Prepared,
    finding: LRFindConfig,
    trainer: StepTrainer,
    level: ReferenceLoss,
    repeat: int,
    rates: list[float],
) -> Iterator[RangeTestStep]:
    if isinstance(level, PriorLoss):
        trainer.start_at(level.logits)
    val = prepared.split("val")
    watch = ExplosionWatch()
    for step, rate in enumerate(rates):
        rows = trainer.next_rows()
        loss = trainer.step(rate)
        adjusted = loss - level.loss(rows) + level.mean_loss
        val_loss = _measure_val_loss(trainer, val) if finding.val_loss and math.isfinite(loss) else None
        yield RangeTestStep(repeat, step, rate, loss, adjusted, val_loss)
        if watch.should_stop(adjusted):
            return


def _thin_idle_rates(rates: list[float]) -> list[float]:
    return [rate for step, rate in enumerate(rates) if rate >= _IDLE or step % _EVERY_IDLE == 0]


def _find_lowest_useful_rate(curve: LossCurve) -> float:
    """Return the lowest rate worth trying again, going by the first repeat; 0 where it says nothing."""
    harmful = curve.harmful_rate()
    if harmful is None or len(curve.rates) == 0:
        return 0.0
    best = float(curve.rates[int(curve.smoothed.argmin())]) if curve.trouble() is None else harmful
    return min(best, harmful) * _USEFUL


def _measure_val_loss(trainer: StepTrainer, val: Split) -> float:
    """Return the mean loss over the first rows of the val split, after the step."""
    rows = np.arange(min(len(val), _VAL_ROWS))
    model = trainer.optimizer.working
    model.eval()
    logits = predict_logits(model, val, trainer.machine.device, rows)
    model.train()
    plain = make_batch_loss(val, logits.shape[1], TrainConfig(class_weights="none", label_smoothing=0.0))
    return float(plain.by_row(torch.from_numpy(logits), rows).mean())
