"""Makes run folders like those a training leaves, without training."""

import json
import os
from pathlib import Path

from txt.config import TrainConfig
from txt.files import encode_line
from txt.runs.events import Evaluation, Event, Finished, Started, Step
from txt.runs.folder import Run

STEPS_AN_EPOCH = 20


def started(step: int = 0, epochs: int = 3) -> Started:
    return Started(
        time=1000.0 + step,
        step=step,
        total_steps=epochs * STEPS_AN_EPOCH,
        steps_per_epoch=STEPS_AN_EPOCH,
        epochs=epochs,
        train_rows=640,
        parameters=1_400_000,
        device="cpu",
        precision="float32",
        threads=1,
        pid=1,
        host="here",
    )


def step(number: int) -> Step:
    return Step(
        time=1000.0 + number,
        step=number,
        epoch=number / STEPS_AN_EPOCH,
        loss=2.0 / (1 + number / 10),
        accuracy=min(0.99, 0.4 + number / 100),
        learning_rate=1e-3 * (1 - number / 100),
        gradient_norm=1.5,
        rows_per_second=320.0,
        tokens_per_second=6400.0,
        memory_bytes=1 << 28,
    )


def evaluation(number: int, score: float, *, metric: str = "accuracy", best: bool = True) -> Evaluation:
    whole = number % STEPS_AN_EPOCH == 0
    return Evaluation(
        time=1000.5 + number,
        step=number,
        epoch=number / STEPS_AN_EPOCH,
        epoch_end=whole,
        train_loss=0.9 if whole else None,
        train_accuracy=0.7 if whole else None,
        val_loss=1.1,
        metrics={"accuracy": score, "balanced_accuracy": score - 0.01, "macro_f1": score - 0.02, "mcc": score - 0.1},
        metric=metric,
        score=score,
        best=best,
        best_score=score,
        confusion=[[8, 2], [3, 7]],
        seconds=0.1,
    )


def finished(number: int, score: float | None, status: str = "completed") -> Finished:
    return Finished(
        time=1001.0 + number,
        step=number,
        status=status,
        best_step=None if score is None else number,
        best_epoch=None if score is None else number / STEPS_AN_EPOCH,
        best_score=score,
        seconds=12.5,
        rows_per_second=320.0,
    )


def make_training_events(score: float = 0.8, epochs: int = 3) -> list[Event]:
    """The events of a training that went well."""
    events: list[Event] = [started(epochs=epochs)]
    for number in range(5, epochs * STEPS_AN_EPOCH + 1, 5):
        events.append(step(number))
        if number % STEPS_AN_EPOCH == 0:
            events.append(evaluation(number, score))
    return [*events, finished(epochs * STEPS_AN_EPOCH, score)]


def make_run_folder(
    name: str,
    events: list[Event] | None = None,
    data: str = "reviews.csv",
    day: int = 1,
    test: float | None = None,
    **options,
) -> Run:
    """Make `runs/NAME` in the working folder, as if trained on `data` on that day of the month."""
    run = Run(Path("runs") / name)
    run.path.mkdir(parents=True)
    folder = Path(f"prepared-{data}")
    if not folder.exists():
        folder.mkdir()
        (folder / "manifest.json").write_text(
            json.dumps({"format": 1, "sources": {f"/data/{data}": "0"}, "config": {}})
        )
    run.describe(TrainConfig(**options), folder, f"fingerprint of {data}")
    record = json.loads((run.path / "config.json").read_text())
    record["created"] = f"2020-01-{day:02d}T12:00:00+00:00"
    (run.path / "config.json").write_text(json.dumps(record))
    if events:
        run.events_path.write_bytes(b"".join(encode_line(event.to_json()) for event in events))
    if test is not None:
        score = {"value": test, "low": test - 0.05, "high": test + 0.05}
        report = {"format": 1, "run": name, "split": "test", "data": None, "rows": 100, "rows_in_train": 0}
        report |= {
            "left_out": {},
            "metrics": {"accuracy": score, "macro_f1": score},
            "verdict": "Accuracy is what it is",
        }
        (run.path / "report.json").write_text(json.dumps(report | {"mistakes": ["x" * 100_000]}, indent=2))
    os.utime(run.path / "config.json", (1e9 + day, 1e9 + day))
    return run
