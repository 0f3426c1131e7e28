"""A run as a viewer sees it: its record, read as it grows, and whether its process is alive."""

import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from txt.config import TrainConfig
from txt.errors import InputError
from txt.files import read_json
from txt.runs.diagnosis import Advice, TrainingFacts, diagnose
from txt.runs.event_index import VALUES
from txt.runs.events import Acknowledged, Evaluation, Event, Finished, Started, Step, Warned, describe_bad_lines
from txt.runs.feed import FeedUpdate, RunFeed, StepRows
from txt.runs.folder import Run
from txt.runs.state import PAUSED, RUNNING, LivenessCheck, Pulse, Status, decide_kind, read_status
from txt.runs.step_curves import ScoreColumns, StepCurves, StepPace

REMOVED = "removed"
"""The state of a run whose folder is gone; all others are those of `state`."""

_LOG_LINES = 500
_EPOCHS_KEPT = 2000
_DIAGNOSED_STEPS = 1000
_PULSE_SECONDS = 0.5


class RecordFeed(Protocol):
    """The source of news: the record as it grows, or a replay of it."""

    def look(self) -> FeedUpdate:
        """Return what is new."""


@dataclass(frozen=True)
class LogEntry:
    """A line of the log: an event, or advice that became true, at a time."""

    time: float
    what: Event | Advice


