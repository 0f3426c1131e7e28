"""A worker process of `txt grid`: takes points off a study's queue and trains them, until none is left."""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkContext, ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

from txt.data.prepared import Prepared
from txt.files import open_folder, open_own
from txt.search.owner import identify_process, is_gone
from txt.search.study import Study
from txt.search.study_folder import StudyFolder

_IDLE_SECONDS = 0.5
_START = "forkserver"  # how worker processes are started
_PRELOADED = "txt.search.trial"  # brings torch, which the process that starts the workers has no use for


def run_worker(study: Study, prepared: Prepared, number: int, threads: int, stop: Callable[[], bool]) -> None:
    """Train points until all are done or `stop()` returns True; wait while others train: points may return."""
    from txt.search.trial import run_trial

    study.optuna.pruner = study.pruner()
    while not stop():
        study.reap()
        study.replenish()
        taken = study.take(seed=number)
        if taken is not None:
            run_trial(study, taken, prepared, threads, stop)
        elif study.is_over():
            return
        else:
            time.sleep(_IDLE_SECONDS)


@dataclass(frozen=True)
class Job:
    """What a worker process is started with, and by whom; `storage` is the database's URL with its password."""

    folder: Path
    number: int
    threads: int
    storage: str | None = None
    supervisor: dict[str, Any] = field(default_factory=identify_process)

    @property
    def log(self) -> Path:
        """The file with the output of the process."""
        return StudyFolder(self.folder).workers / f"{self.number}.log"

    def start(self) -> BaseProcess:
        """Start the process: forked off one that has everything imported, which takes no time.

        SIGTERM lets it save the training that is going on and end; so does the end of the process that started it.
        """
        warm_up()
        process = _process_context().Process(target=_main, args=(self,))
        process.start()
        return process


def warm_up() -> None:
    """Start the process that workers are forked off; a screen has to be opened after that, as it hides the terminal."""
    if _START == "forkserver":
        get_context("forkserver").set_forkserver_preload([__name__, _PRELOADED])
        forkserver.ensure_running()
    else:
        import_module(_PRELOADED)


def _process_context() -> ForkServerContext | ForkContext:
    return get_context("fork") if _START == "fork" else get_context("forkserver")


def _main(job: Job) -> None:
    _leave_terminal(job.log)
    import torch

    stop = _stop_on_signals(job.supervisor)
    if torch.cuda.is_available():
        torch.cuda.set_device(job.number % torch.cuda.device_count())  # what `cuda` means from here on
    folder = StudyFolder(job.folder)
    os.chdir(folder.path.resolve().parents[1])
    study = Study.open(folder.name, folder.storage(job.storage))
    run_worker(study, Prepared.open(folder.prepared_path()), job.number, job.threads, stop)


def _leave_terminal(log: Path) -> None:
    """Write to the log from here on, out of reach of Ctrl-C, which is for the process that started this one."""
    os.setsid()
    folder = open_folder(log.parent, make=True, links=False)
    file = open_own(log.name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, folder=folder)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(file, stream.fileno())
    os.close(file)
    os.close(folder)


def _stop_on_signals(supervisor: dict[str, Any]) -> Callable[[], bool]:
    """Return whether a signal asked to stop, or the supervisor has ended.

    The process that workers are forked off lives as long as they do, so a worker's own parent tells nothing.
    """
    asked = False

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)
    return lambda: asked or is_gone(supervisor)
