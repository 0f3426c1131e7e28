"""Which runs `txt runs prune` removes, and why each other run is kept."""

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from txt.errors import InputError
from txt.files import open_plain
from txt.metrics import format_label
from txt.runs.folder import STUDIES, Run
from txt.runs.notes import KEEP
from txt.runs.state import ALIVE
from txt.runs.summary import OURS, RunSummary, rank_runs


@dataclass(frozen=True)
class PruningPlan:
    """What a pruning removes, and why each other run stays."""

    removed: list[RunSummary]
    kept: dict[Path, str]

    @property
    def bytes(self) -> int:
        """The bytes that become free."""
        return sum(run.size for run in self.removed)


def pruning(runs: Sequence[RunSummary], keep_best: int) -> PruningPlan:
    """Choose all runs but the best on each data and metric.

    Runs that are being trained, are tagged `keep`, are the newest or the best of a study are kept as well, and so are
    runs whose prepared data a kept run uses. Folders that are not runs are not touched.
    """
    kept: dict[Path, str] = {}
    studies = find_best_of_studies()
    for group in rank_runs(runs).values():
        for rank, run in enumerate(group[:keep_best], 1):
            if run.rank is not None:
                kept[run.path] = (
                    f"{_describe_place(rank, len(group))} on {run.data or 'its data'} by {_metric_name(run)}"
                )
    whole = [run for run in runs if run.is_run]
    kept |= {run.path: "the newest" for run in _find_newest(whole)}
    kept |= {run.path: run.state.kind for run in whole if run.state.kind in ALIVE}
    kept |= {run.path: f"the best of study {studies[run.name]}" for run in whole if run.name in studies}
    kept |= {run.path: f"tagged `{KEEP}`" for run in whole if KEEP in run.notes.tags}
    lenders = _find_lenders(whole)
    for run in [run for run in whole if run.path in kept]:
        borrower = run
        while (lender := lenders.get(borrower.path)) and lender.path not in kept:
            kept[lender.path] = f"`{borrower.name}` trains on its data"
            borrower = lender
    return PruningPlan([run for run in whole if run.path not in kept], kept)


def find_borrowers(run: RunSummary, runs: Sequence[RunSummary]) -> list[RunSummary]:
    """Return the other runs that train on the data prepared inside this one's folder."""
    lenders = _find_lenders([run, *(other for other in runs if other.path != run.path)])
    return [other for other in runs if (lender := lenders.get(other.path)) and lender.path == run.path]


def check_removable(run: RunSummary, runs: Sequence[RunSummary], going: Sequence[Path]) -> None:
    """Refuse to remove what must stay; `going` are the folders that are removed along with it.

    Raises:
        InputError: it is being trained, is not a run made by txt, or another run trains on its data.
    """
    check_idle(run)
    if not run.is_run and not _is_ours(run.path):
        raise InputError(
            f"`{run.path}` is not a run made by txt, and is kept: {run.problem}", "remove it yourself, with rm -r"
        )
    staying = [other.name for other in find_borrowers(run, runs) if other.path not in going]
    if staying:
        names = ", ".join(f"`{name}`" for name in staying[:5])
        raise InputError(
            f"{names} trained on the data inside run `{run.name}`, and could not be evaluated or resumed without it",
            f"remove them together: txt runs rm {' '.join([run.name, *staying[:5]])}",
        )


def check_idle(run: RunSummary) -> None:
    """Refuse to touch the folder of a run that is being trained, or about to be.

    Raises:
        InputError: it is.
    """
    if run.state.kind in ALIVE:
        raise InputError(f"run `{run.name}` is {run.state.words}", "stop it first, or wait until it has ended")


def describe_importance(run: RunSummary, runs: Sequence[RunSummary]) -> list[str]:
    """List reasons to keep a run, for the question before it is removed: its rank, its study, its tag."""
    told = [
        f"the best of {len(group)} runs on {run.data or 'its data'} by {_metric_name(run)}"
        for group in rank_runs(runs).values()
        if len(group) > 1 and group[0].path == run.path and run.rank is not None
    ]
    told += ["the newest, which `txt eval` takes" for newest in _find_newest(runs) if newest.path == run.path]
    study = find_best_of_studies().get(run.name)
    told += [f"the best of study {study}"] if study else []
    return told + [f"tagged `{KEEP}`"] * (KEEP in run.notes.tags)


def _describe_place(rank: int, runs: int) -> str:
    return "the only one" if runs == 1 else f"the best of {runs}" if rank == 1 else f"number {rank} of {runs}"


def _metric_name(run: RunSummary) -> str:
    return format_label(run.metric or "")


def _is_ours(path: Path) -> bool:
    """Tell whether a folder that is no whole run was one, or began to be one: nothing else is ever removed."""
    names = [entry.name for entry in path.iterdir()]
    return "events.jsonl" in names or all(name in OURS or name.startswith(".") for name in names)


def _find_newest(runs: Iterable[RunSummary]) -> list[RunSummary]:
    """Return the run that commands take where none is named, as `Run.newest` chooses it."""
    made = {}
    for run in runs:
        with suppress(OSError):
            made[(run.path / "config.json").stat().st_mtime_ns] = run
    return [made[max(made)]] if made else []


def _find_lenders(runs: Sequence[RunSummary]) -> dict[Path, RunSummary]:
    """Return for each run, by its path, the other one inside whose folder its data lies."""
    folders = {run.path.resolve(): run for run in runs}
    found: dict[Path, RunSummary] = {}
    for run in runs:
        parents = Path(os.path.realpath(Run(run.path).prepared_path())).parents if run.is_run else ()
        lender = next((folders[parent] for parent in parents if parent in folders), run)
        if lender.path != run.path:
            found[run.path] = lender
    return found


def find_best_of_studies(folder: Path = STUDIES) -> Mapping[str, str]:
    """Return the study whose best trial a run is, by the run's name; a study's results.csv has the best first."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*/results.csv")):
        with (
            suppress(OSError, UnicodeDecodeError, csv.Error),
            io.TextIOWrapper(open_plain(path), encoding="utf-8", newline="") as file,
        ):
            best = next(csv.DictReader(file), {})
            found |= dict.fromkeys((best.get("runs") or "").split(), path.parent.name)
    return found
