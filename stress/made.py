"""Commands that make a file or a folder: it is whole or absent whatever happens, and making it again works."""

import os
from functools import partial

from stress.case import Case, Trial
from stress.facts import content_of, leftovers
from stress.faults import ENDING, KILL, MOST_TIMES, STOPPING, Fault
from stress.program import are_gone, temporary_folder
from stress.works import LIGHT, WORKS, Work, done, earlier

FEW = 10  # trials of a fault that is milder than SIGKILL


def disturb(work: Work, fault: Fault, trial: Trial) -> None:
    """Disturb the work up to three times, then let it end."""
    whole = done(work, trial.inputs)
    folder = trial.folder
    work.lay_out(trial.inputs, folder)
    laid_out = set(os.listdir(folder))
    before = {name: content_of(folder / name) for name in laid_out}
    had_earlier = trial.rng.random() < 0.5
    if had_earlier:
        earlier(work, folder)
    old = content_of(folder / work.out)
    for _ in range(trial.rng.randint(1, MOST_TIMES)):
        fault(trial, work.start(folder, again=True), whole.seconds)
        trial.check(are_gone(folder), "processes go on")
        found = content_of(folder / work.out)
        trial.check(found == old or work.essence(folder / work.out) == whole.made, "half of the output is there")
        for name, content in before.items():
            trial.check(content_of(folder / name) == content, f"{name} has changed")
    program = work.start(folder, again=True)
    code = program.wait()
    trial.check(code == 0, f"exit code {code} afterwards: {program.said()[-500:]}")
    trial.check(work.essence(folder / work.out) == whole.made, "the result differs from an undisturbed one")
    own = {f"{name}{ending}" for name in laid_out for ending in ("-wal", "-shm")}  # SQLite's, of a store
    left = leftovers(folder, laid_out | own | {work.out})
    left += leftovers(temporary_folder(folder), set())
    trial.check(not left, f"left behind: {', '.join(left)}")


CASES = tuple(
    Case(name, work.name, partial(disturb, work, fault), work.most if name in KILL else FEW)
    for name, fault in (KILL | ENDING | STOPPING).items()
    for work in (WORKS if name in KILL else LIGHT)
)
