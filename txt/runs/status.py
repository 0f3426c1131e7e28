"""The status of a run in training: a small file that the training process rewrites every second.

A viewer may be on another machine, where it cannot check the lock or the process; there the heartbeat counts.
"""

import json
import os
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from txt.files import FORMAT
from txt.processes import boot_id, is_process_running
from txt.runs.folder import STATUS, Run

STARTING, TRAINING, PAUSED, FAILED = "starting", "training", "paused", "failed"
LIVING = (STARTING, TRAINING, PAUSED)

BEAT_SECONDS = 1.0
_LATE_SECONDS = 3.0  # without a sign of life, on this machine
_LATE_SECONDS_ELSEWHERE = 10.0  # network file systems show a file's new content seconds later


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
        value = json.loads(status_path(run).read_bytes())
        known = {item.name for item in fields(Status)}
        return Status(**{name: entry for name, entry in value.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def write_status(run: Run, status: Status) -> None:
    """Replace the status file atomically; a full or missing disk must not stop the training."""
    beside = run.path / f".{STATUS}.{os.getpid()}.part"
    with suppress(OSError):
        beside.write_text(json.dumps({"format": FORMAT, **asdict(status)}) + "\n", encoding="utf-8")
        os.replace(beside, status_path(run))


def make_own_status(pid: int, state: str) -> Status:
    """Return the status of a process on this machine."""
    return Status(pid, socket.gethostname(), boot_id(), time.time(), state)


class LivenessCheck:
    """Decides from successive looks at a run's status whether its process lives."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._beat: float | None = None
        self._changed = time.monotonic()

    def is_alive(self, status: Status, now: float | None = None) -> bool:
        """Return whether the process of this status, just read, still lives; `now` is in monotonic seconds."""
        now = time.monotonic() if now is None else now
        if status.heartbeat != self._beat:
            self._beat, self._changed = status.heartbeat, now
        if status.host != socket.gethostname():
            return now - self._changed < _LATE_SECONDS_ELSEWHERE
        if status.boot_id != boot_id():
            return False
        return self._holds_run(status) or now - self._changed < self._grace_seconds(status)

    def _holds_run(self, status: Status) -> bool:
        if status.state == STARTING or not self._run.events_path.exists():
            return is_process_running(status.pid)
        return self._run.is_training()

    def _grace_seconds(self, status: Status) -> float:
        """Return how many seconds an unseen process still counts as alive: 0 when its last heartbeat is old."""
        return _LATE_SECONDS if time.time() - status.heartbeat < _LATE_SECONDS else 0.0
