"""Which runs may go, and what speaks for each of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from txt.errors import InputError
from txt.evaluation.summary import OURS, Summary, best_runs
from txt.evaluation.wording import METRIC_NAMES
from txt.run_notes import KEEP
from txt.run_state import ALIVE
from txt.runs import Run


@dataclass(frozen=True)
class Pruning:
    """What a pruning removes, and why each other run stays."""

    removed: list[Summary]
    kept: dict[Path, str]

    @property
    def bytes(self) -> int:
        """The bytes that become free."""
        return sum(run.size for run in self.removed)


def pruning(runs: Sequence[Summary], keep_best: int) -> Pruning:
    """Choose all runs but the best on each data and metric.

    What runs, is tagged `keep`, or is the newest stays as well, and so does what lends its data to a run that stays.
    Folders that are not runs are left alone.
    """
    kept: dict[Path, str] = {}
    for group in best_runs(runs).values():
        for rank, run in enumerate(group[:keep_best], 1):
            if run.rank is not None:
                kept[run.path] = f"{_place(rank, len(group))} on {run.data or 'its data'} by {_metric(run)}"
    whole = [run for run in runs if run.is_run]
    for run in sorted(whole, key=lambda run: run.created)[-1:]:
        kept[run.path] = "the newest"
    kept |= {run.path: run.state.kind for run in whole if run.state.kind in ALIVE}
    kept |= {run.path: f"tagged `{KEEP}`" for run in whole if KEEP in run.notes.tags}
    for run in list(whole):  # a lender may itself borrow, so as often as there are runs
        lenders = {lender.path: lender for lender in whole if lender.path not in kept}
        lent = {
            path: f"`{run.name}` trains on its data"
            for run in whole
            if run.path in kept
            for path in _lender(run, lenders)
        }
        if not lent:
            break
        kept |= lent
    return Pruning([run for run in whole if run.path not in kept], kept)


def borrowers(run: Summary, runs: Sequence[Summary]) -> list[Summary]:
    """Return the other runs that train on the data prepared inside this one's folder."""
    return [other for other in runs if other.path != run.path and _lender(other, {run.path: run})]


def check_removable(run: Summary, runs: Sequence[Summary], going: Sequence[Path]) -> None:
    """Refuse to remove what must stay; `going` are the folders that are removed along with it.

    Raises:
        InputError: it is being trained, is no run of ours, or another run trains on its data.
    """
    check_idle(run)
    if not run.is_run and not _is_ours(run.path):
        raise InputError(f"`{run.path}` is no run of ours, and stays: {run.problem}", "remove it yourself, with rm -r")
    staying = [other.name for other in borrowers(run, runs) if other.path not in going]
    if staying:
        names = ", ".join(f"`{name}`" for name in staying[:5])
        raise InputError(
            f"{names} trained on the data inside run `{run.name}`, and could not be evaluated or resumed without it",
            f"remove them together: txt runs rm {' '.join([run.name, *staying[:5]])}",
        )


def check_idle(run: Summary) -> None:
    """Refuse to touch the folder of a run that is being trained, or about to be.

    Raises:
        InputError: it is.
    """
    if run.state.kind in ALIVE:
        raise InputError(f"run `{run.name}` is {run.state.words}", "stop it first, or wait until it has ended")


def standing(run: Summary, runs: Sequence[Summary]) -> list[str]:
    """Say what one would want to know before removing a run: that it is the best, the newest, or tagged `keep`."""
    told = [
        f"the best of {len(group)} runs on {run.data or 'its data'} by {_metric(run)}"
        for group in best_runs(runs).values()
        if len(group) > 1 and group[0].path == run.path and run.rank is not None
    ]
    newest = max((other for other in runs if other.is_run), key=lambda other: other.created, default=None)
    if newest and newest.path == run.path:
        told.append("the newest, which `txt eval` takes")
    return told + [f"tagged `{KEEP}`"] * (KEEP in run.notes.tags)


def _place(rank: int, runs: int) -> str:
    return "the only one" if runs == 1 else f"the best of {runs}" if rank == 1 else f"number {rank} of {runs}"


def _metric(run: Summary) -> str:
    return METRIC_NAMES.get(run.metric or "", run.metric or "")


def _is_ours(path: Path) -> bool:
    """Tell whether a folder that is no whole run was one, or began to be one: nothing else is ever removed."""
    names = [entry.name for entry in path.iterdir()]
    return "events.jsonl" in names or all(name in OURS or name.startswith(".") for name in names)


def _lender(run: Summary, candidates: dict[Path, Summary]) -> list[Path]:
    """Return the one of the candidates inside which this run's data lies, if any does."""
    if not run.is_run:
        return []
    data = Run(run.path).prepared_path().resolve()
    return [path for path in candidates if path != run.path and data.is_relative_to(path.resolve())]
