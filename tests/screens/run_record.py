"""Records of runs with curves as a training leaves them, made by formulas so that each is the same every time."""

import math
import os
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tests.runs import made_runs
from txt.config import TrainConfig
from txt.files import write_json
from txt.processes import boot_id
from txt.runs.events import Evaluation, Event, Saved, Started, Step, Warned
from txt.runs.folder import EventLog, Run
from txt.runs.state import TRAINING, Status, write_status

BEGUN = 1_700_000_000.0
PER_EPOCH, EPOCHS = 40, 5


def started(step: int = 0) -> Started:
    return replace(
        made_runs.started(step, EPOCHS),
        time=BEGUN + step,
        total_steps=PER_EPOCH * EPOCHS,
        steps_per_epoch=PER_EPOCH,
        train_rows=1280,
        precision="bf16",
        threads=2,
    )


def step(number: int) -> Step:
    """A step of a training that learns fast and then slowly."""
    loss = 1.1 * math.exp(-number / 60) + 0.05 * math.sin(number * 1.7)
    return replace(
        made_runs.step(number),
        time=BEGUN + number,
        epoch=number / PER_EPOCH,
        loss=max(loss, 0.01),
        accuracy=min(max(1 - loss * 0.6, 0.0), 1.0),
        learning_rate=1e-4 * min(number / 20, (200 - number) / 180),
        gradient_norm=1 + math.sin(number),
        rows_per_second=812.0,
        tokens_per_second=21_000.0,
        memory_bytes=1_200_000_000,
    )


def evaluation(number: int, classes: int = 3) -> Evaluation:
    """An evaluation of a training that overfits from its first epoch on, and is best after its third."""
    epoch = number / PER_EPOCH
    score = 0.6 + 0.12 * epoch - 0.02 * epoch**2
    best = epoch <= 3
    return replace(
        made_runs.evaluation(number, score, best=best),
        time=BEGUN + number + 0.5,
        epoch=epoch,
        epoch_end=True,
        train_loss=1.1 * math.exp(-(number - 20) / 60),
        train_accuracy=0.5 + 0.09 * epoch,
        val_loss=0.9 - 0.35 * epoch + 0.12 * epoch**2,
        metrics={"accuracy": score, "balanced_accuracy": score - 0.02, "macro_f1": score - 0.03, "mcc": score - 0.3},
        best_score=score if best else 0.78,
        confusion=[[90 - 3 * k if k == j else 2 + k * j for j in range(classes)] for k in range(classes)],
        seconds=0.5,
    )


def record(steps: int = PER_EPOCH * EPOCHS, *, ends: bool = True, classes: int = 3) -> Iterator[Event]:
    """Yield the events of a run of so many steps."""
    yield started()
    for number in range(1, steps + 1):
        yield step(number)
        if number % PER_EPOCH == 0:
            yield evaluation(number, classes)
            yield Saved(time=BEGUN + number + 0.6, step=number, path=f"checkpoints/step-{number:08d}", best=False)
        if number == 70:
            yield Warned(time=BEGUN + number, step=number, message="out of memory: batches are computed in 2 pieces")
    if ends:
        yield replace(
            made_runs.finished(steps, 0.78),
            time=BEGUN + steps + 1,
            best_step=120,
            best_epoch=3.0,
            seconds=float(steps),
            rows_per_second=812.0,
        )


def make_run(
    folder: Path, name: str, events: Sequence[Event] = (), labels: Sequence[str] = ("neg", "neu", "pos")
) -> Run:
    """Make a run's folder under `folder`/runs with a record."""
    run = Run(folder / "runs" / name)
    run.path.mkdir(parents=True)
    prepared = folder / "prepared"
    prepared.mkdir(exist_ok=True)
    write_json(prepared / "manifest.json", {"labels": list(labels)})
    run.describe(TrainConfig(num_epochs=EPOCHS), prepared, "f")
    with EventLog(run) as log:
        for event in events:
            log.write(event)
    return run


def say_training(run: Run, state: str = TRAINING, pid: int | None = None) -> None:
    """Let a run's status say that this process trains it; the lock on its record is the caller's to hold."""
    status = Status(pid or os.getpid(), socket.gethostname(), boot_id(), time.time(), state, cpu=1.86)
    write_status(run, status)
