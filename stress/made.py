"""Faults in commands that make a file or folder: it is whole or absent, and running the command again works."""

import os
from functools import partial

from stress.case import Case, Trial
from stress.facts import find_leftovers, hash_contents
from stress.faults import ENDING, KILL, MOST_TIMES, STOPPING, Fault
from stress.program import temporary_folder, wait_until_gone
from stress.workloads import LIGHT, WORKLOADS, Workload, place_earlier_output, run_undisturbed

FEW = 10  # trials of a fault that is milder than SIGKILL


def disturb(work: Workload, fault: Fault, trial: Trial) -> None:
    """Disturb the work up to three times, then let it end."""
    whole = run_undisturbed(work, trial.inputs)
    folder = trial.folder
    work.lay_out(trial.inputs, folder)
    laid_out = set(os.listdir(folder))
    before = {name: hash_contents(folder / name) for name in laid_out}
    had_earlier = trial.rng.random() < 0.5
    if had_earlier:
        place_earlier_output(work, folder)
    old = hash_contents(folder / work.out)
    for _ in range(trial.rng.randint(1, MOST_TIMES)):
        fault(trial, work.start(folder, again=True), whole.seconds)
        trial.check(wait_until_gone(folder), "processes go on")
        found = hash_contents(folder / work.out)
        trial.check(found == old or work.essence(folder / work.out) == whole.output, "half of the output is there")
        for name, content in before.items():
            trial.check(hash_contents(folder / name) == content, f"{name} has changed")
    program = work.start(folder, again=True)
    code = program.wait()
    trial.check(code == 0, f"exit code {code} afterwards: {program.said()[-500:]}")
    trial.check(work.essence(folder / work.out) == whole.output, "the result differs from an undisturbed one")
    own = {f"{name}{ending}" for name in laid_out for ending in ("-wal", "-shm")}  # SQLite's, of a store
    left = find_leftovers(folder, laid_out | own | {work.out})
    left += find_leftovers(temporary_folder(folder), set())
    trial.check(not left, f"left behind: {', '.join(left)}")


CASES = tuple(
    Case(name, work.name, partial(disturb, work, fault), work.most if name in KILL else FEW)
    for name, fault in (KILL | ENDING | STOPPING).items()
    for work in (WORKLOADS if name in KILL else LIGHT)
)
