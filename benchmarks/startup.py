"""How long do commands take to say or do something, and how does that compare with `python -c "import torch"`?

python benchmarks/startup.py [ROUNDS] [WORD …]: the rows with one of the words, by default all

Each command is run beside `import torch`, one after the other, so that a busy machine slows both. Medians of the
rounds: seconds by the clock, the ratios by the clock and in processor time, memory at most. A first letter is what a
terminal shows first; a first step is the first event of that kind in a run's record.
"""

import os
import pty
import resource
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from machine import describe_machine

ROOT = Path(__file__).resolve().parents[1]
TXT = [sys.executable, "-m", "txt"]
TORCH = [sys.executable, "-c", "import torch"]
SMALL = ["--preset", "tiny", "--epochs", "1"]
PATIENCE = 300.0  # seconds


class Spent(NamedTuple):
    seconds: float
    processor: float
    memory: int  # bytes, at most


def run_to_end(command: list[str]) -> Spent:
    """Run a command, whatever its exit code."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return finish(process.pid, begun)


def finish(pid: int, begun: float, seconds: float | None = None) -> Spent:
    _, _, used = os.wait4(pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    spent = time.perf_counter() - begun if seconds is None else seconds
    return Spent(spent, used.ru_utime + used.ru_stime, used.ru_maxrss * unit)


def run_to_first_letter(command: list[str]) -> Spent:
    """Run a command on a terminal of its own until it shows a letter, and end it."""
    begun = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    with ending(pid):
        shown = b""
        while not any(chr(each).isalpha() for each in shown) and time.perf_counter() - begun < PATIENCE:
            if select.select([terminal], [], [], 0.01)[0]:
                with suppress(OSError):
                    shown += os.read(terminal, 4096)
        seconds = time.perf_counter() - begun
    os.close(terminal)
    return finish(pid, begun, seconds)


def run_to_first_step(command: list[str]) -> Spent:
    """Run a command until a run's record has a step, and end it."""
    shutil.rmtree("runs/first", ignore_errors=True)
    for path in Path("runs").glob("search-*"):
        shutil.rmtree(path)
    shutil.rmtree("studies", ignore_errors=True)
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    with ending(process.pid):
        while not has_step() and time.perf_counter() - begun < PATIENCE:
            time.sleep(0.005)
        seconds = time.perf_counter() - begun
    return finish(process.pid, begun, seconds)


def has_step() -> bool:
    records = [*Path("runs").glob("first/events.jsonl"), *Path("runs").glob("search-*/events.jsonl")]
    return any(b'"event":"step"' in path.read_bytes() for path in records)


@contextmanager
def ending(pid: int) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, 15)


def compare(name: str, measure: Callable[[], Spent], rounds: int) -> None:
    """Print what a command takes, beside `import torch`, if it was asked for."""
    if sys.argv[2:] and not any(word in name for word in sys.argv[2:]):
        return
    pairs = [(measure(), run_to_end(TORCH)) for _ in range(rounds)]
    seconds = statistics.median(ours.seconds for ours, _ in pairs)
    clock, processor, memory = (
        statistics.median(ours[place] / torch[place] for ours, torch in pairs) for place in range(3)
    )
    most = statistics.median(ours.memory for ours, _ in pairs) / 2**20
    print(f"{name:46} {seconds:6.2f} s {clock:6.2f}× {processor:6.2f}× {most:6.0f} MiB {memory:5.2f}×", flush=True)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{describe_machine()}, load {os.getloadavg()[0]:.1f}")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    os.environ["TERM"] = "xterm-256color"
    os.environ.pop("CI", None)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        shutil.copyfile(ROOT / "sample_data" / "reviews.csv", "reviews.csv")
        trainings = (["--name", "small", *SMALL], ["--name", "linear", "--linear"])
        for command in (["prepare", "reviews.csv"], *(["train", "--plain", *options] for options in trainings)):
            subprocess.run([*TXT, *command], check=True, capture_output=True)
        subprocess.run(TORCH, check=True)  # its files are in the system's cache from here on
        print(f"{'':46} {'clock':>8} {'clock':>7} {'processor':>7} {'memory':>7}")
        compare("import torch", lambda: run_to_end(TORCH), rounds)
        for command in ("--help", "train --help"):
            compare(f"txt {command}", lambda words=command: run_to_end([*TXT, *words.split()]), rounds)
        for command in (
            "prepare nosuch.csv",
            "label nosuch.csv",
            "augment nosuch.csv",
            "lrfind nosuch.csv",
            "grid nosuch.csv",
            "train nosuch.csv",
            "train --nosuch",
            "train --device gpu",
            "train --name small",
            "train --resume nosuch",
            "watch nosuch",
            "eval nosuch",
            "predict nosuch TEXT",
            "predict small nosuch.csv",
            "export nosuch",
            "runs show nosuch",
        ):
            compare(f"txt {command}", lambda words=command: run_to_end([*TXT, *words.split()]), rounds)
        for run, kind in (("small", "a transformer"), ("linear", "n-grams alone")):
            asked = [*TXT, "predict", run, "What a film"]
            compare(f"txt predict {run} TEXT ({kind})", lambda words=asked: run_to_end(words), rounds)
        compare("txt prepare reviews.csv", lambda: run_to_end([*TXT, "prepare", "reviews.csv", "-o", "again"]), rounds)
        for command in ("train reviews.csv", "lrfind reviews.csv"):
            shown = [*TXT, *command.split()]
            compare(f"txt {command}: first letter", lambda words=shown: run_to_first_letter(words), rounds)
        plain = [*TXT, "train", "prepared", "--name", "first", "--plain", "--log-interval", "1", *SMALL]
        compare("txt train prepared --plain: first step", lambda: run_to_first_step(plain), rounds)
        grid = ["grid", "prepared", "--name", "search", "--workers", "2", "--plain", "--log-interval", "1", *SMALL]
        search = [*TXT, *grid, "--lr", "1e-4,1e-3"]
        compare("txt grid prepared --workers 2: first step", lambda: run_to_first_step(search), rounds)


if __name__ == "__main__":
    main()
