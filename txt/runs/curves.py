"""The learning curves of a training, read from its events, and measurements on them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from txt.arrays import Ints
from txt.config import TrainConfig
from txt.metrics import orient
from txt.runs.events import Evaluation, Event, Finished, Started, Step
from txt.runs.feed import RecordReader
from txt.runs.folder import Run


@dataclass(frozen=True)
class Curves:
    """A training's record; `epochs` are those of its evaluations that are at the ends of epochs.

    `bad_lines` counts the lines of the record that could not be read.
    """

    started: Started | None = None
    steps: Sequence[Step] = ()
    evaluations: Sequence[Evaluation] = ()
    finished: Finished | None = None
    bad_lines: int = 0

    @cached_property
    def epochs(self) -> Sequence[Evaluation]:
        """The evaluations at the ends of epochs."""
        return tuple(entry for entry in self.evaluations if entry.epoch_end)

    @property
    def best(self) -> Evaluation | None:
        """The epoch with the best score."""
        return max(self.epochs, key=score, default=None)

    @property
    def lowest(self) -> int | None:
        """The index of the epoch with the lowest val loss."""
        return min(range(len(self.epochs)), key=lambda e: self.epochs[e].val_loss, default=None)

    @property
    def seconds(self) -> float:
        """How long the training took; 0 while it runs."""
        return self.finished.seconds if self.finished else 0.0

    @property
    def progress(self) -> float:
        """The share of the planned steps that is done; 1 once the training has ended, for whatever reason."""
        if self.finished or not self.started or not self.steps:
            return float(self.finished is not None)
        return self.steps[-1].step / max(self.started.total_steps, 1)

    @property
    def class_rows(self) -> Ints:
        """The val rows of each class (C,)."""
        return np.asarray(_confusion_array(self.epochs[-1]).sum(1))

    @property
    def best_counts(self) -> Ints | None:
        """The best epoch's confusion counts (C, C), labels down, predictions across."""
        return _confusion_array(self.best) if self.best else None

    @property
    def only_prediction(self) -> int | None:
        """The class that is all the best epoch predicts, when val has rows of others."""
        counts = self.best_counts
        if counts is None or (counts.sum(1) > 0).sum() < 2 or (counts.sum(0) > 0).sum() > 1:
            return None
        return int(counts.sum(0).argmax())

    def constant_loss(self, config: TrainConfig) -> float:
        """Return the train loss of guessing by class frequency: the classes' entropy, ln C when all weigh the same."""
        rows = self.class_rows.astype(np.float64)
        if config.class_weights == "balanced":
            rows = np.ones_like(rows)
        share = rows / rows.sum() * (1 - config.label_smoothing) + config.label_smoothing / len(rows)
        share = share[share > 0]
        return float(-(share * np.log(share)).sum())


@dataclass
class _CurveBuilder:
    started: Started | None = None
    steps: list[Step] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    finished: Finished | None = None


def read_curves(run: Run) -> Curves:
    """Return the curves of a run as far as its record can be read."""
    reader = RecordReader(run.events_path)
    curves = collect_curves(reader.read())
    return replace(curves, bad_lines=reader.bad_lines)


def collect_curves(events: Iterable[Event]) -> Curves:
    """Group the events of a run by kind; when it was resumed at step s, earlier events after s are dropped."""
    record = _CurveBuilder()
    for event in events:
        match event:
            case Started():
                record.started, record.finished = event, None
                record.steps = [step for step in record.steps if step.step <= event.step]
                record.evaluations = [entry for entry in record.evaluations if entry.step <= event.step]
            case Step():
                record.steps.append(event)
            case Evaluation():
                record.evaluations.append(event)
            case Finished():
                record.finished = event
    return Curves(record.started, tuple(record.steps), tuple(record.evaluations), record.finished)


def score(entry: Evaluation) -> float:
    """Return an evaluation's score by the metric that chooses the best model; higher is better."""
    return orient(entry.metric, entry.score)


def has_fallen(before: float | None, after: float | None, share: float) -> bool:
    """Tell whether a loss fell by more than a share of itself."""
    return before is not None and after is not None and after < before * (1 - share)


def _confusion_array(entry: Evaluation) -> Ints:
    return np.array(entry.confusion, dtype=np.int64)
