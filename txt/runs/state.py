"""The state of a run: whether its process is alive, how far it is, and how it ended.

One function decides, `decide_kind`, from three things: the record (`events.jsonl`), the lock that a training holds on
it, and the status file that its process rewrites every second. A viewer may be on another machine, where it can check
neither the lock nor the process; there a recent sign of life in the status file counts.
"""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple

from txt.errors import InputError
from txt.files import FORMAT, atomic_write, open_plain, read_lines_backwards, read_small_file
from txt.json_input import parse_json
from txt.processes import boot_id, is_process_running
from txt.runs.events import BadLine, Evaluation, Event, Finished, Saved, Started, Step, Warned, parse_event
from txt.runs.folder import STATUS, Run

STARTING, RUNNING, PAUSED = "starting", "running", "paused"
FINISHED, EARLY_STOPPED, INTERRUPTED, DIVERGED, DISCARDED, FAILED = (
    "finished",
    "early-stopped",
    "interrupted",
    "diverged",
    "discarded",
    "failed",
)
DIED, NOT_STARTED = "died", "not-started"

ALIVE = (STARTING, RUNNING, PAUSED)
ENDED = (FINISHED, EARLY_STOPPED, INTERRUPTED, DIVERGED, DISCARDED, FAILED)
STATES = (*ALIVE, *ENDED, DIED, NOT_STARTED)
_KIND_OF_ENDING = {"completed": FINISHED, "early_stopped": EARLY_STOPPED}  # others have one name in records and lists

TRAINING = "training"
"""What a status file calls RUNNING."""

_LIVING = (STARTING, TRAINING, PAUSED)

BEAT_SECONDS = 1.0
_SILENT_SECONDS = 3.0  # without a sign of life, on this machine
_SILENT_SECONDS_ELSEWHERE = 60.0  # its clock may differ, and network file systems show a file's new content later
_MOST = 4 << 20  # bytes read of a record that has no end, in search of its last evaluation: some ten thousand steps


@dataclass(frozen=True)
class RunState:
    """One of STATES, and how far the run came; `total_steps` is None where that is not known."""

    kind: str
    step: int = 0
    total_steps: int | None = None

    @property
    def words(self) -> str:
        """The state in words, such as `died at step 120 of 480`."""
        if self.kind in (FINISHED, STARTING, NOT_STARTED) or not self.step:
            return self.kind.replace("-", " ")
        place = f"step {self.step:,}" + (f" of {self.total_steps:,}" if self.total_steps else "")
        name = "stopped early" if self.kind == EARLY_STOPPED else self.kind
        return f"{name}, {place}" if self.kind in ALIVE else f"{name} at {place}"


@dataclass(frozen=True)
class Status:
    """Process `pid` on `host`, up since its boot `boot_id`, was in `state` at step `step` when it wrote this.

    `heartbeat` is a time in seconds since the epoch, by that machine's clock. `cpu` is the share of one core in use
    since the last time, `device_use` that of the GPU where it is known; `reason` says why it failed.
    """

    pid: int
    host: str
    boot_id: str
    heartbeat: float
    state: str
    step: int = 0
    cpu: float | None = None
    device_use: float | None = None
    reason: str | None = None


def status_path(run: Run) -> Path:
    """Return where a run's status is kept."""
    return run.path / STATUS


def read_status(run: Run) -> Status | None:
    """Return a run's status; None where it has none that can be read."""
    try:
        value = parse_json(read_small_file(status_path(run)), "the status")
        known = {item.name for item in fields(Status)}
        status = Status(**{name: entry for name, entry in value.items() if name in known})
    except (InputError, TypeError):
        return None
    return status if _is_valid(status) else None


def _is_valid(status: Status) -> bool:
    """Tell whether a status that was read has the types it must have."""
    whole = type(status.pid) is int and type(status.step) is int and status.step >= 0
    named = all(isinstance(text, str) for text in (status.host, status.boot_id, status.state, status.reason or ""))
    numbers = [status.heartbeat, *(share for share in (status.cpu, status.device_use) if share is not None)]
    return whole and named and all(type(number) in (int, float) and abs(number) < 1e12 for number in numbers)


def write_status(run: Run, status: Status) -> None:
    """Replace the status file atomically; a full or missing disk must not stop the training."""
    with suppress(OSError), atomic_write(status_path(run), make_folder=False, durable=False) as file:
        file.write(json.dumps({"format": FORMAT, **asdict(status)}) + "\n")


def make_own_status(pid: int, state: str) -> Status:
    """Return the status of a process on this machine."""
    return Status(pid, socket.gethostname(), boot_id(), time.time(), state)


class Pulse(NamedTuple):
    """Whether the process of a run is alive, and whether it holds the lock on the record."""

    is_alive: bool
    holds_lock: bool = False


