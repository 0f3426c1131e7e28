"""Terminals that vanish: a closed window, a lost connection. The kernel sends SIGHUP, and reading and writing fail."""

import os
import sys
import time
from pathlib import Path

from stress.case import Case, Trial
from stress.facts import content_of
from stress.inputs import copy
from stress.labeled import check_folder, check_store
from stress.program import are_gone, residents
from stress.trained import OPTIONS, check_equal, undisturbed
from tests.labeling.pulled_plug import CLASSES, label_command, text_of, write_items
from tests.labeling.terminal import Terminal

_FEW = 10
_TXT = (sys.executable, "-m", "txt")
_PATIENCE = 300.0


def vanish(trial: Trial, terminal: Terminal) -> None:
    """Close the terminal under a program, and check that the program ends."""
    os.close(terminal._master)
    terminal._master = os.open(os.devnull, os.O_RDWR)
    until = time.monotonic() + _PATIENCE
    while not os.waitid(os.P_PID, terminal.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
        if not trial.check(time.monotonic() < until, "the program goes on without its terminal"):
            return
        time.sleep(0.02)


def label(trial: Trial) -> None:
    """Label some rows on the screen; then the terminal vanishes."""
    data = write_items(trial.folder / "items.csv", 60)
    before, given = content_of(data), []
    with Terminal(label_command(data)) as terminal:
        terminal.wait_for(text_of(0).encode(), _PATIENCE)
        for row in range(1, trial.rng.randint(2, 12)):
            key = trial.rng.randrange(len(CLASSES))
            terminal.send(str(key + 1).encode())
            terminal.wait_for(text_of(row).encode(), _PATIENCE)
            given.append(CLASSES[key])
        vanish(trial, terminal)
    check_store(trial, data, given)
    check_folder(trial, data, before)


def train(trial: Trial) -> None:
    """Train behind the dashboard; when its terminal vanishes, the training goes on to its end."""
    _, whole = undisturbed(trial.inputs, trial.inputs.prepared)
    copy(trial.inputs.prepared, trial.folder)
    options = [str(each) for each in OPTIONS if each != "--plain"]
    here = Path.cwd()
    os.chdir(trial.folder)
    try:
        terminal = Terminal([*_TXT, "train", "prepared", "--name", "tried", *options], columns=100, lines=30)
    finally:
        os.chdir(here)
    record = trial.folder / "runs" / "tried" / "events.jsonl"
    with terminal:
        until = time.monotonic() + _PATIENCE
        while not record.exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(trial.rng.uniform(0, 1))
        vanish(trial, terminal)
    trial.check(are_gone(trial.folder, _PATIENCE), f"still there: {residents(trial.folder)}")
    check_equal(trial, trial.folder / "runs" / "tried", whole)


CASES = (Case("terminal vanishes", "label", label, _FEW), Case("terminal vanishes", "train", train, 3))