class WatchedRun:
    """Everything a viewer shows about a run; `look` reads what is new.

    It only reads files, so that it works the same for a run in another machine's folder.
    """

    def __init__(self, run: Run, feed: RecordFeed | None = None, *, replayed: bool = False) -> None:
        self.run, self.replayed = run, replayed
        self._feed = feed or RunFeed(run.events_path)
        self._liveness, self._pulse_checked = LivenessCheck(run), float("-inf")
        self._pulse = Pulse(is_alive=False)
        self.status: Status | None = None
        self._removed = False
        self.share = 0.0
        self.labels = find_class_names(run)
        self._config = _read_config(run)
        self._clear()

    def _clear(self) -> None:
        self.started: Started | None = None
        self.begun: float | None = None
        self.finished: Finished | None = None
        self.steps, self.scores = StepCurves(), ScoreColumns()
        self.log: deque[LogEntry] = deque(maxlen=_LOG_LINES)
        self.answers: deque[Acknowledged] = deque(maxlen=_LOG_LINES)
        self.advice: list[Advice] = []
        self.last_step = self.bad_lines = 0
        self.paused = self._diagnosis_due = False
        self._epochs: deque[Evaluation] = deque(maxlen=_EPOCHS_KEPT)
        self._pace = StepPace()

    # Taking in

    def look(self) -> bool:
        """Take in what is new, and return whether anything is."""
        before = self.state, self.share
        self._check_pulse()
        news = self._feed.look()
        self.share = news.share
        if news.is_restart:
            self._clear()
        for piece in news.segments():
            if piece.started:
                self._start(piece.started)
            self._take_steps(piece.steps)
            for event in piece.others:
                self._diagnosis_due |= self._take(event)
        if news.bad_lines:
            self._count_bad_lines(news.bad_lines)
        if self._diagnosis_due and (news.share == 1.0 or self.replayed):
            self._diagnosis_due = False
            self._diagnose()
        return bool(news) or (self.state, self.share) != before

    def _check_pulse(self) -> None:
        now = time.monotonic()
        if self.replayed or now - self._pulse_checked < _PULSE_SECONDS:
            return
        self._pulse_checked = now
        self._removed = not self.run.path.is_dir()
        self.status = read_status(self.run)
        self._pulse = self._liveness.look(self.status)

    def _count_bad_lines(self, count: int) -> None:
        self.bad_lines += count
        when = self.log[-1].time if self.log else time.time()
        self.log.append(LogEntry(when, Warned(time=when, step=self.last_step, message=describe_bad_lines(count))))

    def _start(self, event: Started) -> None:
        self.begun = event.time if self.begun is None else self.begun
        self.started, self.finished, self.paused = event, None, False
        self.steps.cut(event.step)
        self.scores.cut(event.step)
        self._epochs = deque((each for each in self._epochs if each.step <= event.step), maxlen=_EPOCHS_KEPT)
        self.last_step = event.step
        self._pace.clear()
        self.log.append(LogEntry(event.time, event))
        self._pulse_checked = -math.inf  # an earlier check says nothing about this process
        self._check_pulse()

    def _take_steps(self, rows: StepRows) -> None:
        if len(rows):
            self.steps.add(rows)
            self.last_step = int(rows["step"][-1])
            self._pace.add(rows)

    def _take(self, event: Event) -> bool:
        """Take in an event that is not a step; returns whether there may be new advice."""
        match event:
            case Evaluation():
                self.scores.add(event)
                self.last_step = max(self.last_step, event.step)
                if not event.epoch_end:
                    return False
                self._epochs.append(event)
            case Acknowledged():
                self.answers.append(event)
                self.paused = event.command == "pause" or (self.paused and event.command != "resume")
                self._pace.clear()
            case Finished():
                self.finished = event
                self.last_step = max(self.last_step, event.step)
        if not isinstance(event, Step):
            self.log.append(LogEntry(event.time, event))
        return isinstance(event, Evaluation | Finished)

    # State and numbers

    @property
    def state(self) -> str:
        """Its state: one of STATES, or REMOVED."""
        if self._removed:
            return REMOVED
        pulse = Pulse(is_alive=True, holds_lock=True) if self.replayed else self._pulse
        return decide_kind(self.finished, self.started is not None, pulse, self.status, self.paused)

    @property
    def is_alive(self) -> bool:
        """Whether its process is alive."""
        return self._pulse.is_alive

    @property
    def is_training(self) -> bool:
        """Whether a process trains it now, so that commands are heard."""
        return not self.replayed and self.state in (RUNNING, PAUSED)

    @property
    def total_steps(self) -> int:
        """All the steps that are planned; 0 while that is not known."""
        return self.started.total_steps if self.started else 0

    @property
    def epoch(self) -> float:
        """How many epochs are done."""
        return self.last_step / self.steps_per_epoch

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch; 1 while that is not known."""
        return max(self.started.steps_per_epoch, 1) if self.started else 1

    @property
    def metric(self) -> str:
        """The score that chooses the best model."""
        return self._config.metric

    @property
    def now(self) -> Mapping[str, float]:
        """The numbers of the last step that is recorded."""
        last = self.steps.last
        return {} if last is None else dict(zip(VALUES, last["values"].tolist(), strict=True))

    @property
    def seconds_left(self) -> float | None:
        """How long the steps that are left will take at the recent pace; None if unknown."""
        return self._pace.estimate_seconds(self.total_steps) if self.state == RUNNING else None

    # Advice

    def _diagnose(self) -> None:
        """Diagnose the run again; new advice goes into the log."""
        known = {each.kind for each in self.advice}
        events: list[Event] = [self.started] if self.started else []
        events += [*self._sample_steps(), *self._epochs]
        events += [self.finished] if self.finished else []
        self.advice = diagnose(events, self._config, TrainingFacts(labels=self.labels))
        when = self.log[-1].time if self.log else time.time()
        self.log.extend(LogEntry(when, advice) for advice in self.advice if advice.kind not in known)

    def _sample_steps(self) -> list[Step]:
        """Return the recorded steps as events, means of a few where there are many."""
        first, last = self.steps.span("step")
        names = ("loss", "accuracy", "learning_rate", "gradient_norm")
        curves = {name: self.steps.curve_segment(name, "step", first, last) for name in names}
        groups = np.array_split(np.arange(len(curves["loss"].xs)), min(len(curves["loss"].xs), _DIAGNOSED_STEPS) or 1)
        return [
            Step(
                time=0.0,
                step=int(curves["loss"].xs[group[-1]]),
                epoch=float(curves["loss"].xs[group[-1]]) / self.steps_per_epoch,
                rows_per_second=0.0,
                tokens_per_second=0.0,
                memory_bytes=0,
                **{name: float(curve.mean[group].mean()) for name, curve in curves.items()},
            )
            for group in groups
            if len(group)
        ]


def find_class_names(run: Run) -> list[str]:
    """Return the names of a run's classes as far as they can be found; numbers stand for them where not."""
    try:
        return [str(label) for label in read_json(run.locate_prepared() / "manifest.json")["labels"]]
    except (InputError, KeyError, TypeError, OSError):
        pass
    try:
        names = read_json(run.model / "config.json")["id2label"]
        return [str(names[key]) for key in sorted(names, key=int)]
    except (InputError, KeyError, TypeError, ValueError, OSError):
        return []


def _read_config(run: Run) -> TrainConfig:
    """Return the options of a run; the defaults where a newer version wrote others."""
    try:
        return run.config()
    except (InputError, KeyError):
        return TrainConfig()
