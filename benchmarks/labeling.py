"""Is labeling as fast and as safe as it should be? Each figure stands beside its target.

Keys are pressed in a real terminal (a pseudo-terminal, 80×24) on a generated file of a million rows; a key's time ends
when the next text has arrived at the terminal. Run it on an otherwise idle machine:

    python benchmarks/labeling.py
    python benchmarks/labeling.py --kills 1000 --only kills
"""

import argparse
import csv
import io
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from machine import describe_machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.labeling.pulled_plug import label_command, label_side_by_side, pull_plug, write_items  # noqa: E402
from tests.labeling.terminal import Terminal  # noqa: E402
from txt.data.reading.label_columns import COLUMNS  # noqa: E402
from txt.data.reading.open_rows import open_rows, read_to_end  # noqa: E402
from txt.data.reading.rows import ReadingOptions  # noqa: E402
from txt.labeling.export import export  # noqa: E402
from txt.labeling.session import LabelSession  # noqa: E402
from txt.labeling.store.journal import Journal, read_current_labels, store_path  # noqa: E402
from txt.labeling.task import Task  # noqa: E402

Line = tuple[str, str, str]
KEYS = 400


def make_file(path: Path, rows: int, seed: int = 7) -> Path:
    """Write a CSV of about 210 bytes a row; each text begins with its number, some have quotes and newlines."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(5000)]
    ends = [" ".join(rng.choices(words, k=rng.randint(22, 32))) for _ in range(20_000)]
    ends[::10] = [f'{end}, said "so" and\nleft' for end in ends[::10]]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text", "source"])
        writer.writerows([row, f"{name(row)} {rng.choice(ends)}", "web" if row % 3 else "mail"] for row in range(rows))
    return path


def name(row: int) -> str:
    return f"item-{row:07d}"


def big_file(folder: Path, rows: int) -> Iterator[Line]:
    """A file of a million rows: opening, keys, memory, searching."""
    data = make_file(folder / "big.csv", rows)
    print(f"{data.name}: {rows:,} rows, {data.stat().st_size / 1e6:.0f} MB", file=sys.stderr)
    target = ("2 s", "0.6 s")
    for attempt, wanted in zip(("first", "second"), target, strict=True):
        with labeling(data) as (terminal, seconds, ready):
            yield f"open, {attempt} time: first text on screen", wanted, f"{seconds:.2f} s"
            yield f"open, {attempt} time: keys are taken (until then they wait)", "–", f"{ready:.2f} s"
            if attempt == "first":
                yield "keys while the file is still being read, p50 / p95", "–", times(press_keys(terminal, 0, 60))
                wait_until(lambda: store_path(data).with_suffix(".index").exists(), 120)
                yield "the whole file read and indexed", "–", f"{time.perf_counter() - terminal.started:.1f} s"
    with labeling(data) as (terminal, _, _):
        time.sleep(2)
        yield "key to painted next text, p50 / p95", "15 / 35 ms", times(press_keys(terminal, 60, KEYS))
        yield from searches(terminal, rows)
        yield "memory of the screen; of the process beside it", "300 MB", memory(terminal.pid)


def beside_model(folder: Path, rows: int = 50_000, rounds: int = 3) -> Iterator[Line]:
    """Keys while a model learns after every label, and keys without one, in turns."""
    data = make_file(folder / "active.csv", rows)
    taken: dict[str, list[float]] = {"alone": [], "active": []}
    for turn in range(rounds):
        for how, found in taken.items():
            options = ["--store", str(folder / f"{how}-{turn}.db"), *(["--active"] if how == "active" else [])]
            with labeling(data, *options) as (terminal, _, _):
                if how == "active":
                    terminal.wait_for(b"no model yet", seconds=600)  # until then it reads the texts
                found += press_keys_anywhere(terminal, KEYS // 2)
    yield f"key to painted next text, {rows:,} rows, p50 / p95", "15 / 35 ms", times(taken["alone"])
    yield "the same while --active learns after every label", "the same", times(taken["active"])


def press_keys_anywhere(terminal: Terminal, count: int) -> list[float]:
    """Label rows in whatever order they come; returns the milliseconds from key to painted next text."""
    taken = []
    for number in range(count):
        start = time.perf_counter()
        terminal.send(b"123"[number % 3 : number % 3 + 1])
        taken.append((terminal.wait_for(b"item-0") - start) * 1000)
        time.sleep(0.02)
    return taken


def searches(terminal: Terminal, rows: int) -> Iterator[Line]:
    for what, row in (("a word of the first rows", 8), ("a word of the last row", rows - 1)):
        terminal.send(b"/")
        terminal.wait_for(b"inverts a filter")
        time.sleep(1)  # the process beside it starts with the first search
        terminal.send(name(row)[:-1].encode())
        time.sleep(1.5)
        start = time.perf_counter()
        terminal.send(name(row)[-1:].encode())
        hit = terminal.wait_for(f"{row + 1:>9,}  ".encode()) - start
        yield f"search: first hit, {what}", "0.3 s", f"{hit:.2f} s"
        terminal.send(b"\x1b")
        time.sleep(1)
    terminal.send(b"/")
    terminal.wait_for(b"inverts a filter")
    terminal.send(b"/e.*z.*q.*x.*w/")  # a regular expression that looks at every row, for seconds
    time.sleep(0.5)
    echoes = []
    for letter in "abcdefghij":
        start = time.perf_counter()
        terminal.send(letter.encode())
        echoes.append((terminal.wait_for(letter.encode()) - start) * 1000)
        time.sleep(0.1)
    yield "key to painted letter while a search runs, p50 / p95", "never blocked", times(echoes)
    terminal.send(b"\x1b")
    time.sleep(0.5)


@contextmanager
def labeling(data: Path, *options: str) -> Iterator[tuple[Terminal, float, float]]:
    """Open the screen on a file; yields the terminal, the seconds to the first text and those to the keys."""
    started = time.perf_counter()
    with Terminal(label_command(data, *options)) as terminal:
        text = terminal.wait_for(b"item-0", seconds=60) - started
        ready = terminal.wait_for(b"leave", seconds=60) - started  # the last of the keys that are painted
        terminal.started = started
        yield terminal, text, ready


def press_keys(terminal: Terminal, first: int, count: int) -> list[float]:
    """Label rows one after the other; returns the milliseconds from key to painted next text."""
    taken = []
    for row in range(first + 1, first + count + 1):
        start = time.perf_counter()
        terminal.send(b"123"[row % 3 : row % 3 + 1])
        taken.append((terminal.wait_for(name(row).encode()) - start) * 1000)
        time.sleep(0.02)
    return taken


def kills(folder: Path, trials: int) -> Iterator[Line]:
    """The plug is pulled right after a painted decision."""
    done = [pull_plug(folder, seed) for seed in range(trials)]
    painted, lost = sum(trial.painted for trial in done), sum(trial.lost for trial in done)
    unclean = sum(not trial.clean for trial in done)
    yield (
        f"SIGKILL at a random moment, {trials} trials",
        "0 lost",
        f"{lost} of {painted:,} lost, {unclean} stores unclean",
    )


def undo(folder: Path, acts: int = 1000) -> Iterator[Line]:
    """A thousand random acts, and all of them undone."""
    rng = random.Random(3)
    data = write_items(folder / "undo.csv", 300)
    rows = open_rows(data, ReadingOptions(), folder / "undo.index")
    with Journal.open(store_path(data)) as journal:
        session = LabelSession(rows, journal, Task("anna", ("neg", "neu", "pos")))

        def picture() -> list[object]:
            states = session.states
            each = [(states.label(row), states.is_skipped(row), states.is_flagged(row)) for row in range(len(rows))]
            return [*each, journal.notes(), session.classes]

        before = picture()
        choices: list[Callable[[], str]] = [
            lambda: session.label(rng.choice(session.classes)),
            session.skip,
            session.flag,
            lambda: session.set_note(rng.choice(["", "hm"])),
            session.undo,
            session.redo,
            session.back,
            lambda: session.jump(rng.randint(1, 300)),
            lambda: session.label_all(session.select_bulk_rows(np_rows(rng), overwrite=True), "neg"),
        ]
        for act in rng.choices(choices, [40, 5, 5, 5, 10, 5, 10, 10, 2], k=acts):
            act()
        while session.undo() != "nothing to undo":
            pass
        same = "the same, exactly" if picture() == before else "DIFFERENT"
    rows.close()
    yield f"{acts:,} random acts, all undone", "the state at the start", same


def np_rows(rng: random.Random):
    import numpy as np

    return np.unique(np.array([rng.randrange(300) for _ in range(12)]))


def side_by_side(folder: Path, each: int = 500) -> Iterator[Line]:
    """Two people at once on one store."""
    data = write_items(folder / "two.csv", 1200)
    start = time.perf_counter()
    given = label_side_by_side(data, each)
    rows = given["anna"] + given["ben"]
    kept, twice = len(read_current_labels(store_path(data))), len(rows) - len(set(rows))
    seconds = time.perf_counter() - start
    yield (
        f"two at once, {each} decisions each",
        f"{2 * each:,} kept, 0 twice",
        f"{kept:,} kept, {twice} twice, {seconds:.0f} s",
    )


def exports(folder: Path, rows: int = 50_000) -> Iterator[Line]:
    """The data file with label columns, cell for cell as it was."""
    data = make_file(folder / "export.csv", rows)
    lines = [b'1,"a, b",007', b'2,"say ""so""",', b'3,"two\nlines",""', b'4,=SUM(1),"x"', b"", "5,Grüße 👋,".encode()]
    (folder / "nasty.csv").write_bytes(b"\xef\xbb\xbfid,text,n\r\n" + b"\r\n".join(lines))
    for path in (folder / "nasty.csv", data):
        kept = path.with_suffix(".index")
        opened = open_rows(path, ReadingOptions("text"), kept)
        for _ in read_to_end(opened, ReadingOptions("text"), kept):
            pass
        with Journal.open(store_path(path)) as journal:
            session = LabelSession(opened, journal, Task("anna", ("neg", "pos")))
            session.label("pos")
            start = time.perf_counter()
            export(opened, session.states, journal, path.with_suffix(".out.csv"))
            seconds = time.perf_counter() - start
        cells = all_cells(path.with_suffix(".out.csv"), len(COLUMNS)) == all_cells(path, 0)
        count = len(opened)
        opened.close()
        yield f"export of {count:,} rows", "every cell equal", f"{'equal' if cells else 'DIFFERENT'}, {seconds:.1f} s"


