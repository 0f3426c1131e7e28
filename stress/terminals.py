"""Screens whose terminal vanishes, as with a closed window or a lost connection, or that are told to end.

When a terminal vanishes the kernel sends SIGHUP, and reading and writing fail.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from stress.case import Case, Trial
from stress.facts import hash_contents
from stress.inputs import copy
from stress.labeled import check_folder, check_store
from stress.program import find_processes, wait_until_gone
from stress.trained import OPTIONS, check_equal, train_undisturbed
from stress.trained import train as start_training
from tests.labeling.pulled_plug import CLASSES, item_text, label_command, write_items
from tests.labeling.terminal import Terminal

_FEW = 10
_TXT = (sys.executable, "-m", "txt")
_PATIENCE = 300.0
_LEAVES_SCREEN = b"\x1b[?1049l"

Ending = Callable[[Trial, Terminal], None]
"""Makes a program in a terminal end, and checks that it does."""


def close_terminal(trial: Trial, terminal: Terminal) -> None:
    """Close the terminal under a program, and check that the program ends."""
    os.close(terminal._master)
    terminal._master = os.open(os.devnull, os.O_RDWR)
    _check_ends(trial, terminal, "the program goes on without its terminal")


def end_by_signal(number: int) -> Ending:
    """Return what sends a program a signal and checks that it ends, with its terminal as it was before."""

    def tell(trial: Trial, terminal: Terminal) -> None:
        terminal._drain()
        terminal._seen = b""
        os.kill(terminal.pid, number)
        try:
            terminal.wait_for(_LEAVES_SCREEN, _PATIENCE)
        except (TimeoutError, EOFError):
            trial.check(False, "the terminal is left on the other screen")
        _check_ends(trial, terminal, f"it does not end after {signal.Signals(number).name}")

    return tell


def _check_ends(trial: Trial, terminal: Terminal, otherwise: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not os.waitid(os.P_PID, terminal.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
        if not trial.check(time.monotonic() < until, otherwise):
            return
        time.sleep(0.02)


def label(ending: Ending, trial: Trial) -> None:
    """Label some rows on the screen until it is made to end."""
    data = write_items(trial.folder / "items.csv", 60)
    before, given = hash_contents(data), []
    with Terminal(label_command(data)) as terminal:
        terminal.wait_for(item_text(0).encode(), _PATIENCE)
        for row in range(1, trial.rng.randint(2, 12)):
            key = trial.rng.randrange(len(CLASSES))
            terminal.send(str(key + 1).encode())
            terminal.wait_for(item_text(row).encode(), _PATIENCE)
            given.append(CLASSES[key])
        ending(trial, terminal)
    check_store(trial, data, given)
    check_folder(trial, data, before)


def watch(ending: Ending, trial: Trial) -> None:
    """Watch a training until the screen is made to end; the training goes on to its end."""
    _, whole = train_undisturbed(trial.inputs, trial.inputs.prepared)
    copy(trial.inputs.prepared, trial.folder)
    training = start_training(trial.folder, "prepared")
    record = trial.folder / "runs" / "tried" / "events.jsonl"
    while not record.exists() and training.runs():
        time.sleep(0.02)
    with _working_in(trial.folder):
        terminal = Terminal([*_TXT, "watch", "tried"], columns=100, lines=30)
    with terminal:
        terminal.wait_for(b"tried", _PATIENCE)
        time.sleep(trial.rng.uniform(0, 1))
        ending(trial, terminal)
    trial.check(training.wait() == 0, f"the training has not come to its end: {training.said()[-500:]}")
    trial.check(wait_until_gone(trial.folder, _PATIENCE), f"still there: {find_processes(trial.folder)}")
    check_equal(trial, trial.folder / "runs" / "tried", whole)


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    here = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)


def train(trial: Trial) -> None:
    """Train behind the dashboard; when its terminal vanishes, the training goes on to its end."""
    _, whole = train_undisturbed(trial.inputs, trial.inputs.prepared)
    copy(trial.inputs.prepared, trial.folder)
    options = [str(each) for each in OPTIONS if each != "--plain"]
    with _working_in(trial.folder):
        terminal = Terminal([*_TXT, "train", "prepared", "--name", "tried", *options], columns=100, lines=30)
    record = trial.folder / "runs" / "tried" / "events.jsonl"
    with terminal:
        until = time.monotonic() + _PATIENCE
        while not record.exists() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(trial.rng.uniform(0, 1))
        close_terminal(trial, terminal)
    trial.check(wait_until_gone(trial.folder, _PATIENCE), f"still there: {find_processes(trial.folder)}")
    check_equal(trial, trial.folder / "runs" / "tried", whole)


_SIGNALS = {"SIGTERM": end_by_signal(signal.SIGTERM), "SIGHUP": end_by_signal(signal.SIGHUP)}

CASES = (
    Case("terminal vanishes", "label", partial(label, close_terminal), _FEW),
    Case("terminal vanishes", "train", train, 3),
    Case("terminal vanishes", "watch", partial(watch, close_terminal), 3),
    *(Case(name, "label", partial(label, ending), _FEW) for name, ending in _SIGNALS.items()),
    *(Case(name, "watch", partial(watch, ending), 3) for name, ending in _SIGNALS.items()),
)
