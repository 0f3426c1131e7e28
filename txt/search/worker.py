"""A worker process of `txt grid`: takes points off a study's queue and trains them, until none is left.

    python -m txt.search.worker STUDY_FOLDER NUMBER THREADS

SIGTERM saves the training that is going on and ends; so does the end of the process that started it.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import torch

from txt.data.prepared import Prepared
from txt.search.study import Study
from txt.search.study_folder import StudyFolder
from txt.search.trial import run_trial

STORAGE_VARIABLE = "TXT_STUDY_STORAGE"
"""Environment variable with the database's URL: an argument could be read by everybody on the machine."""

_IDLE_SECONDS = 0.5


def work(study: Study, prepared: Prepared, number: int, threads: int, stop: Callable[[], bool]) -> None:
    """Train points until all are done or `stop()` says so; while others still train, wait: theirs may come back."""
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


def main(arguments: list[str]) -> None:
    """Run a worker as its command line says."""
    folder, number, threads = StudyFolder(Path(arguments[0])), int(arguments[1]), int(arguments[2])
    stop = _stop_on_signals()
    if torch.cuda.is_available():
        torch.cuda.set_device(number % torch.cuda.device_count())  # what `cuda` means from here on
    study = Study.open(folder.name, folder.storage(os.environ.get(STORAGE_VARIABLE)))
    work(study, Prepared.open(folder.prepared_path()), number, threads, stop)


def _stop_on_signals() -> Callable[[], bool]:
    asked = False
    parent = os.getppid()

    def ask(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)
    return lambda: asked or os.getppid() != parent


if __name__ == "__main__":
    main(sys.argv[1:])
