"""One trial: a training with one combination of options, or several with different seeds, each an ordinary run."""

import math
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np
import optuna
import torch
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.evaluation.intervals import intervals
from txt.metrics import LOSS, ORDERED, SUBSET
from txt.runs.events import Evaluation, Event, Finished, Saved
from txt.runs.folder import RUNS, Run
from txt.search.study import Study, TakenPoint
from txt.search.trial_states import BEGUN_AT, STOPPED
from txt.training.loop import train
from txt.training.start import Start, resume

_BEAT_SECONDS = 20.0
_OUT_OF_MEMORY = "out of memory"
_ENDED = ("completed", "early_stopped")

StopCheck = Callable[[], bool]


@dataclass(frozen=True)
class RunOutcome:
    """How one run of a trial ended; `reason` says why it has no score."""

    run: str
    steps: int
    seconds: float
    score: float | None = None
    half_width: float | None = None
    reason: str | None = None
    pruned: bool = False


def run_trial(study: Study, taken: TakenPoint, prepared: Prepared, threads: int, stop: StopCheck) -> None:
    """Train a point's runs and tell the study how it went, unless the trial was meanwhile given up as lost."""
    with _send_heartbeats(study, taken.trial.number) as is_lost:
        outcomes = list(_train_runs(study, taken, prepared, threads, lambda: stop() or is_lost()))
        lost = is_lost()
    if not lost and study.is_mine(taken.trial.number):
        _report_outcome(study, taken.trial, outcomes)


def interval_half_width(halves: list[float], scores: list[float]) -> float:
    """Return half the width of a 95 % interval around a mean score.

    Two sources of error are added in quadrature: which rows are in val, the same for all seeds, and which seeds were
    drawn (Student's t).
    """
    rows = mean(halves)
    if len(scores) < 2:
        return rows
    from scipy.special import stdtrit

    seeds = float(stdtrit(len(scores) - 1, 0.975)) * stdev(scores) / math.sqrt(len(scores))
    return math.hypot(rows, seeds)


def _train_runs(
    study: Study, taken: TakenPoint, prepared: Prepared, threads: int, stop: StopCheck
) -> Iterator[RunOutcome]:
    """Train with each seed in turn, until one of them is pruned, fails or is stopped."""
    description = study.description
    for number in range(description.seeds):
        base = description.config.with_options(**taken.params)
        config = base.with_options(seed=(base.seed + number) % 2**32, threads=base.threads or threads)
        name = f"{study.name}-{taken.point:03d}" + (f"-s{number}" if description.seeds > 1 else "")
        start = _begin_or_resume(name, config, prepared)
        _record_begin(taken.trial, number, start)
        outcome = _train(start, taken if number == 0 else None, stop)
        yield outcome
        if outcome.score is None or outcome.pruned:
            return


def _record_begin(trial: optuna.Trial, number: int, start: Start) -> None:
    step = start.resume.progress.step if start.resume else 0
    with suppress(UpdateFinishedTrialError):  # given up as lost in this very moment
        trial.set_user_attr(BEGUN_AT, [number, step])


def _train(start: Start, taken: TakenPoint | None, stop: StopCheck) -> RunOutcome:
    """Train one run to its end, or take what is there of it from an earlier try."""
    prepared = start.prepared
    watched = _WatchedRun(taken, start.run.config(), len(prepared.labels))
    for event in start.run.events():
        watched.observe(event)
    if watched.has_ended():
        return watched.outcome(start.run)
    try:
        for event in train(start.run, prepared, lambda: watched.pruned or stop(), start.resume):
            watched.observe(event)
    except (torch.OutOfMemoryError, MemoryError):
        return watched.make_failure(start.run, _OUT_OF_MEMORY)
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        return watched.make_failure(start.run, _OUT_OF_MEMORY)
    except InputError as error:
        return watched.make_failure(start.run, error.message)
    return watched.outcome(start.run)


