"""How good is txt where rows have several labels or ordered classes, and what do very many labels take?

python benchmarks/labels.py several FOLDER [BUDGET]   train, val and test.csv with joined labels: goemotions
python benchmarks/labels.py ordered FOLDER [BUDGET]   the same with numbers as classes: sst5
python benchmarks/labels.py many [LABELS [ROWS]]      generated rows, 1,000 labels by default: time and memory

The first two print the test scores of n-grams alone and of the whole ladder, with thresholds or the rule chosen for
each score, beside the plain baseline that `txt eval` fits in the same run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import describe_machine

TXT = [sys.executable, "-m", "txt"]
SEVERAL = ("micro_f1", "macro_f1", "subset_accuracy")
ORDERED = ("accuracy", "mae", "qwk")


def run(*words: str) -> tuple[float, int]:
    """Run txt; return the seconds it took and the memory it had at most, in bytes."""
    begun = time.perf_counter()
    process = subprocess.Popen([*TXT, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"txt {' '.join(words)} failed:\n{said}")
    return time.perf_counter() - begun, used.ru_maxrss * 1024


def measure(folder: Path, metrics: tuple[str, ...], kind: list[str], budget: str) -> None:
    """Print test scores of one model a rung, its answers chosen for each score in turn."""
    files = [str(folder / "train.csv"), "--val", str(folder / "val.csv"), "--test", str(folder / "test.csv")]
    print(f"{'':<12}{'seconds':>9}", *(f"{metric:>28}" for metric in metrics))
    for name, rungs in (("n-grams", "1"), ("ladder", "3")):
        cells, seconds = [], 0.0
        for metric in metrics:
            run_name = f"{name}-{metric}"
            options = ["--rungs", rungs, "--metric", metric, "--name", run_name, "--plain", *kind]
            options += [] if rungs == "1" else ["--budget", budget]
            seconds = max(seconds, run("train", *files, *options)[0])
            report = json.loads((Path("runs") / run_name / "report.json").read_text())
            own, other = report["metrics"][metric], report["baseline"]["metrics"].get(metric) or {}
            if metric == "subset_accuracy":
                other = report["baseline"]["metrics"]["accuracy"]
            cells.append(f"{own['value']:.3f} [{own['low']:.3f}, {own['high']:.3f}] ({other.get('value', 0):.3f})")
        print(f"{name:<12}{seconds:>9.0f}", *(f"{cell:>28}" for cell in cells))
    print("in parentheses: the baseline of the same run, one logistic regression a label or class on TF-IDF")


def measure_many(labels: int, rows: int) -> None:
    """Print what n-grams take with very many labels, of which a row has three on average."""
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, labels + 1)
    shares /= shares.sum()
    with Path("many.csv").open("w", encoding="utf-8") as file:
        file.write("text,labels\n")
        for number in range(rows):
            own = np.unique(rng.choice(labels, 1 + rng.poisson(2), p=shares))
            words = [f"w{label}x{rng.integers(8)}" for label in own for _ in range(3)]
            words += [f"noise{rng.integers(5000)}" for _ in range(20)]
            file.write(f"{number} {' '.join(rng.permutation(words))},{'|'.join(f'label{label}' for label in own)}\n")
    seconds, memory = run("prepare", "many.csv", "-o", "many")
    print(f"prepare: {seconds:,.0f} s, {memory / 2**30:.2f} GiB")
    seconds, memory = run("train", "many", "--linear", "--name", "many", "--plain")
    print(f"train n-grams, with the evaluation beside the baseline: {seconds:,.0f} s, {memory / 2**30:.2f} GiB")
    report = json.loads(Path("runs/many/report.json").read_text())
    for metric in ("micro_f1", "macro_f1"):
        own, other = report["metrics"][metric]["value"], report["baseline"]["metrics"][metric]["value"]
        print(f"{metric}: {own:.3f}, baseline {other:.3f}")


def main() -> None:
    words = sys.argv[1:] or ["many"]
    print(describe_machine())
    folder = Path(words[1]).resolve() if words[0] != "many" else Path()
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        if words[0] == "many":
            labels, rows = (
                int(words[place]) if len(words) > place else usual for place, usual in ((1, 1000), (2, 100_000))
            )
            measure_many(labels, rows)
        elif words[0] == "ordered":
            measure(folder, ORDERED, ["--ordered"], words[2] if len(words) > 2 else "10m")
        else:
            measure(folder, SEVERAL, [], words[2] if len(words) > 2 else "10m")


if __name__ == "__main__":
    main()
