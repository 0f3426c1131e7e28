"""How long a thousand runs take to list.

python benchmarks/runs.py               # 1,000 runs of 20,000 steps each, in a temporary folder
python benchmarks/runs.py --runs 5000

Prints the median seconds of `txt runs --json` as a process of its own, beside `txt --version` (what any command costs),
and of the listing alone.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from txt.config import TrainConfig
from txt.files import encode_line
from txt.runs.events import Evaluation, Finished, Started, Step
from txt.runs.folder import Run
from txt.runs.summary import summarize_runs

STEPS = 20_000


def record(steps: int) -> bytes:
    """Return the record of a finished run of ten classes."""
    started = Started(
        time=0, step=0, total_steps=steps, steps_per_epoch=steps // 10, epochs=10, train_rows=32 * steps, parameters=1,
        device="cpu", precision="bf16", threads=2, pid=1, host="here",
    )  # fmt: skip
    lines = [encode_line(started.to_json())]
    for step in range(10, steps + 1, 10):
        lines.append(
            encode_line(
                Step(
                    time=step, step=step, epoch=step * 10 / steps, loss=1.234567890123, accuracy=0.8123456789,
                    learning_rate=1.23456789e-4, gradient_norm=1.23456789, rows_per_second=321.123456,
                    tokens_per_second=9876.54321, memory_bytes=123456789,
                ).to_json()
            )
        )  # fmt: skip
        if step % (steps // 10) == 0:
            scores = {"accuracy": 0.8, "balanced_accuracy": 0.8, "macro_f1": 0.8, "mcc": 0.7}
            lines.append(
                encode_line(
                    Evaluation(
                        time=step, step=step, epoch=step * 10 / steps, epoch_end=True, train_loss=1.0,
                        train_accuracy=0.8,
                        val_loss=1.1, metrics=scores, metric="accuracy", score=0.8, best=True, best_score=0.8,
                        confusion=[[100] * 10] * 10, seconds=1.0,
                    ).to_json()
                )
            )  # fmt: skip
    finished = Finished(
        time=steps, step=steps, status="completed", best_step=steps, best_epoch=10.0, best_score=0.8, seconds=99.0,
        rows_per_second=300.0,
    )  # fmt: skip
    return b"".join([*lines, encode_line(finished.to_json())])


def report() -> str:
    """Return a report.json with 50 mistakes of 1,000 letters each."""
    scores = {
        name: {"value": 0.8, "low": 0.7, "high": 0.9} for name in ("accuracy", "balanced_accuracy", "macro_f1", "mcc")
    }
    mistakes = [{"id": number, "text": "x" * 1000} for number in range(50)]
    content = {
        "format": 1,
        "run": "1",
        "split": "test",
        "data": None,
        "rows": 1000,
        "metrics": scores,
        "mistakes": mistakes,
    }
    return json.dumps(content, indent=2)


def make(folder: Path, runs: int) -> None:
    """Write run folders with config, record, report, model and checkpoint; large files are links to one."""
    shared = folder / "shared"
    shared.mkdir()
    (shared / "events.jsonl").write_bytes(record(STEPS))
    (shared / "model.safetensors").write_bytes(bytes(1_000_000))
    for number in range(runs):
        run = Run(folder / "runs" / f"{number:05d}")
        for inside in ("model", "checkpoints/00020000"):
            (run.path / inside).mkdir(parents=True)
            os.link(shared / "model.safetensors", run.path / inside / "model.safetensors")
        run.describe(
            TrainConfig(seed=number, learning_rate=1e-4 * (1 + number % 9)), folder / "prepared", f"{number % 7}"
        )
        os.link(shared / "events.jsonl", run.events_path)
        (run.path / "report.json").write_text(report())


def time_command(command: list[str], folder: Path, times: int = 5) -> float:
    """Return the median seconds of a command."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        found.append(time.perf_counter() - begun)
    return statistics.median(found)


def main() -> None:
    """Make the runs, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, asked.runs)
        txt = [sys.executable, "-m", "txt"]
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        print(f"{asked.runs:,} runs of {STEPS:,} steps, {machine}")
        print(f"txt --version      {time_command([*txt, '--version'], folder):.2f} s")
        print(f"txt runs --json    {time_command([*txt, 'runs', '--json'], folder):.2f} s")
        begun = time.perf_counter()
        found = summarize_runs(folder / "runs")
        assert len(found) == asked.runs
        print(f"the listing alone  {time.perf_counter() - begun:.2f} s")


if __name__ == "__main__":
    main()
