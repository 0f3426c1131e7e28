"""A clock that goes backwards, set by hand or by a time server."""

import itertools
from functools import partial

from stress.case import Case, Trial
from stress.facts import hash_contents
from stress.inputs import copy
from stress.labeled import Sitting, check_store
from stress.program import Program
from stress.trained import check_equal, train, train_undisturbed
from stress.workloads import LIGHT, Workload, run_undisturbed
from tests.labeling.pulled_plug import CLASSES, write_items

_FEW = 5
_calls = itertools.count()


def backwards_time() -> float:
    """Return a time that is two minutes earlier each time it is asked for."""
    return 1_900_000_000.0 - 120.0 * next(_calls)


def backwards_timestamp() -> str:
    """Return such a time as the label store keeps it."""
    minutes = next(_calls)
    return f"2030-01-02T{23 - minutes // 60 % 24:02d}:{59 - minutes % 60:02d}:00.000Z"


BACKWARDS = {"time.time": backwards_time, "txt.labeling.session.now": backwards_timestamp}


def make(work: Workload, trial: Trial) -> None:
    """Do the work while the clock goes backwards."""
    work.lay_out(trial.inputs, trial.folder)
    program = Program(trial.folder, *work.arguments, patches={**work.patches, **BACKWARDS})
    code = program.wait()
    trial.check(code == 0, f"exit code {code}: {program.said()[-500:]}")
    trial.check(
        work.essence(trial.folder / work.out) == run_undisturbed(work, trial.inputs).output, "the result differs"
    )


def train_and_list(trial: Trial) -> None:
    """Train while the clock goes backwards; the list of runs shows it as finished."""
    _, whole = train_undisturbed(trial.inputs, trial.inputs.prepared)
    copy(trial.inputs.prepared, trial.folder)
    program = train(trial.folder, "prepared", patches=BACKWARDS)
    code = program.wait()
    if trial.check(code == 0, f"exit code {code}: {program.said()[-500:]}"):
        check_equal(trial, trial.folder / "runs" / "tried", whole)
    listing = Program(trial.folder, "runs")
    trial.check(listing.wait() == 0 and "finished" in listing.said(), f"txt runs says {listing.said()[-500:]}")


def label_in_two_sittings(trial: Trial) -> None:
    """Label, correct and leave while the clock goes backwards, twice: the later decision counts."""
    data = write_items(trial.folder / "items.csv", 20)
    before, given = hash_contents(data), []
    for _ in range(2):
        sitting = Sitting(trial.folder, data, patches=BACKWARDS)
        trial.check(sitting.begin(), f"nothing was asked: {sitting.program.said()[-500:]}")
        for _ in range(4):
            sitting.answer(trial.rng.choice(CLASSES))
        wrong = sitting.given.pop()
        sitting.undo()
        sitting.answer(next(name for name in CLASSES if name != wrong))
        given += sitting.given
        sitting.leave(trial)
    check_store(trial, data, given)
    trial.check(hash_contents(data) == before, "the data has changed")


CASES = (
    *(Case("clock goes backwards", work.name, partial(make, work), _FEW) for work in LIGHT),
    Case("clock goes backwards", "train", train_and_list, _FEW),
    Case("clock goes backwards", "label --plain", label_in_two_sittings, _FEW),
)
