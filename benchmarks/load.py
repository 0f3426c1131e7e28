"""Does memory stay flat on millions of rows, in prepare, augment and predict, and in the label screen?

Generates files of several sizes, does each stage on all of them, and prints peak memory and rows a second side by side.
Peak memory is the kernel's count for a program (VmHWM), which begins with the program and not with what started it; the
largest of the command's processes counts. Linux only. Needs room for the largest file four times over.

With the stage `ladder`, `txt train` climbs on each file, and the seconds of each rung stand beside the exponent by
which they grow with the rows. It learns from 200,000 rows at most, drawn at random, and says so.

    python benchmarks/load.py --rows 100000 1000000 10000000
    python benchmarks/load.py --stages ladder --rungs 2 --rows 1000 10000 100000 1000000
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from machine import describe_machine
from prepare import write_reviews

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.labeling.terminal import Terminal

TXT = (sys.executable, "-m", "txt")
SMALL = ("--d-model", "64", "--nhead", "4", "--num-layers", "1", "--epochs", "1", "--threads", "2", "--plain")
STAGES = ("prepare", "augment", "predict")
_LOOKS_A_SECOND = 20
_BEGINNING = 10  # letters by which a text is recognised on the screen


@dataclass(frozen=True)
class Cost:
    """What a stage took on a file of so many rows; `peak` in bytes."""

    stage: str
    rows: int
    peak: int
    seconds: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    options.add_argument("--stages", nargs="+", choices=(*STAGES, "label", "ladder"), default=[*STAGES, "label"])
    options.add_argument("--rungs", type=int, default=1, help="how far the ladder is climbed [1]")
    options.add_argument("--budget", default="10h", help="time for a climb, so that no rung is left out for it [10h]")
    options.add_argument("--folder", type=Path, default=None, help="where to write the files")
    given = options.parse_args()
    print(describe_machine())
    print(f"\n{'stage':<22} {'rows':>12} {'peak, MiB':>10} {'seconds':>9} {'rows/s':>9}", flush=True)
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="txt-") as name:
        folder = Path(name)
        if "predict" in given.stages:
            train_a_model(folder)
        for rows in given.rows:
            for cost in costs(folder, rows, given.stages):
                speed = f"{cost.rows / cost.seconds:>9,.0f}" if cost.stage in STAGES else f"{'–':>9}"
                print(
                    f"{cost.stage:<22} {cost.rows:>12,} {cost.peak / 2**20:>10,.0f} {cost.seconds:>9,.1f} {speed}",
                    flush=True,
                )
        if "ladder" in given.stages:
            print_climbs({rows: climb(folder, rows, given.rungs, given.budget) for rows in given.rows})


@dataclass(frozen=True)
class Climb:
    """A climb on so many rows: what it learned from, the seconds of each rung by its name, its peak and its seconds."""

    learned: int
    rungs: dict[str, float]
    told: str
    peak: int
    seconds: float


def climb(folder: Path, rows: int, rungs: int, budget: str) -> Climb:
    """Climb the ladder on a file of so many rows, which is prepared on the way."""
    data = write_reviews(folder / "climb.csv", rows)
    run = folder / "runs" / f"climb-{rows}"
    command = ("train", data.name, "--rungs", str(rungs), "--name", run.name, "--json")
    command += ("--budget", budget) if rungs > 1 else ()  # n-grams alone take what they take
    peak, seconds = measure_command([*TXT, *command], folder)
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    data.unlink()
    told = "; ".join(each["message"] for each in events if each["event"] == "warned")
    judged = {each["name"]: each["seconds"] for each in events if each["event"] == "rung" and not each.get("reason")}
    learned = next(each["train_rows"] for each in events if each["event"] == "started")
    shutil.rmtree(run)
    return Climb(learned, judged, told, peak, seconds)


def print_climbs(found: dict[int, Climb]) -> None:
    """Print the cost of each rung by rows, each with the exponent since the size before it."""
    print(f"\n{'rows':>12} {'learned from':>13} {'whole, s':>9} {'peak, MiB':>10}   seconds of each rung (exponent)")
    before: tuple[int, Climb] | None = None
    for rows, climbed in found.items():
        parts = []
        for name, seconds in climbed.rungs.items():
            grown = ""
            if before is not None and name in before[1].rungs and climbed.learned > before[1].learned:
                exponent = math.log(seconds / before[1].rungs[name]) / math.log(climbed.learned / before[1].learned)
                grown = f" ({exponent:.2f})"
            parts.append(f"{name} {seconds:,.1f}{grown}")
        peak = climbed.peak / 2**20
        print(f"{rows:>12,} {climbed.learned:>13,} {climbed.seconds:>9,.1f} {peak:>10,.0f}   {'; '.join(parts)}")
        if climbed.told:
            print(f"{'':>12} told: {climbed.told}")
        before = rows, climbed


def train_a_model(folder: Path) -> None:
    """Train a small model; how good it is plays no part."""
    data = write_reviews(folder / "few.csv", 3000)
    subprocess.run([*TXT, "train", str(data), "--name", "model", *SMALL], cwd=folder, check=True, capture_output=True)


def costs(folder: Path, rows: int, stages: list[str]) -> Iterator[Cost]:
    """Do each stage on a file of so many rows, one after the other."""
    data = write_reviews(folder / "reviews.csv", rows)
    commands = {
        "prepare": ("prepare", data.name, "-o", "prepared", "--json"),
        "augment": ("augment", data.name, "-o", "more.csv", "--method", "swap", "--factor", "1", "--json"),
        "predict": ("predict", "model", data.name, "-o", "answers.csv", "--json"),
    }
    for stage in stages:
        if stage in STAGES:
            yield Cost(stage, rows, *measure_command([*TXT, *commands[stage]], folder))
    for made in ("prepared", "more.csv", "answers.csv"):
        path = folder / made
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if "label" in stages:
        yield from label_screen(folder, data, rows)
    data.unlink()


def measure_command(command: list[str], folder: Path) -> tuple[int, float]:
    """Run a command and return the peak memory of the largest of its processes, in bytes, and its seconds."""
    begun, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile() as talk:
        process = subprocess.Popen(command, cwd=folder, stdout=talk, stderr=talk, start_new_session=True)
        while process.poll() is None:
            peak = max([peak, *(peak_of(pid) for pid in session(process.pid))])
            time.sleep(1 / _LOOKS_A_SECOND)
        if process.returncode:
            talk.seek(0)
            raise SystemExit(talk.read().decode())
    return peak, time.perf_counter() - begun


def label_screen(folder: Path, data: Path, rows: int) -> Iterator[Cost]:
    """Open the screen on the file; the first text is painted, then the last one, which needs the whole file read."""
    first, last = ends(data)
    begun = time.perf_counter()
    with Terminal([*TXT, "label", str(data), "--relabel", "--store", str(folder / "labels.db")]) as terminal:
        painted = terminal.wait_for(first, 600)
        yield Cost("label, first text", rows, peak_of(terminal.pid), painted - begun)
        while last not in show_row(terminal, rows):
            time.sleep(1)
        peak = max(peak_of(pid) for pid in [terminal.pid, *children(terminal.pid)])
        yield Cost("label, last text", rows, peak, time.perf_counter() - begun)


def show_row(terminal: Terminal, row: int) -> bytes:
    """Ask for a row, and return what is painted; a row that has not been read yet is refused."""
    terminal.send(b"g")
    terminal.wait_for(b"Go to row", 60)
    terminal.send(f"{row}\r".encode())
    with suppress(TimeoutError):
        terminal.wait_for(b"\0", 1)  # which is never painted
    return terminal._seen


def ends(data: Path) -> tuple[bytes, bytes]:
    """Return how the first and the last text of the file begin."""
    with data.open("rb") as file:
        file.readline()
        first = file.readline().lstrip(b'"')
        file.seek(-2000, os.SEEK_END)
        last = file.read().splitlines()[-1].lstrip(b'"')
    return first[:_BEGINNING], last[:_BEGINNING]


def peak_of(pid: int) -> int:
    """Return the most memory that a process has had resident since its program began; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def session(leader: int) -> list[int]:
    """Return the processes of the session of a process."""
    return [pid for pid, fields in processes() if int(fields[3]) == leader]


def children(parent: int) -> list[int]:
    """Return the processes that a process has started."""
    return [pid for pid, fields in processes() if int(fields[1]) == parent]


def processes() -> Iterator[tuple[int, list[str]]]:
    """Yield all processes with what the kernel tells of each behind its name: state, parent, group, session, …"""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                yield int(name), Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue


if __name__ == "__main__":
    main()
