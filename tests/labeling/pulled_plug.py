"""Kills a real labeling session: decisions that were painted must be in the store. Used by tests and benchmarks."""

import csv
import random
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.labeling.terminal import Terminal
from tests.waiting import PATIENCE_SECONDS
from txt.labeling.store.decision import row_id
from txt.labeling.store.journal import read_current_labels, store_path

CLASSES = ("neg", "neu", "pos")
_ROWS = 80


def item_text(row: int) -> str:
    """A text that is found in what a terminal paints."""
    return f"item-{row:05d} of the file"


def write_items(path: Path, count: int) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([item_text(row)] for row in range(count))])
    return path


def label_command(data: Path, *options: str) -> list[str]:
    """The command that a person would type."""
    return [sys.executable, "-m", "txt", "label", str(data), "--labels", ",".join(CLASSES), "--fast", *options]


@dataclass(frozen=True)
class PlugTrial:
    """What came of one pulled plug."""

    painted: int
    lost: int
    clean: bool


def pull_plug(folder: Path, seed: int) -> PlugTrial:
    """Label some rows in a terminal, kill the program at a random moment, and look for what was painted."""
    rng = random.Random(seed)
    data = write_items(folder / f"trial-{seed}.csv", _ROWS)
    given: list[str] = []
    with Terminal(label_command(data)) as terminal:
        terminal.wait_for(item_text(0).encode())
        for row in range(1, rng.randint(2, 25)):
            key = rng.randrange(3)
            terminal.send(str(key + 1).encode())
            terminal.wait_for(item_text(row).encode())
            given.append(CLASSES[key])
        if rng.random() < 0.5:  # in the midst of the next decision
            terminal.send(b"1")
        time.sleep(rng.random() * 0.01)
    store = store_path(data)
    connection = sqlite3.connect(store)
    clean = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    labels = read_current_labels(store)
    found = [labels.get(row_id(item_text(row))) for row in range(len(given))]
    lost = sum(label is None or label.label != wanted for label, wanted in zip(found, given, strict=True))
    return PlugTrial(len(given), lost, clean)


def label_side_by_side(data: Path, each: int) -> dict[str, list[int]]:
    """Let two people label one file at the same moment, in processes of their own; returns the rows each was given."""
    wait_ms = round(PATIENCE_SECONDS * 1000)  # who gives up waiting for the store goes on without a claim
    code = (
        "import sys, random, time; from pathlib import Path; from txt.labeling.store import journal, store_file;"
        f"journal.BUSY_WAIT_MS = store_file.BUSY_WAIT_MS = {wait_ms};"
        "from txt.config import LabelConfig; from txt.data.reading.rows import ReadingOptions;"
        "from txt.labeling.open_labels import open_labels;"
        "config = LabelConfig(annotator=sys.argv[2], labels='neg,neu,pos');"
        "opened = open_labels(Path(sys.argv[1]), config, ReadingOptions());"
        "session = opened.session(); rng = random.Random(sys.argv[2]); given = []\n"
        f"while len(given) < {each}:\n"
        "    given.append(session.row); session.label(rng.choice(session.classes)); time.sleep(rng.random() * 0.002)\n"
        "while not session.retry():\n"
        "    time.sleep(0.05)\n"
        "session.leave(); opened.close(); print(*given)"
    )
    people = {
        name: subprocess.Popen([sys.executable, "-c", code, str(data), name], stdout=subprocess.PIPE, text=True)
        for name in ("anna", "ben")
    }
    given = {name: [int(row) for row in process.communicate()[0].split()] for name, process in people.items()}
    assert all(process.returncode == 0 for process in people.values())
    return given
