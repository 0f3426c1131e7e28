"""Faults in searches: each combination is still trained to its end exactly once, with the same score."""

import csv
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

from optuna.trial import TrialState

from stress.case import Case, Trial
from stress.facts import find_leftovers, hash_contents
from stress.faults import ENDING, KILL, MOST_TIMES, Fault
from stress.inputs import Inputs, copy
from stress.program import Program, wait_until_gone
from txt.runs.events import Finished
from txt.runs.feed import RecordReader
from txt.search.study import Study
from txt.search.study_folder import StudyFolder

SPACE = ("--lr", "1e-3,3e-3,1e-2", "--workers", 2, "--keep-models", "all")
SMALL = ("--d-model", 16, "--nhead", 2, "--num-layers", 1, "--epochs", 1, "--save-interval", 5, "--threads", 1)
COMBINATIONS = 3

_AS_EVER = 0.1  # of the trials start their workers as ever: off a process that first imports everything, for seconds
_FORKED: Mapping[str, object] = {"txt.search.worker._START": "fork"}  # off the search itself, which has everything
_PATIENCE = 300.0  # that process looks round only after it has imported everything


def disturb(fault: Fault, trial: Trial) -> None:
    """Disturb the search up to three times, then let it end."""
    patches = {} if trial.rng.random() < _AS_EVER else _FORKED
    seconds, whole = search_undisturbed(trial.inputs, forked=bool(patches))
    prepared = copy(trial.inputs.prepared, trial.folder)
    before = hash_contents(prepared)
    for _ in range(trial.rng.randint(1, MOST_TIMES)):
        fault(trial, search(trial.folder, patches), seconds)
        trial.check(wait_until_gone(trial.folder, _PATIENCE), "workers go on")
    program = search(trial.folder, patches)
    code = program.wait()
    if trial.check(code == 0, f"exit code {code} afterwards: {program.said()[-500:]}"):
        check_once(trial)
        trial.check(scores(trial.folder) == whole, "the scores differ from an undisturbed search")
    trial.check(hash_contents(prepared) == before, "the data has changed")
    left = find_leftovers(trial.folder, {"prepared", "runs", "studies"}) + find_leftovers(
        trial.folder / "studies", {"tried"}
    )
    trial.check(not left, f"left behind: {', '.join(left)}")


def search(folder: Path, patches: Mapping[str, object] = {}, talk: str = "talk") -> Program:
    """Start the search `tried`, or go on with it."""
    if (folder / "studies" / "tried" / "study.json").exists():
        return Program(folder, "grid", "--resume", "tried", "--plain", "--workers", 2, patches=patches, talk=talk)
    return Program(folder, "grid", "prepared", "--name", "tried", "--plain", *SPACE, *SMALL, patches=patches, talk=talk)


def scores(folder: Path) -> dict[str, str]:
    """Return the score of each combination, by its run."""
    with (folder / "studies" / "tried" / "results.csv").open(newline="") as file:
        return {row["runs"]: row["accuracy"] for row in csv.DictReader(file) if row["state"] == "done"}


@cache
def search_undisturbed(inputs: Inputs, forked: bool) -> tuple[float, dict[str, str]]:
    """Search once without any fault; returns the seconds it took and the scores."""
    folder = inputs.folder / ("searched" if forked else "searched as ever")
    folder.mkdir()
    copy(inputs.prepared, folder)
    begun = time.monotonic()
    program = search(folder, _FORKED if forked else {})
    if program.wait() != 0:
        raise RuntimeError(f"txt grid fails without any fault:\n{program.said()}")
    return time.monotonic() - begun, scores(folder)


def check_once(trial: Trial) -> None:
    """Check that each combination was trained to its end once, and that nothing is left to do or lies about."""
    folder = StudyFolder(trial.folder / "studies" / "tried")
    study = Study.open(folder.name, folder.storage())
    done = Counter(each.user_attrs["point"] for each in study.trials() if each.state == TrialState.COMPLETE)
    trial.check(done == Counter(range(COMBINATIONS)), f"tried so often: {dict(done)}")
    open_still = [each.number for each in study.trials() if not each.state.is_finished()]
    trial.check(not open_still, f"trials without an end: {open_still}")
    ended = [record for record in (trial.folder / "runs").glob("*/events.jsonl") if _is_completed(record)]
    trial.check(len(ended) == COMBINATIONS, f"{len(ended)} runs were trained to their end")
    strays = [str(path) for path in trial.folder.glob("runs/**/.*") if path.name.endswith((".part", ".old"))]
    trial.check(not strays, f"left behind: {', '.join(strays)}")


def _is_completed(record: Path) -> bool:
    events = RecordReader(record).read()
    return any(isinstance(event, Finished) and event.status == "completed" for event in events)


CASES = tuple(
    Case(name, "grid", partial(disturb, fault), None if name in KILL else 5) for name, fault in (KILL | ENDING).items()
)
