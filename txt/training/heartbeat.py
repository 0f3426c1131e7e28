"""The training's heartbeat: a thread that renews the run's status file every second."""

import os
import sys
import threading
import time
from dataclasses import replace
from types import TracebackType

import torch

from txt.runs.events import Acknowledged, Event, Finished, Started, Step
from txt.runs.folder import Run
from txt.runs.state import BEAT_SECONDS, FAILED, PAUSED, STARTING, TRAINING, make_own_status, write_status
from txt.training.control import PAUSE, RESUME

_STATES = {PAUSE: PAUSED, RESUME: TRAINING}


class Heartbeat:
    """Keeps a run's status up to date while the block trains it; pass each event to `hear`.

    A thread of its own beats on through a long step or an evaluation. It touches nothing that the training computes.
    """

    def __init__(self, run: Run, device: torch.device) -> None:
        self._run, self._device = run, device
        self._status = make_own_status(os.getpid(), STARTING)
        self._cpu: float | None = None
        self._measure_device_use: float | None = None
        self._writing = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def hear(self, event: Event) -> None:
        """Take in what happened."""
        match event:
            case Started():
                self._status = replace(self._status, state=TRAINING, step=event.step)
            case Step():
                self._status = replace(self._status, step=event.step)
                return
            case Acknowledged() if event.command in _STATES:
                self._status = replace(self._status, state=_STATES[event.command])
            case Finished():
                self._status = replace(self._status, state=event.status, step=event.step, reason=event.reason)
            case _:
                return
        self._beat()

    def __enter__(self) -> "Heartbeat":
        self._beat()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if sys.is_finalizing():
            return  # of a training left unfinished: from Python 3.13 on threads stand still by now, and no file opens
        self._thread.join()
        if error is not None and not isinstance(error, GeneratorExit):
            self._status = replace(self._status, state=FAILED, reason=f"{type(error).__name__}: {error}"[:500])
        self._beat()

    def _beat_on(self) -> None:
        used, looked = _measure_cpu_seconds(), time.monotonic()
        while not self._ended.wait(BEAT_SECONDS):
            before, then = used, looked
            used, looked = _measure_cpu_seconds(), time.monotonic()
            self._cpu = (used - before) / max(looked - then, 1e-3)
            self._measure_device_use = _measure_device_use(self._device)
            self._beat()

    def _beat(self) -> None:
        with self._writing:
            now = replace(self._status, heartbeat=time.time(), cpu=self._cpu, device_use=self._measure_device_use)
            write_status(self._run, now)


def _measure_cpu_seconds() -> float:
    """Return the processor time of this process and of those it started and waited for."""
    return sum(os.times()[:4])


def _measure_device_use(device: torch.device) -> float | None:
    """Return the share of time in which the GPU was busy of late; None without one, or where it does not say."""
    if device.type != "cuda":
        return None
    try:
        return torch.cuda.utilization(device) / 100
    except (ModuleNotFoundError, RuntimeError):  # it needs nvidia-ml-py, which is no dependency of ours
        return None
