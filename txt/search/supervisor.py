"""Keeps the workers of a study running on this machine, and reports its progress."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from txt.errors import InputError, TxtError
from txt.processes import count_cores
from txt.runs.folder import REMOVED, Run, list_runs
from txt.runs.notes import KEEP, read_notes
from txt.search.board import Board, build_board
from txt.search.study import Study
from txt.search.study_folder import StudyFolder
from txt.search.worker import Job

_TICK_SECONDS = 0.5
_MOST_IDLE_DEATHS = 3  # of one worker in a row, before it took a trial: something is wrong with all of them


def supervise(
    study: Study,
    folder: StudyFolder,
    workers: int,
    stop: Callable[[], bool],
    timeout: float | None = None,
    storage: str | None = None,
    keep_models: int | None = None,
) -> Iterator[Board]:
    """Run a study with `workers` processes, yielding its board, until it is over or `stop()` returns True.

    A worker that dies is started again. Stopping, and closing the generator, let the workers save what they train; the
    last board comes after that.

    Args:
        study: the study.
        folder: its folder on this machine.
        workers: processes; the cores are divided among them.
        stop: asked twice a second.
        timeout: seconds after which to stop.
        storage: the database's URL with its password, where there is one.
        keep_models: how many of the best trials keep their weights on this machine; None for all.

    Raises:
        TxtError: workers die before they take a trial.
    """
    begun = time.monotonic()
    study.replenish()

    def board(workers: int = 0) -> Board:
        board = build_board(study, workers)
        drop_checkpoints(board, folder.runs)
        if keep_models is not None:
            drop_models(board, folder.runs, keep_models)
        return board

    threads = max(1, count_cores() // workers)
    team = [_Worker(Job(folder.path.resolve(), number, threads, storage)) for number in range(workers)]
    try:
        while not study.is_over() and not stop():
            if timeout is not None and time.monotonic() - begun > timeout:
                break
            for worker in team:
                worker.keep_going(study)
            study.reap()
            study.replenish()
            yield board(workers)
            time.sleep(_TICK_SECONDS)
        for worker in team:
            worker.ask_to_stop()
        while any(worker.is_alive() for worker in team):
            yield board(workers)
            time.sleep(_TICK_SECONDS)
    finally:
        for worker in team:
            worker.ask_to_stop()
        for worker in team:
            worker.wait()
    study.reap()
    yield board()


class _Worker:
    """A worker process, started again when it dies."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._idle_deaths = 0
        self._process = job.start()

    def keep_going(self, study: Study) -> None:
        """Start the process again if it died; one that found nothing left to do has not.

        Raises:
            TxtError: it died again and again before it took a trial.
        """
        if self._process.exitcode in (None, 0):
            return
        self._idle_deaths = 0 if self._has_worked(study) else self._idle_deaths + 1
        if self._idle_deaths >= _MOST_IDLE_DEATHS:
            raise TxtError(f"workers end before they take a trial: {self._last_log_line()}", f"see {self._job.log}")
        self._process = self._job.start()

    def ask_to_stop(self) -> None:
        """Let the process save and end."""
        if self.is_alive():
            self._process.terminate()

    def is_alive(self) -> bool:
        """Return whether the process is still there."""
        return self._process.exitcode is None

    def wait(self) -> None:
        """Wait for its end."""
        self._process.join()

    def _has_worked(self, study: Study) -> bool:
        pid = self._process.pid
        return any(trial.user_attrs.get("owner", {}).get("pid") == pid for trial in study.trials())

    def _last_log_line(self) -> str:
        log = self._job.log
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        return lines[-1] if lines else "it wrote nothing to its log"


_MADE_FROM_MODEL = ("report.json", "reports", "predictions")  # made from the model by later commands


def drop_checkpoints(board: Board, runs: Path) -> None:
    """Remove the checkpoints of pruned trials, which are needed only by trials promoted to the next round."""
    for trial in board.of("pruned"):
        for run in (Run(runs / name) for name in trial.runs):
            if run.checkpoints.is_dir() and not run.is_training():
                _remove(run.checkpoints)


def drop_models(board: Board, runs: Path, keep: int) -> list[str]:
    """Remove the weights of all trials that ended but the `keep` best; `runs` is the folder of this machine's runs.

    A run keeps its weights if it is tagged `keep`, was evaluated, is being trained, or another run started from it.
    Returns the names of the runs whose weights were removed.
    """
    candidates = [run for run in _list_ended_runs(board, runs, keep) if _holds_weights(run)]
    if not candidates:
        return []
    begun_from = {Path(name).name for run in list_runs(runs) if (name := _read_pretrained(run))}
    dropped = [run for run in candidates if run.name not in begun_from and not _is_needed(run)]
    for run in dropped:
        _remove(run.model)
        _remove(run.checkpoints)
    return [run.name for run in dropped]


def _list_ended_runs(board: Board, runs: Path, keep: int) -> Iterator[Run]:
    for trial in [*board.of("done")[keep:], *board.of("pruned"), *board.of("failed")]:
        yield from (Run(runs / name) for name in trial.runs)


def _holds_weights(run: Run) -> bool:
    return run.model.is_dir() or run.checkpoints.is_dir()


def _read_pretrained(run: Run) -> str | None:
    try:
        return run.config().pretrained
    except InputError:  # a run of another version
        return None


def _is_needed(run: Run) -> bool:
    if run.is_training() or any((run.path / name).exists() for name in _MADE_FROM_MODEL):
        return True
    try:
        return KEEP in read_notes(run.path).tags
    except InputError:
        return True


def _remove(folder: Path) -> None:
    """Take weights out of sight in one step, then off the disk, so that no half of a model is ever loaded."""
    with suppress(OSError):  # what cannot be removed stays, and does no harm
        hidden = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.", suffix=REMOVED))
        if folder.is_dir():
            os.replace(folder, hidden / folder.name)
        shutil.rmtree(hidden)
