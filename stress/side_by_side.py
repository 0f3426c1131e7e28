"""Two programs at once on one run, one label store, one output: one of them is refused, or both are right."""

import time
from collections import Counter
from functools import partial

from stress.case import Case, Trial
from stress.facts import find_leftovers, hash_contents
from stress.inputs import copy
from stress.program import wait_until_gone
from stress.searched import check_once, scores, search, search_undisturbed
from stress.trained import check_equal, train, train_undisturbed
from stress.workloads import LIGHT, Workload, run_undisturbed
from tests.labeling.pulled_plug import item_text, label_side_by_side, write_items
from txt.labeling.store.decision import row_id
from txt.labeling.store.journal import read_current_labels, store_path

_FEW = 10
_REFUSALS = ("another process", "exists already", "is being trained")


def make(work: Workload, trial: Trial) -> None:
    """Start the same work twice: the result is whole, and whoever is refused is told so."""
    whole = run_undisturbed(work, trial.inputs)
    work.lay_out(trial.inputs, trial.folder)
    laid_out = hash_contents(trial.folder)
    first = work.start(trial.folder, again=True)
    time.sleep(trial.rng.uniform(0, whole.seconds))
    second = work.start(trial.folder, again=True, talk="second")
    codes = [program.wait() for program in (first, second)]
    trial.check(0 in codes, f"neither succeeds: {first.said()[-300:]} {second.said()[-300:]}")
    for code, program in zip(codes, (first, second), strict=True):
        refused = code == 2 and any(words in program.said() for words in _REFUSALS)
        trial.check(code == 0 or refused, f"exit code {code}: {program.said()[-500:]}")
    trial.check(work.essence(trial.folder / work.out) == whole.output, "the result differs from that of one alone")
    names = {name.partition("/")[0] for name in laid_out or {}}
    own = {f"{name}{ending}" for name in names for ending in ("-wal", "-shm")}
    left = find_leftovers(trial.folder, names | own | {work.out})
    trial.check(not left, f"left behind: {', '.join(left)}")


def train_one_run(trial: Trial) -> None:
    """Go on with a run in two processes at once: one trains it, and the other is refused."""
    seconds, whole = train_undisturbed(trial.inputs, trial.inputs.prepared)
    copy(trial.inputs.prepared, trial.folder)
    first = train(trial.folder, "prepared")
    time.sleep(trial.rng.uniform(0, seconds))
    second = train(trial.folder, "prepared", talk="second")
    codes = [program.wait() for program in (first, second)]
    trial.check(0 in codes, f"neither succeeds: {first.said()[-300:]} {second.said()[-300:]}")
    for code, program in zip(codes, (first, second), strict=True):
        refused = code == 2 and any(words in program.said() for words in _REFUSALS)
        trial.check(code == 0 or refused, f"exit code {code}: {program.said()[-500:]}")
    check_equal(trial, trial.folder / "runs" / "tried", whole)


def search_one_study(trial: Trial) -> None:
    """Start one search twice: both take part, and each combination is trained once."""
    seconds, whole = search_undisturbed(trial.inputs, forked=False)
    copy(trial.inputs.prepared, trial.folder)
    first = search(trial.folder)
    time.sleep(trial.rng.uniform(0, seconds))
    second = search(trial.folder, talk="second")
    for program in (first, second):
        code = program.wait()
        trial.check(code == 0, f"exit code {code}: {program.said()[-500:]}")
    trial.check(wait_until_gone(trial.folder), "workers go on")
    check_once(trial)
    trial.check(scores(trial.folder) == whole, "the scores differ from those of one search alone")


def label_one_store(trial: Trial) -> None:
    """Let two people label one file at once: nobody is given the other's row, and nothing is lost."""
    each = 60
    data = write_items(trial.folder / "items.csv", 200)
    given = label_side_by_side(data, each)
    rows = Counter(given["anna"] + given["ben"])
    trial.check(len(rows) == 2 * each, "a row was given out twice")
    labels = read_current_labels(store_path(data))
    for name, own in given.items():
        kept = sum(labels[row_id(item_text(row))].annotator == name for row in own if row_id(item_text(row)) in labels)
        trial.check(kept == each, f"{each - kept} decisions of {name} are lost")


CASES = (
    *(Case("two at once", work.name, partial(make, work), _FEW) for work in LIGHT),
    Case("two at once", "train", train_one_run, _FEW),
    Case("two at once", "grid", search_one_study, 3),
    Case("two at once", "label", label_one_store, _FEW),
)
