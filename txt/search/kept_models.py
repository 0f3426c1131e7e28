"""Which trials keep their weights: the best few. The runs themselves stay, with options, curves and scores."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from txt.errors import InputError
from txt.runs.folder import REMOVED, Run, all_runs
from txt.runs.notes import KEEP, read_notes
from txt.search.board import Board

_MADE_OF_IT = ("report.json", "reports", "predictions")  # somebody has looked closer at the model


def drop_checkpoints(board: Board, runs: Path) -> None:
    """Remove the checkpoints of the pruned trials, which they would have gone on from had they come a round further."""
    for trial in board.of("pruned"):
        for run in (Run(runs / name) for name in trial.runs):
            if run.checkpoints.is_dir() and not run.is_locked():
                _remove(run.checkpoints)


def drop_models(board: Board, runs: Path, keep: int) -> list[str]:
    """Remove the weights of all trials that ended but the `keep` best; `runs` is the folder of this machine's runs.

    Those of a run stay that is tagged `keep`, was evaluated, is being trained, or that another run began from. Returns
    the names of the runs that have none any more.
    """
    candidates = [run for run in _ended(board, runs, keep) if _holds_weights(run)]
    if not candidates:
        return []
    begun_from = {Path(name).name for run in all_runs(runs) if (name := _begun_from(run))}
    dropped = [run for run in candidates if run.name not in begun_from and not _is_needed(run)]
    for run in dropped:
        _remove(run.model)
        _remove(run.checkpoints)
    return [run.name for run in dropped]


def _ended(board: Board, runs: Path, keep: int) -> Iterator[Run]:
    for trial in [*board.of("done")[keep:], *board.of("pruned"), *board.of("failed")]:
        yield from (Run(runs / name) for name in trial.runs)


def _holds_weights(run: Run) -> bool:
    return run.model.is_dir() or run.checkpoints.is_dir()


def _begun_from(run: Run) -> str | None:
    try:
        return run.config().pretrained
    except InputError:  # a run of another version
        return None


def _is_needed(run: Run) -> bool:
    if run.is_locked() or any((run.path / name).exists() for name in _MADE_OF_IT):
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