class _WatchedRun:
    """A run followed by its events; the first run of a trial reports every epoch to Optuna and may be pruned."""

    def __init__(self, taken: TakenPoint | None, config: TrainConfig, num_classes: int) -> None:
        self._taken, self._metric, self._epochs, self._num_classes = (
            taken,
            config.metric,
            config.num_epochs,
            num_classes,
        )
        self._reported = 0
        self._evaluations: dict[int, Evaluation] = {}
        self._best: Evaluation | None = None
        self._last: Event | None = None
        self._steps = 0
        self.pruned = False

    def observe(self, event: Event) -> None:
        """Take the next event."""
        self._last = event
        if isinstance(event, Saved) and event.best:  # which may come later than the score, after a full disk
            self._best = self._evaluations.get(event.step, self._best)
        self._steps = getattr(event, "step", self._steps)
        if not isinstance(event, Evaluation):
            return
        self._evaluations[event.step] = event
        if event.best:
            self._best = event
        epoch = round(event.epoch)
        if event.epoch_end and self._taken is not None and epoch > self._reported:
            self._reported = epoch  # a resumed run may evaluate an epoch again
            self._taken.trial.report(event.score, epoch)
            self.pruned = epoch < self._epochs and (self._should_pause(epoch) or self._taken.trial.should_prune())

    def has_ended(self) -> bool:
        """Return whether nothing is left to train."""
        return self.pruned or (isinstance(self._last, Finished) and self._last.status in (*_ENDED, "diverged"))

    def outcome(self, run: Run) -> RunOutcome:
        """Return how it ended."""
        assert isinstance(self._last, Finished) or self.pruned
        status = self._last.status if isinstance(self._last, Finished) else "interrupted"
        if status == "interrupted" and not self.pruned:
            return self.make_failure(run, STOPPED)
        if self._best is None or status in ("diverged", "failed"):
            reason = getattr(self._last, "reason", None)
            return self.make_failure(run, f"{status}: {reason}" if reason else "no evaluation")
        if not (self.pruned and self._should_pause(self._reported)):
            shutil.rmtree(run.checkpoints, ignore_errors=True)  # nothing is left to resume
        half = _measure_half_width(self._best, self._metric, self._num_classes)
        return RunOutcome(run.name, self._steps, self._seconds(), self._best.score, half, pruned=self.pruned)

    def make_failure(self, run: Run, reason: str) -> RunOutcome:
        """Return that it has no score, and why."""
        return RunOutcome(run.name, self._steps, self._seconds(), reason=reason)

    def _should_pause(self, epoch: int) -> bool:
        return self._taken is not None and self._taken.pause_at is not None and epoch >= self._taken.pause_at

    def _seconds(self) -> float:
        return self._last.seconds if isinstance(self._last, Finished) else 0.0


def _measure_half_width(best: Evaluation, metric: str, num_classes: int) -> float | None:
    """Return half the width of the interval of a score on val; None where the rows that it needs are not on record.

    Those of the loss are not, nor the rows of several labels each.
    """
    if metric == LOSS or SUBSET in best.metrics:
        return None
    counts = np.array(best.confusion)  # (C, C)
    labels, predictions = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), num_classes)
    interval = intervals(labels, predictions, num_classes, resamples=500, metrics=ORDERED)[metric]
    return (interval.high - interval.low) / 2


def _begin_or_resume(name: str, config: TrainConfig, prepared: Prepared) -> Start:
    """Return the run of this name, new or to be resumed; if the name is taken, one with a number appended."""
    for number in range(1, 100):
        run = Run(RUNS / (name if number == 1 else f"{name}-{number}"))
        if run.can_be_made():
            with Run.new(run.name) as run:
                run.describe(config, prepared.path, prepared.fingerprint)
            return Start(run, prepared)
        if not _is_same(run, config, prepared) or run.is_training():
            continue
        try:
            return Start(run, prepared, resume(str(run.path), {}).resume)
        except InputError:  # a damaged checkpoint
            continue
    raise InputError(f"`{RUNS / name}` and all names like it are taken")


def _is_same(run: Run, config: TrainConfig, prepared: Prepared) -> bool:
    try:
        record = run.record()
        return bool(record.get("config") == config.to_json() and record.get("fingerprint") == prepared.fingerprint)
    except (InputError, KeyError):
        return False


def _report_outcome(study: Study, trial: optuna.Trial, outcomes: list[RunOutcome]) -> None:
    """Write into the study how a trial went, and end it."""
    last = outcomes[-1]
    try:
        trial.set_user_attr("runs", [each.run for each in outcomes])
        trial.set_user_attr("steps", sum(each.steps for each in outcomes))
        trial.set_user_attr("seconds", sum(each.seconds for each in outcomes))
        if last.reason is not None:
            study.fail(trial.number, last.reason)
            return
        _report_scores(trial, outcomes)
        if last.pruned:
            study.optuna.tell(trial, state=TrialState.PRUNED)
        else:
            study.optuna.tell(trial, mean(each.score for each in outcomes if each.score is not None))
    except UpdateFinishedTrialError:  # given up as lost in this very moment: somebody else tells
        return


def _report_scores(trial: optuna.Trial, outcomes: list[RunOutcome]) -> None:
    scores = [each.score for each in outcomes if each.score is not None]
    halves = [each.half_width for each in outcomes if each.half_width is not None]
    trial.set_user_attr("scores", scores)
    if len(halves) == len(scores):
        trial.set_user_attr("half_width", interval_half_width(halves, scores))
    elif len(scores) > 1:
        trial.set_user_attr("half_width", interval_half_width([0.0], scores))


@contextmanager
def _send_heartbeats(study: Study, number: int) -> Iterator[StopCheck]:
    """Give signs of life while the block runs; yields a function that tells whether the trial was given up as lost."""
    ended, lost = threading.Event(), threading.Event()

    def go_on() -> None:
        while not ended.wait(_BEAT_SECONDS):
            if not study.beat(number):
                lost.set()
                return

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    try:
        yield lost.is_set
    finally:
        ended.set()
        thread.join()
