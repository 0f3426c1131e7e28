"""Faults in labeling: acknowledged decisions are in the store, and the next session continues after them."""

import os
import signal
import sqlite3
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from stress.case import Case, Trial
from stress.facts import find_leftovers, hash_contents
from stress.program import Program, wait_until_gone
from tests.labeling.pulled_plug import CLASSES, item_text, pull_plug, write_items
from txt.labeling.store.decision import row_id
from txt.labeling.store.journal import read_current_labels, store_path

ROWS = 40


class Sitting:
    """`txt label --plain` on a pipe: a decision is acknowledged when the next text is asked about."""

    def __init__(self, folder: Path, data: Path, patches: Mapping[str, object] = {}) -> None:
        pipe = folder.parent / f"{folder.name}.answers"
        if not pipe.exists():
            os.mkfifo(pipe)
        self._keys = os.open(pipe, os.O_RDWR)  # not to wait until the program opens it
        options = ("--labels", ",".join(CLASSES), "--plain")
        self.program = Program(folder, "label", data.name, *options, answers=pipe, patches=patches)
        self.given: list[str] = []

    def begin(self) -> bool:
        """Wait until the first text is asked about."""
        return self.program.wait_for("Label (")

    def answer(self, name: str, *, wait: bool = True) -> bool:
        """Type the key of a class and wait until the decision is acknowledged."""
        asked = self.program.said().count("Label (")
        os.write(self._keys, f"{CLASSES.index(name) + 1}\n".encode())
        acknowledged = wait and self.program.wait_for("Label (", asked + 1, seconds=60)
        if acknowledged:
            self.given.append(name)
        return acknowledged

    def undo(self) -> None:
        """Take the last decision back, and wait until its text is asked about again."""
        asked = self.program.said().count("Label (")
        os.write(self._keys, b"u\n")
        self.program.wait_for("Label (", asked + 1)

    def first_asked(self) -> str:
        """Return the first text that was asked about."""
        return self.program.said().partition("\nText ")[2].partition(": ")[2].partition("\n")[0]

    def leave(self, trial: Trial) -> None:
        """Type the key that leaves, and wait until the program has ended as it should."""
        os.write(self._keys, b"q\n")
        code = self.program.wait()
        trial.check(code == 0, f"the sitting ends with exit code {code}: {self.program.said()[-500:]}")
        self.close()

    def close(self) -> None:
        """Close our end of the pipe."""
        os.close(self._keys)
        Path(self.program.talk.with_suffix(".answers")).unlink()


def end_line_by_line(number: int, trial: Trial) -> None:
    """Label some rows line by line, send a signal at a random moment, and look; then label another one."""
    data = write_items(trial.folder / "items.csv", ROWS)
    before = hash_contents(data)
    sitting = Sitting(trial.folder, data)
    trial.check(sitting.begin(), f"nothing was asked: {sitting.program.said()[-500:]}")
    for _ in range(trial.rng.randint(0, 12)):
        trial.check(sitting.answer(trial.rng.choice(CLASSES)), "a decision is not acknowledged")
    if trial.rng.random() < 0.5:  # in the midst of the next decision
        sitting.answer(trial.rng.choice(CLASSES), wait=False)
    time.sleep(trial.rng.uniform(0, 0.01))
    sitting.program.signal(number, all_of_it=trial.rng.random() < 0.5)
    trial.check(sitting.program.wait(60) is not None, "it does not end")
    sitting.close()
    check_store(trial, data, sitting.given)
    again = Sitting(trial.folder, data)
    trial.check(again.begin(), f"nothing was asked afterwards: {again.program.said()[-500:]}")
    first = len(read_current_labels(store_path(data)))
    trial.check(again.first_asked() == item_text(first), f"{again.first_asked()} was asked about, not row {first}")
    again.answer(CLASSES[0])
    again.leave(trial)
    check_store(trial, data, [*sitting.given, *([] if first == len(sitting.given) else [None]), CLASSES[0]])
    check_folder(trial, data, before)


def kill_on_screen(trial: Trial) -> None:
    """Label some rows on the screen, in a terminal, and kill at a random moment."""
    seed = trial.rng.randrange(1 << 30)
    pulled = pull_plug(trial.folder, seed)
    trial.check(pulled.lost == 0, f"{pulled.lost} of {pulled.painted} painted decisions are lost")
    trial.check(pulled.clean, "the store is damaged")
    data = trial.folder / f"trial-{seed}.csv"
    sitting = Sitting(trial.folder, data)
    trial.check(sitting.begin(), f"the next sitting failed: {sitting.program.said()[-500:]}")
    sitting.leave(trial)
    check_folder(trial, data, hash_contents(data))


def check_store(trial: Trial, data: Path, given: list[str | None]) -> None:
    """Check that the store is whole and holds the decisions that were acknowledged, in order; None may be any."""
    connection = sqlite3.connect(store_path(data))
    whole = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    trial.check(whole, "the store is damaged")
    labels = read_current_labels(store_path(data))
    for row, name in enumerate(given):
        found = labels.get(row_id(item_text(row)))
        trial.check(found is not None and name in (found.label, None), f"the decision on row {row} is lost")


def check_folder(trial: Trial, data: Path, before: object) -> None:
    """Check that the data is as it was, and that nothing is beside it but its store."""
    trial.check(hash_contents(data) == before, "the data has changed")
    trial.check(wait_until_gone(trial.folder), "processes go on")
    store = store_path(data).name
    left = find_leftovers(trial.folder, {data.name, store, f"{store}-wal", f"{store}-shm"})
    trial.check(not left, f"left behind: {', '.join(left)}")


def stop_line_by_line(number: int, seconds: float, trial: Trial) -> None:
    """Label some rows, stop the program with all that it started, let it go on, and label some more."""
    data = write_items(trial.folder / "items.csv", ROWS)
    before = hash_contents(data)
    sitting = Sitting(trial.folder, data)
    trial.check(sitting.begin(), f"nothing was asked: {sitting.program.said()[-500:]}")
    for _ in range(2):
        for _ in range(trial.rng.randint(1, 5)):
            trial.check(sitting.answer(trial.rng.choice(CLASSES)), "a decision is not acknowledged")
        sitting.program.signal(number, all_of_it=True)
        time.sleep(seconds)
        sitting.program.signal(signal.SIGCONT, all_of_it=True)
    trial.check(sitting.answer(trial.rng.choice(CLASSES)), "it does not go on")
    sitting.leave(trial)
    check_store(trial, data, [*sitting.given])
    check_folder(trial, data, before)


CASES = (
    Case("SIGKILL", "label", kill_on_screen),
    Case("SIGKILL", "label --plain", partial(end_line_by_line, signal.SIGKILL)),
    Case("SIGTERM", "label --plain", partial(end_line_by_line, signal.SIGTERM), 10),
    Case("SIGHUP", "label --plain", partial(end_line_by_line, signal.SIGHUP), 10),
    Case("SIGTSTP, SIGCONT", "label --plain", partial(stop_line_by_line, signal.SIGTSTP, 1.0), 10),
    Case("suspended a minute", "label --plain", partial(stop_line_by_line, signal.SIGSTOP, 60.0), 2),
)