def all_cells(path: Path, added: int) -> list[list[str]]:
    text = path.read_bytes().decode("utf-8")
    return [row[: len(row) - added] for row in csv.reader(io.StringIO(text, newline="")) if row]


def memory(pid: int) -> str:
    sizes = [resident(pid), *(resident(child) for child in children(pid))]
    return "; ".join(f"{size:.0f} MB" for size in sizes)


def resident(pid: int) -> float:
    """Return the most memory that a process had at once, in MB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def times(milliseconds: list[float]) -> str:
    ordered = sorted(milliseconds)
    return f"{statistics.median(ordered):.1f} / {ordered[int(0.95 * len(ordered))]:.1f} ms"


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the big file")
    parser.add_argument("--kills", type=int, default=300, help="trials of the pulled plug")
    parser.add_argument("--folder", type=Path, help="where to work [a temporary folder]")
    parts = ("big", "active", "kills", "undo", "two", "export")
    parser.add_argument("--only", nargs="*", choices=parts, default=list(parts))
    chosen = parser.parse_args()
    print(f"{describe_machine()}; load {os.getloadavg()[0]:.1f}\n")
    print("| what | target | measured |\n|---|---|---|")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        work = {
            "big": lambda: big_file(folder, chosen.rows),
            "active": lambda: beside_model(folder),
            "kills": lambda: kills(folder, chosen.kills),
            "undo": lambda: undo(folder),
            "two": lambda: side_by_side(folder),
            "export": lambda: exports(folder),
        }
        for part in chosen.only:
            for line in work[part]():
                print(f"| {' | '.join(line)} |", flush=True)


if __name__ == "__main__":
    main()
