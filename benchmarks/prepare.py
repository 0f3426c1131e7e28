"""How much does `txt prepare` add to encoding itself, and does its memory stay flat?

Prints the row rate of all of `prepare` — read, split, train the tokenizer, encode, write, checksum — as a share of that
of a bare `encode_batch_fast` on the same texts, the two in turn; and the peak memory of the command on two files of
which one is ten times as long. Needs room for the larger file four times over.

    python benchmarks/prepare.py --rows 500000 --memory-rows 500000 5000000
"""

import argparse
import csv
import itertools
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from machine import describe_machine
from tokenizers import Tokenizer

from txt.config import PrepareConfig
from txt.data.prepare import prepare

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data" / "reviews.csv"
CHUNK = 8192
SEED = 3


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=500_000, help="rows of the file for speed; 0 for none")
    options.add_argument("--rounds", type=int, default=3, help="times that each arm runs")
    options.add_argument("--memory-rows", type=int, nargs=2, default=[500_000, 5_000_000], help="0 0 for none")
    options.add_argument("--folder", type=Path, default=None, help="where to write the files")
    given = options.parse_args()
    print(describe_machine())
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="txt-") as folder:
        if given.rows:
            compare_speed(Path(folder), given.rows, given.rounds)
        if all(given.memory_rows):
            compare_memory(Path(folder), given.memory_rows)


def write_reviews(path: Path, rows: int) -> Path:
    """Write a CSV of texts of 3 to 40 words, drawn as often as the sample reviews use them; hardly any text repeats."""
    with SAMPLE.open(newline="") as file:
        words = [word for row in csv.DictReader(file) for word in row["text"].split()]
    rng = random.Random(SEED)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "source"])
        for _ in range(rows):
            text = " ".join(rng.choices(words, k=rng.randint(3, 40)))
            writer.writerow([text, rng.choice(("positive", "negative", "neutral")), rng.choice(("shop", "forum"))])
    return path


def compare_speed(folder: Path, rows: int, rounds: int) -> None:
    data = write_reviews(folder / "reviews.csv", rows)
    prepare(data, PrepareConfig(), folder / "first")
    with data.open(newline="") as file:
        texts = [row[0] for row in itertools.islice(csv.reader(file), 1, None)]
    tokenizer = Tokenizer.from_file(str(folder / "first" / "tokenizer" / "tokenizer.json"))
    tokenizer.enable_truncation(512)
    ready = PrepareConfig(tokenizer=str(folder / "first" / "tokenizer"))

    def bare() -> None:
        for start in range(0, rows, CHUNK):
            tokenizer.encode_batch_fast(texts[start : start + CHUNK])

    arms: dict[str, Callable[[], object]] = {
        "bare encode_batch_fast": bare,
        "prepare, tokenizer given": lambda: prepare(data, ready, folder / "out"),
        "prepare, tokenizer trained": lambda: prepare(data, PrepareConfig(), folder / "out"),
    }
    rates: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, arm in arms.items():
            started = time.perf_counter()
            arm()
            rates[name].append(rows / (time.perf_counter() - started))
    print(f"\n{rows:,} rows, {rounds} rounds in turn, medians")
    for name, measured in rates.items():
        shares = [rate / base for rate, base in zip(measured, rates["bare encode_batch_fast"], strict=True)]
        print(f"{name:<28}{statistics.median(measured):>10,.0f} rows/s{statistics.median(shares):>8.0%}")


def compare_memory(folder: Path, sizes: list[int]) -> None:
    print("\npeak memory of the command")
    peaks = []
    for rows in sizes:
        data = write_reviews(folder / "reviews.csv", rows)
        started = time.perf_counter()
        peak = peak_bytes([sys.executable, "-m", "txt", "prepare", str(data), "-o", str(folder / "out"), "--json"])
        seconds = time.perf_counter() - started
        peaks.append(peak)
        size = data.stat().st_size / 2**20
        print(f"{rows:>12,} rows{size:>8,.0f} MiB{peak / 2**20:>10,.0f} MiB peak{rows / seconds:>10,.0f} rows/s")
        shutil.rmtree(folder / "out")
    print(f"{peaks[1] / peaks[0]:.2f} times as much")


def peak_bytes(command: list[str]) -> int:
    """Run a command and return the most memory that its process held at once, as the kernel counted it.

    A small process starts it: on Linux a process begins with the peak of the one that started it.
    """
    small = "import os, sys; _, status, used = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ,"
    small += " file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]), 0); print(status, used.ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", small, *command], capture_output=True, text=True, check=True)
    status, peak = map(int, done.stdout.split())
    if status:
        raise SystemExit(done.stderr)
    return peak * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
