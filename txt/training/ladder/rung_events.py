"""Events of a training that judges whole models, and takes no epochs."""

import os
import socket
import time

from txt.runs.events import Evaluation, Saved, Started
from txt.runs.folder import Run
from txt.training.ladder.kinds import Judged


def make_started(
    step: int,
    total: int,
    models: int,
    rows: int,
    threads: int,
    device: str = "cpu",
    precision: str = "float32",
) -> Started:
    """Return the event that a training begins which fits `models` models to so many rows, in `total` steps."""
    return Started(
        time=time.time(),
        step=step,
        total_steps=total,
        steps_per_epoch=1,
        epochs=models,
        train_rows=rows,
        parameters=0,
        device=device,
        precision=precision,
        threads=threads,
        pid=os.getpid(),
        host=socket.gethostname(),
    )


def make_evaluation(
    step: int, number: int, loss: float, judged: Judged, is_best: bool, best_loss: float, seconds: float
) -> Evaluation:
    """Return the event that the model with this number was judged by its log loss."""
    return Evaluation(
        time=time.time(),
        step=step,
        epoch=float(number),
        epoch_end=True,
        train_loss=None,
        train_accuracy=None,
        val_loss=loss,
        metrics=judged.metrics,
        metric="loss",
        score=loss,
        best=is_best,
        best_score=best_loss,
        confusion=judged.confusion.tolist(),
        seconds=seconds,
    )


def make_saved(step: int, run: Run) -> Saved:
    """Return the event that the best model is on the disk."""
    return Saved(time=time.time(), step=step, path=str(run.model.relative_to(run.path)), best=True)