class LivenessCheck:
    """Tells from a run's lock, its status and the process whether that process is alive.

    A single check knows how old the last sign of life is by the clocks of two machines; one that looks again and again
    sees signs of life come, and needs no clock of another machine from then on.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._beat: float | None = None
        self._seen: float | None = None  # when the last sign of life came, if one came while we looked

    def look(self, status: Status | None, now: float | None = None) -> Pulse:
        """Return what the status, just read, and the lock say; `now` is in monotonic seconds."""
        now = time.monotonic() if now is None else now
        if status is not None and status.heartbeat != self._beat:
            self._seen = None if self._beat is None else now
            self._beat = status.heartbeat
        if self._run.is_training():
            return Pulse(is_alive=True, holds_lock=True)
        if status is None or status.state not in _LIVING:
            return Pulse(is_alive=False)
        if status.host != socket.gethostname():
            return Pulse(self._count_silent_seconds(status, now) < _SILENT_SECONDS_ELSEWHERE)
        if status.boot_id != boot_id() or not is_process_running(status.pid):
            return Pulse(is_alive=False)
        # The lock is taken after the data is prepared, and for a moment nobody holds it when a training begins or ends.
        # Without it only a fresh sign of life tells the process from another that got its number later.
        return Pulse(status.state == STARTING or self._count_silent_seconds(status, now) < _SILENT_SECONDS)

    def _count_silent_seconds(self, status: Status, now: float) -> float:
        return abs(time.time() - status.heartbeat) if self._seen is None else now - self._seen


def decide_kind(ending: Finished | None, has_begun: bool, pulse: Pulse, status: Status | None, is_paused: bool) -> str:
    """Return one of STATES.

    Args:
        ending: the last event of the record, where the training ended with it.
        has_begun: whether the record holds any event.
        pulse: whether the process is alive.
        status: what the process said last, if it can be read.
        is_paused: whether it is paused, if it is alive.
    """
    starts = status is not None and status.state == STARTING and not pulse.holds_lock
    if ending is not None and not (pulse.is_alive and starts):
        return find_kind(ending)
    if pulse.is_alive:
        return STARTING if starts or not (has_begun or pulse.holds_lock) else PAUSED if is_paused else RUNNING
    if status is not None and status.state == FAILED:
        return FAILED
    return DIED if has_begun or status is not None else NOT_STARTED


def find_kind(ending: Finished) -> str:
    """Return one of ENDED for how a training ended; FAILED for an ending this version does not know."""
    kind = _KIND_OF_ENDING.get(ending.status, ending.status)
    return kind if kind in ENDED else FAILED


def determine_state(run: Run, tail: "RecordTail") -> RunState:
    """Return the state of a run by one look at it; `tail` is the end of its record."""
    status = read_status(run)
    is_paused = status is not None and status.state == PAUSED
    kind = decide_kind(tail.finished, tail.last is not None, LivenessCheck(run).look(status), status, is_paused)
    step = tail.step if tail.finished and kind in ENDED else max(tail.step, status.step if status else 0)
    return RunState(kind, step, tail.started.total_steps if tail.started else None)


def may_continue(run: Run, liveness: LivenessCheck, last: Event | None) -> bool:
    """Tell whether more may come after the last event of a run's record."""
    status = read_status(run)
    ending = last if isinstance(last, Finished) else None
    return decide_kind(ending, last is not None, liveness.look(status), status, is_paused=False) in ALIVE


@dataclass(frozen=True)
class RecordTail:
    """The latest events of each kind at the end of a record, and the time of the first and the last of all events.

    `finished` is None unless nothing came after it. For a finished run nothing before it is looked for. `bad_lines`
    counts the lines read here that hold no event.
    """

    started: Started | None = None
    step: int = 0
    evaluation: Evaluation | None = None
    finished: Finished | None = None
    begun: float | None = None
    last: float | None = None
    bad_lines: int = 0

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


def read_tail(run: Run) -> RecordTail:
    """Return what the end of a run's record says, without reading all of it; nothing where it cannot be read."""
    if not run.events_path.is_file():
        return RecordTail()
    try:
        return _read_tail(run)
    except OSError:
        return RecordTail()


def _read_tail(run: Run) -> RecordTail:
    first = _read_first_event(run.events_path)
    begun = first if isinstance(first, Started) else None
    latest: Event | None = None
    step, started, evaluation, bad_lines = 0, None, None, 0
    for event in _read_backwards(run.events_path):
        if isinstance(event, BadLine):
            bad_lines += 1
            continue
        if isinstance(event, Finished) and latest is None:
            return RecordTail(begun, event.step, None, event, begun.time if begun else None, event.time, bad_lines)
        latest = latest or event
        if isinstance(event, Started | Step | Evaluation | Saved | Warned | Finished):
            step = max(step, event.step) if started is None else step
        started = started or (event if isinstance(event, Started) else None)
        if isinstance(event, Evaluation):
            evaluation = event
            break
    return RecordTail(
        started or begun,
        step,
        evaluation,
        None,
        first.time if first else latest.time if latest else None,
        latest.time if latest else None,
        bad_lines,
    )


def _read_first_event(path: Path) -> Event | None:
    with open_plain(path) as file, suppress(BadLine):
        line = file.readline()
        return parse_event(line) if line.endswith(b"\n") else None
    return None


def _read_backwards(path: Path) -> Iterator[Event | BadLine]:
    """Yield the events of a record from the last on; kinds of events that are not known are left out."""
    for line in read_lines_backwards(path, _MOST):
        try:
            event = parse_event(line)
        except BadLine as error:
            yield error
            continue
        if event is not None:
            yield event
