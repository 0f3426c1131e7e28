"""The state of a run (running, died at step N, finished, …), from the end of its record and its lock."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from txt.files import read_lines_backwards
from txt.processes import is_process_running
from txt.runs.events import Evaluation, Event, Finished, Saved, Started, Step, Warned, from_json
from txt.runs.folder import Run
from txt.runs.status import FAILED as STATUS_FAILED
from txt.runs.status import LIVING, PAUSED, STARTING, TRAINING, Status, read_status

RUNNING, DIED, FAILED, NOT_STARTED = "running", "died", "failed", "not-started"
ALIVE = (STARTING, RUNNING, PAUSED)
_ENDINGS = {
    "completed": "finished",
    "early_stopped": "early-stopped",
    "interrupted": "interrupted",
    "diverged": "diverged",
    "discarded": "discarded",
    "failed": FAILED,
}
STATES = (*ALIVE, *_ENDINGS.values(), DIED, NOT_STARTED)

_LATE_SECONDS = 60.0  # without a sign of life from another machine, whose clock may differ
_MOST = 4 << 20  # bytes read of a record that has no end, in search of its last evaluation: some ten thousand steps


@dataclass(frozen=True)
class RecordTail:
    """The latest events of each kind at the end of a record, and the time of the first and the last of all events.

    `finished` is None unless nothing came after it. For a finished run nothing before it is looked for.
    """

    started: Started | None = None
    step: int = 0
    evaluation: Evaluation | None = None
    finished: Finished | None = None
    begun: float | None = None
    last: float | None = None

    @property
    def best_score(self) -> float | None:
        """The best score so far, by the metric that chooses the best model."""
        if self.finished:
            return self.finished.best_score
        return self.evaluation.best_score if self.evaluation else None

    @property
    def seconds(self) -> float | None:
        """The seconds of training; of a run without an end, those between its first event and its last."""
        if self.finished:
            return self.finished.seconds
        return None if self.begun is None or self.last is None else self.last - self.begun


@dataclass(frozen=True)
class RunState:
    """One of STATES, and how far the run came; `total_steps` is None where that is not known."""

    kind: str
    step: int = 0
    total_steps: int | None = None

    @property
    def words(self) -> str:
        """The state in words, such as `died at step 120 of 480`."""
        if self.kind in ("finished", STARTING, NOT_STARTED) or not self.step:
            return self.kind.replace("-", " ")
        place = f"step {self.step:,}" + (f" of {self.total_steps:,}" if self.total_steps else "")
        name = "stopped early" if self.kind == "early-stopped" else self.kind
        return f"{name}, {place}" if self.kind in ALIVE else f"{name} at {place}"


def read_tail(run: Run) -> RecordTail:
    """Return what the end of a run's record says, without reading all of it."""
    if not run.events_path.is_file():
        return RecordTail()
    first = _read_first_event(run.events_path)
    latest: Event | None = None
    step, started, evaluation = 0, None, None
    for event in _read_backwards(run.events_path):
        latest = latest or event
        if isinstance(event, Finished) and event is latest:
            begun = first if isinstance(first, Started) else None
            return RecordTail(begun, event.step, None, event, begun.time if begun else None, event.time)
        if isinstance(event, Started | Step | Evaluation | Saved | Warned | Finished):
            step = max(step, event.step) if started is None else step
        started = started or (event if isinstance(event, Started) else None)
        if isinstance(event, Evaluation):
            evaluation = event
            break
    started = started or (first if isinstance(first, Started) else None)
    return RecordTail(started, step, evaluation, None, first.time if first else None, latest.time if latest else None)


def determine_state(run: Run, tail: RecordTail) -> RunState:
    """Return the state of a run: without a final event it is running while its process lives, otherwise it died."""
    total = tail.started.total_steps if tail.started else None
    status = read_status(run)
    kind = find_live_state(run, status)
    if tail.finished and kind is None:
        return RunState(_ENDINGS.get(tail.finished.status, FAILED), tail.step, total)
    if kind is None and status is not None and status.state == STATUS_FAILED:
        kind = FAILED
    if kind is None:
        kind = NOT_STARTED if tail.last is None and status is None else DIED
    return RunState(kind, max(tail.step, status.step if status else 0), total)


def find_live_state(run: Run, status: Status | None) -> str | None:
    """Return one of ALIVE; None for a run without a process. On another machine, a recent sign of life must do."""
    if run.is_training():
        return PAUSED if status and status.state == PAUSED else RUNNING
    if status is None or status.state not in LIVING:
        return None
    if status.host != socket.gethostname():
        recent = abs(time.time() - status.heartbeat) < _LATE_SECONDS
        return (status.state if status.state != TRAINING else RUNNING) if recent else None
    return STARTING if status.state == STARTING and is_process_running(status.pid) else None


def _read_first_event(path: Path) -> Event | None:
    with path.open("rb") as file:
        return _parse_event(file.readline().removesuffix(b"\n"))


def _read_backwards(path: Path) -> Iterator[Event]:
    """Yield the events of a record from the last on; what cannot be read is left out."""
    for line in read_lines_backwards(path, _MOST):
        event = _parse_event(line)
        if event is not None:
            yield event


def _parse_event(line: bytes) -> Event | None:
    try:
        value = json.loads(line)
        return from_json(value) if isinstance(value, dict) else None
    except (ValueError, TypeError):
        return None
