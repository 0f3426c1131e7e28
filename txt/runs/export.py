"""A run's curves as rows and columns, for files that other programs read."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import IO

from txt.metrics import METRICS
from txt.runs.curves import Curves
from txt.runs.events import Evaluation, Step

STEP_COLUMNS = (
    "train_loss",
    "train_accuracy",
    "learning_rate",
    "gradient_norm",
    "rows_per_second",
    "tokens_per_second",
    "memory_bytes",
)


def list_columns(more: Iterable[str] = ()) -> list[str]:
    """Return the columns of the CSV file, with `more` scores than those of one class a row."""
    scores = [f"val_{name}" for name in dict.fromkeys((*METRICS, *more))]
    return ["run", "step", "epoch", "time", "kind", *STEP_COLUMNS, "val_loss", *scores, "best"]


def step_values(step: Step) -> dict[str, float]:
    """Return what was measured since the last such step, by column."""
    return {
        "train_loss": step.loss,
        "train_accuracy": step.accuracy,
        "learning_rate": step.learning_rate,
        "gradient_norm": step.gradient_norm,
        "rows_per_second": step.rows_per_second,
        "tokens_per_second": step.tokens_per_second,
        "memory_bytes": step.memory_bytes,
    }


def evaluation_values(entry: Evaluation) -> dict[str, float]:
    """Return the scores of an evaluation, by column; an epoch's end has the epoch's train means too."""
    values = {"val_loss": entry.val_loss} | {f"val_{name}": value for name, value in entry.metrics.items()}
    if entry.train_loss is not None and entry.train_accuracy is not None:
        values |= {"train_loss": entry.train_loss, "train_accuracy": entry.train_accuracy}
    return values


def write_csv(runs: Mapping[str, Curves], file: IO[str]) -> int:
    """Write the curves of runs, a line a record: `kind` is step, evaluation or epoch. Returns the number of lines."""
    more = (name for curves in runs.values() for entry in curves.evaluations for name in entry.metrics)
    writer = csv.DictWriter(file, list_columns(more), restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    lines = 0
    for run, curves in runs.items():
        for row in _make_rows(curves):
            writer.writerow({"run": run, **row})
            lines += 1
    return lines


def _make_rows(curves: Curves) -> Iterator[dict[str, object]]:
    events: list[Step | Evaluation] = sorted(
        [*curves.steps, *curves.evaluations], key=lambda event: (event.step, isinstance(event, Evaluation))
    )
    for event in events:
        row: dict[str, object] = {"step": event.step, "epoch": f"{event.epoch:.6g}", "time": f"{event.time:.3f}"}
        if isinstance(event, Step):
            yield {**row, "kind": "step", **step_values(event)}
        else:
            kind = "epoch" if event.epoch_end else "evaluation"
            yield {**row, "kind": kind, **evaluation_values(event), "best": str(event.best).lower()}
