"""Scores of predictions against labels, from counts of (label, prediction) pairs.

A score is one entry of METRICS. Options, tables, plots and reports take what they need from there: its name, its
label, its range and the function that computes it. The command line reads this file too, so that numpy is imported only
where something is counted.
"""

from collections import ChainMap
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
else:

    def __getattr__(name: str) -> Any:
        """Return the types of arrays when they are asked for: they need numpy, and the command line does without."""
        if name not in ("Ints", "Floats"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import numpy as np

        return np.typing.NDArray[np.int64 if name == "Ints" else np.float64]


LOSS = "loss"
"""The mean log loss on val: it can choose the best model as a score can, but does not follow from counts."""


@dataclass(frozen=True)
class Tally:
    """What scores need of a confusion matrix, a number a class: arrays of shape (..., C), one set for each resample."""

    hits: "Floats"
    actual: "Floats"
    predicted: "Floats"


@dataclass(frozen=True)
class Metric:
    """A score: its name in options and files, its label for people, and how it is computed.

    `short_label` is for tables with little room, `unit` stands behind the number where the score is not named
    otherwise. `low` and `high` are its range. `is_error` says that less is better. `is_biased` says that resampling
    pulls it to one side, so that its interval needs a correction.
    """

    name: str
    label: str
    compute: "Callable[[Tally], Floats]"
    short_label: str = ""
    unit: str | None = None
    low: float = 0.0
    high: float = 1.0
    is_error: bool = False
    is_biased: bool = False


def compute_accuracy(tally: Tally) -> "Floats":
    """Return the share of rows that are right."""
    return tally.hits.sum(-1) / tally.actual.sum(-1)  # type: ignore[no-any-return]


def compute_balanced_accuracy(tally: Tally) -> "Floats":
    """Return the mean recall of the classes that have rows."""
    recall = tally.hits / tally.actual.clip(1)
    return recall.sum(-1) / (tally.actual > 0).sum(-1)  # type: ignore[no-any-return]


def compute_macro_f1(tally: Tally) -> "Floats":
    """Return the mean F1 of the classes that have rows or were predicted, as scikit-learn takes it."""
    counted = tally.actual + tally.predicted > 0
    return class_f1(tally).sum(-1) / counted.sum(-1)  # type: ignore[no-any-return]


def class_f1(tally: Tally) -> "Floats":
    """Return the F1 of each class (..., C); 0 where it has no rows and was not predicted."""
    return 2 * tally.hits / (tally.actual + tally.predicted).clip(1)  # type: ignore[no-any-return]


def compute_mcc(tally: Tally) -> "Floats":
    """Return Matthews' correlation coefficient for any number of classes; 0 where it is not defined (Gorodkin 2004)."""
    rows = tally.actual.sum(-1)
    covariance = tally.hits.sum(-1) * rows - (tally.actual * tally.predicted).sum(-1)
    actual_variance = rows**2 - (tally.actual**2).sum(-1)
    predicted_variance = rows**2 - (tally.predicted**2).sum(-1)
    scale = (actual_variance * predicted_variance) ** 0.5
    defined = scale > 0
    return defined * covariance / (scale + ~defined)  # type: ignore[no-any-return]


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", compute_accuracy, unit=""),
        Metric(
            "balanced_accuracy",
            "balanced accuracy",
            compute_balanced_accuracy,
            short_label="balanced acc.",
            unit="bal.",
        ),
        # A resample leaves rare classes out, which pulls macro-F1 down: with 77 classes of 5 rows the plain percentile
        # interval held the true value 67 times in 100, the corrected one 91 times.
        Metric("macro_f1", "macro-F1", compute_macro_f1, unit="F1", is_biased=True),
        Metric("mcc", "MCC", compute_mcc, low=-1.0),
    )
}
"""Every score, by its name, in the order of tables."""

_OTHER_LABELS = {"brier_score": "Brier score"}

SELECTABLE: Collection[str] = ChainMap[str, Metric | None]({LOSS: None}, METRICS)  # type: ignore[arg-type]
"""The names of what can choose the best model: every score, then the loss."""


def format_label(name: str) -> str:
    """Return a score's or another number's name as people say it."""
    return METRICS[name].label if name in METRICS else _OTHER_LABELS.get(name, name.replace("_", " "))


def format_short_label(name: str) -> str:
    """Return a score's name for a table with little room."""
    return (METRICS[name].short_label if name in METRICS else "") or format_label(name)


def format_unit(name: str) -> str:
    """Return what stands behind a score in a table of several scores; empty for the accuracy, the usual one."""
    unit = METRICS[name].unit if name in METRICS else None
    return format_label(name) if unit is None else unit


def is_error(name: str) -> bool:
    """Return whether less of this score is better."""
    return name == LOSS or (name in METRICS and METRICS[name].is_error)


def orient(name: str, value: float) -> float:
    """Return a score with the sign chosen so that more is better."""
    return -value if is_error(name) else value


def count_confusions(labels: "Ints", predictions: "Ints", num_classes: int) -> "Ints":
    """Return how often each label (row) was predicted as each class (column), (C, C)."""
    import numpy as np

    cells = np.bincount(labels * num_classes + predictions, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes).astype(np.int64)


def sum_counts(counts: "npt.NDArray[Any]") -> Tally:
    """Return the per-class sums of confusion counts (C, C)."""
    floats = counts.astype("float64")
    return Tally(hits=floats.diagonal(), actual=floats.sum(1), predicted=floats.sum(0))


def score_predictions(labels: "Ints", predictions: "Ints", num_classes: int) -> dict[str, float]:
    """Return every score of METRICS for labels and predictions (N,)."""
    sums = sum_counts(count_confusions(labels, predictions, num_classes))
    return {name: float(metric.compute(sums)) for name, metric in METRICS.items()}
