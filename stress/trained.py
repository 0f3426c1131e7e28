"""Faults in training: a resumed training ends with bit-identical weights to one that was never disturbed."""

import json
import time
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path

import torch

from stress.case import Case, Trial
from stress.facts import find_leftovers, hash_contents
from stress.faults import ENDING, KILL, MOST_TIMES, STOPPING, SUSPENDING, Fault
from stress.inputs import SMALL, Inputs, copy
from stress.program import Program, wait_until_gone
from txt.files import read_lines
from txt.training.checkpoint import list_checkpoints, load_checkpoint

OPTIONS = ("--epochs", 3, "--lr", "5e-3", "--save-interval", 3, "--eval-interval", 7, "--log-interval", 1, *SMALL)
PREPARING = ("--vocab-size", 400)


def disturb_on_prepared(fault: Fault, trial: Trial) -> None:
    """Disturb a training on a prepared folder."""
    _disturb(fault, trial, copy(trial.inputs.prepared, trial.folder))


def disturb_on_file(fault: Fault, trial: Trial) -> None:
    """Disturb a training on a data file, which it prepares first."""
    _disturb(fault, trial, copy(trial.inputs.texts, trial.folder), *PREPARING)


def train(
    folder: Path, source: str, *options: object, patches: Mapping[str, object] = {}, talk: str = "talk"
) -> Program:
    """Start the training of the run `tried`, or go on with it."""
    if (folder / "runs" / "tried" / "config.json").exists():
        return Program(folder, "train", "--resume", "tried", "--plain", patches=patches, talk=talk)
    return Program(folder, "train", source, "--name", "tried", *OPTIONS, *options, patches=patches, talk=talk)


@cache
def train_undisturbed(inputs: Inputs, source: Path, *options: object) -> tuple[float, Path]:
    """Train once without any fault; returns the seconds it took and the run's folder."""
    folder = inputs.folder / f"trained on {source.name}"
    folder.mkdir()
    copy(source, folder)
    begun = time.monotonic()
    program = train(folder, source.name, *options)
    if program.wait() != 0:
        raise RuntimeError(f"txt train fails without any fault:\n{program.said()}")
    return time.monotonic() - begun, folder / "runs" / "tried"


def check_equal(trial: Trial, run: Path, whole: Path) -> None:
    """Check that a run has come to the same end as an undisturbed one, and left nothing behind."""
    one, other = (load_checkpoint(list_checkpoints(each / "checkpoints")[0]) for each in (run, whole))
    same = one.progress.step == other.progress.step and one.tensors.keys() == other.tensors.keys()
    same = same and all(torch.equal(tensor, other.tensors[name]) for name, tensor in one.tensors.items())
    trial.check(same, "the weights differ from those of an undisturbed training")
    trial.check(hash_contents(run / "model") == hash_contents(whole / "model"), "the best model is another one")
    events = list(read_lines(run / "events.jsonl"))
    trial.check(events[-1]["event"] == "finished" and events[-1]["status"] == "completed", "the record has no end")
    seen = {event["step"] for event in events if event["event"] == "step"}
    trial.check(seen == set(range(1, one.progress.step + 1)), "steps are missing in the record")
    for folder in (run, run / "checkpoints"):
        strays = [name for name in find_leftovers(folder, set()) if name.startswith(".")]
        trial.check(not strays, f"left behind: {', '.join(strays)}")
    scores = [json.loads((each / "report.json").read_text())["metrics"] for each in (run, whole)]
    trial.check(scores[0] == scores[1], "the scores differ")


def _disturb(fault: Fault, trial: Trial, source: Path, *options: object) -> None:
    seconds, whole = train_undisturbed(trial.inputs, trial.inputs.folder / source.name, *options)
    before = hash_contents(source)
    for _ in range(trial.rng.randint(1, MOST_TIMES)):
        fault(trial, train(trial.folder, source.name, *options), seconds)
        trial.check(wait_until_gone(trial.folder), "processes go on")
    program = train(trial.folder, source.name, *options)
    code = program.wait()
    if trial.check(code == 0, f"exit code {code} afterwards: {program.said()[-500:]}"):
        check_equal(trial, trial.folder / "runs" / "tried", whole)
    trial.check(hash_contents(source) == before, f"{source.name} has changed")
    left = find_leftovers(trial.folder, {source.name, "runs"}) + find_leftovers(trial.folder / "runs", {"tried"})
    trial.check(not left, f"left behind: {', '.join(left)}")


CASES = (
    *(Case(name, "train", partial(disturb_on_prepared, fault)) for name, fault in KILL.items()),
    *(Case(name, "train DATA", partial(disturb_on_file, fault)) for name, fault in KILL.items()),
    *(Case(name, "train", partial(disturb_on_prepared, fault), 10) for name, fault in (ENDING | STOPPING).items()),
    *(Case(name, "train", partial(disturb_on_prepared, fault), 2) for name, fault in SUSPENDING.items()),
)
