"""The evaluation report: how well a model does on a split, with a JSON form."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.errors import InputError, TxtError
from txt.evaluation.calibration import Calibration, FittingRows, brier_scores, calibrate, log_losses, softmax
from txt.evaluation.differences import verdict
from txt.evaluation.intervals import ClassScores, difference_intervals, intervals, mean_interval, per_class
from txt.evaluation.label_gain import LabelGain
from txt.evaluation.prediction_sets import SetScores, fit_set_rule, score_sets
from txt.evaluation.slices import Slice, slice_scores
from txt.files import FORMAT
from txt.metrics import METRICS, ORDERED, SUBSET, Metric, count_confusions
from txt.nested_classes import Tree
from txt.ordered_classes import OrderedDecision
from txt.proportions import Interval

if TYPE_CHECKING:
    from txt.evaluation.baseline import Baseline
    from txt.evaluation.drift import Drift


MAX_MISTAKES = 50
MAX_MISTAKE_LETTERS = 1000


@dataclass(frozen=True)
class SplitOutputs:
    """The labeled rows of a split with the model's outputs; `labels` (N,) are class numbers, `logits` are (N, C).

    Where rows have several labels, `labels` (N, C) are which ones each has.
    """

    labels: npt.NDArray[Any]
    logits: Floats
    texts: Sequence[str]
    row_ids: Sequence[int | str]
    token_lengths: Ints | None = None
    metadata: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class MisclassifiedRow:
    """A row that the model got wrong; `baseline` is what the baseline says about it, where there is one.

    Where rows have several labels, `missing` are those that the answer lacks, and `extra` those that it has wrongly.
    """

    row_id: int | str
    text: str
    label: str
    prediction: str
    confidence: float
    baseline: str | None
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        sets = {"missing": list(self.missing), "extra": list(self.extra)} if self.missing or self.extra else {}
        return {
            "id": self.row_id,
            "text": self.text,
            "label": self.label,
            "prediction": self.prediction,
            "confidence": self.confidence,
            "baseline": self.baseline,
            **sets,
        }


@dataclass(frozen=True)
class AlternativeScores:
    """Another way to predict the same rows: its name and scores."""

    name: str
    metrics: Mapping[str, Interval]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"name": self.name, "metrics": _values_to_json(self.metrics)}


@dataclass(frozen=True)
class WholeFile:
    """Scores over all rows of a run's data: test rows, and the rows it learned from by models that did not learn them.

    `mistakes` are the most confident of `mistaken_rows`.
    """

    rows: int
    metrics: Mapping[str, Interval]
    mistakes: tuple[MisclassifiedRow, ...]
    mistaken_rows: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "rows": self.rows,
            "metrics": _values_to_json(self.metrics),
            "mistaken_rows": self.mistaken_rows,
            "mistakes": [entry.to_json() for entry in self.mistakes],
        }


@dataclass(frozen=True)
class LevelScores:
    """The scores at one level of nested classes, 1 at the top: of a class's part down to there."""

    level: int
    classes: int
    metrics: Mapping[str, Interval]
    baseline: Mapping[str, Interval]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "level": self.level,
            "classes": self.classes,
            "metrics": _values_to_json(self.metrics),
            "baseline": _values_to_json(self.baseline),
        }


@dataclass(frozen=True)
class LevelDetails:
    """What a report has beside for nested classes: scores by level, and mistakes within a top branch or across."""

    levels: tuple[LevelScores, ...]
    within: int
    across: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        mistakes = {"within_branch": self.within, "across_branches": self.across}
        return {"levels": [level.to_json() for level in self.levels], "mistakes": mistakes}


@dataclass(frozen=True)
class SetDetails:
    """What a report has beside where rows have several labels, by label.

    `thresholds` are the probabilities from which labels hold, chosen for `metric`; with `at_least_one` the likeliest
    holds in any case. `average_precision` is None for a label without rows. `together` lists pairs with the rows that
    have both and the rows that got both as the answer. `sizes` counts rows by how many labels they have.
    """

    metric: str
    thresholds: Mapping[str, float]
    at_least_one: bool
    average_precision: Mapping[str, float | None]
    calibration_error: Mapping[str, float]
    together: tuple[tuple[str, str, int, int], ...]
    sizes: Mapping[int, int]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "metric": self.metric,
            "thresholds": dict(self.thresholds),
            "at_least_one": self.at_least_one,
            "average_precision": dict(self.average_precision),
            "calibration_error": dict(self.calibration_error),
            "together": [
                {"labels": [one, other], "rows": rows, "predicted": said} for one, other, rows, said in self.together
            ],
            "sizes": {str(size): rows for size, rows in self.sizes.items()},
        }


@dataclass(frozen=True)
class Report:
    """An evaluation: scores with 95 % intervals, per class, confusion, calibration, baseline, slices and mistakes.

    `data` is the name of the file that the rows are from, None for the run's own data; `left_out` counts that file's
    other rows by the reason. `rows_in_train` counts the rows whose text is in the train split too. `confusion[i][j]`
    counts the rows of class i that were predicted as class j. `difference` is the model's scores above the baseline's
    on the same rows; it is empty, and all that needs a train split is None, without one. `embeddings` is a second
    baseline, where it was asked for. `whole_file` has scores over all rows of the run's data, where the split is small.
    `kind` says what labels are. Where rows have several, `sets` has what goes with that, the accuracy is the share of
    rows whose labels are all right, and `confusion[i][j]` counts rows in which label i was missing and j was too much.
    `notes` are sentences on what was done to the rows; `covering` tells how prediction sets do,
    `drift` how the texts differ from train texts. `row_names` are the ids of all rows, and
    `label_gain` is what more labels would bring.
    """

    run: str
    split: str
    data: str | None
    rows: int
    rows_in_train: int | None
    left_out: Mapping[str, int]
    labels: tuple[str, ...]
    metrics: Mapping[str, Interval]
    per_class: Mapping[str, ClassScores]
    confusion: tuple[tuple[int, ...], ...]
    calibration: Calibration
    baseline: AlternativeScores | None
    embeddings: AlternativeScores | None
    majority: AlternativeScores | None
    difference: Mapping[str, Interval]
    slices: tuple[Slice, ...]
    mistakes: tuple[MisclassifiedRow, ...]
    mistaken_rows: int
    whole_file: WholeFile | None = None
    notes: tuple[str, ...] = ()
    covering: SetScores | None = None
    drift: "Drift | None" = None
    label_gain: LabelGain | None = None
    row_names: Sequence[int | str] = ()
    kind: str = "single"
    sets: SetDetails | None = None
    nested: LevelDetails | None = None

    @property
    def main_metric(self) -> str:
        """The score that the model and the baseline are compared by."""
        return "micro_f1" if self.sets is not None else "qwk" if self.kind == "ordered" else "accuracy"

    @property
    def noun(self) -> str:
        """What its labels are called: classes, or labels where a row may have several."""
        return "classes" if self.sets is None else "labels"

    @property
    def where(self) -> str:
        """What was evaluated, in words: the split, or the file."""
        if self.data is None:
            return self.split
        return self.data if self.split == "all" else f"{self.split} of {self.data}"

    @property
    def verdict(self) -> str | None:
        """A sentence that compares the model with the baseline; None without one."""
        return verdict(self.difference, self.main_metric)

    def to_json(self) -> dict[str, Any]:
        """Return the content of report.json."""
        return {
            "format": FORMAT,
            "run": self.run,
            "split": self.split,
            "data": self.data,
            "rows": self.rows,
            "rows_in_train": self.rows_in_train,
            "left_out": dict(self.left_out),
            "kind": self.kind,
            "metrics": self._metrics_to_json(),
            "per_class": _values_to_json(self.per_class),
            "confusion": {"labels": list(self.labels), "counts": [list(row) for row in self.confusion]},
            "calibration": self.calibration.to_json(),
            "baseline": self.baseline.to_json() if self.baseline else None,
            "embeddings": self.embeddings.to_json() if self.embeddings else None,
            "majority": self.majority.to_json() if self.majority else None,
            "difference": _values_to_json(self.difference),
            "verdict": self.verdict,
            "slices": [entry.to_json() for entry in self.slices],
            "mistaken_rows": self.mistaken_rows,
            "mistakes": [entry.to_json() for entry in self.mistakes],
            "whole_file": self.whole_file.to_json() if self.whole_file else None,
            "notes": list(self.notes),
            "drift": self._drift_to_json(),
            "label_gain": self.label_gain.to_json() if self.label_gain else None,
            "prediction_sets": self.covering.to_json() if self.covering else None,
            **({} if self.sets is None else {"sets": self.sets.to_json()}),
            **({} if self.nested is None else {"nested": self.nested.to_json()}),
        }

    def _metrics_to_json(self) -> dict[str, Any]:
        found = _values_to_json(self.metrics)
        return found if self.sets is None else found | {SUBSET: found["accuracy"]}

    def _drift_to_json(self) -> dict[str, Any] | None:
        if self.drift is None:
            return None
        return {**self.drift.to_json(), "most_different": [self.row_names[row] for row in self.drift.most_different]}

    def confused_pairs(self) -> list[tuple[str, str, int]]:
        """Return (label, prediction, rows) of every pair of classes that was confused, the most frequent first."""
        pairs = [
            (label, prediction, count)
            for label, row in zip(self.labels, self.confusion, strict=True)
            for prediction, count in zip(self.labels, row, strict=True)
            if count and label != prediction
        ]
        return sorted(pairs, key=lambda pair: -pair[2])


def evaluate(
    test: SplitOutputs,
    names: Sequence[str],
    *,
    run: str,
    split: str,
    data: str | None = None,
    left_out: Mapping[str, int] | None = None,
    fitting: FittingRows | None = None,
    train: tuple[Sequence[str], Ints] | None = None,
    embeddings: "Baseline | None" = None,
    everything: SplitOutputs | None = None,
    seed: int = 0,
    order: OrderedDecision | None = None,
    tree: Tree | None = None,
    notes: tuple[str, ...] = (),
    label_gain: LabelGain | None = None,
) -> Report:
    """Score a model's logits on a split, beside a baseline fitted on the same train split.

    Args:
        test: the rows to score.
        names: the classes' names, in the order of the logits; behind them, those that the model does not have.
        run: the run's name, for the report.
        split: the split's name, for the report.
        data: the file's name, where the rows are not the run's own, for the report.
        left_out: how many rows of the file are not among them, by the reason, for the report.
        fitting: the rows on which the temperature is fitted.
        train: texts and labels of the train split, for the baseline.
        embeddings: what a second baseline predicts.
        everything: all rows of the run's data with logits of models that did not learn them.
        seed: of the bootstrap and the baseline.
        tree: the classes in their levels, where they have some.
        order: how one of classes in an order is chosen; the likeliest class is the answer where they have none.
        notes: what else is to be told.
        label_gain: what more labels would bring.

    Raises:
        InputError: the split has no rows.
        TxtError: a logit is not a finite number.
    """
    check_outputs(test, split)
    assert test.labels.max() < len(names)
    predictions = choose_classes(test.logits, order)
    num_classes = len(names)
    table = METRICS if order is None else ORDERED
    calibration = calibrate(test.labels, test.logits, fitting, seed)
    from txt.evaluation.baseline import fit_predict  # scikit-learn takes longer to import than torch

    simple = fit_predict(*train, test.texts, seed, num_classes) if train else None
    if simple is not None and simple.logits is not None:
        simple = replace(simple, predictions=choose_classes(simple.logits, order))
    return Report(
        run=run,
        split=split,
        data=data,
        rows=len(test.labels),
        left_out=left_out or {},
        rows_in_train=count_rows_in_train(test.texts, train[0]) if train else None,
        labels=tuple(names),
        metrics=intervals(test.labels, predictions, num_classes, seed, metrics=table)
        | _score_probabilities(test.labels, test.logits, seed),
        per_class=per_class(test.labels, predictions, names),
        confusion=tuple(
            tuple(int(count) for count in row) for row in count_confusions(test.labels, predictions, num_classes)
        ),
        calibration=calibration,
        baseline=_score_alternative(simple, test.labels, num_classes, seed, table) if simple else None,
        embeddings=_score_alternative(embeddings, test.labels, num_classes, seed, table) if embeddings else None,
        majority=_score_majority(train[1], test.labels, names, seed, table) if train else None,
        difference=difference_intervals(test.labels, predictions, simple.predictions, num_classes, seed, metrics=table)
        if simple
        else {},
        slices=slice_scores(test.labels, predictions, num_classes, test.metadata, test.token_lengths),
        mistakes=_confident_mistakes(test, names, simple, predictions),
        mistaken_rows=int((predictions != test.labels).sum()),
        whole_file=_score_whole_file(everything, names, seed, order) if everything else None,
        kind="nested" if tree else "single" if order is None else "ordered",
        nested=_score_levels(test.labels, predictions, simple, tree, seed) if tree else None,
        notes=notes,
        label_gain=label_gain,
        row_names=test.row_ids,
        drift=_measure_drift(test, train, fitting, calibration.temperature or 1.0, seed),
        covering=_score_covering(test, names, fitting, calibration.temperature or 1.0, order),
    )


def _measure_drift(
    test: SplitOutputs,
    train: tuple[Sequence[str], Ints] | None,
    fitting: FittingRows | None,
    temperature: float,
    seed: int,
) -> "Drift | None":
    """Compare the rows with the train rows; None where these are not known."""
    if train is None:
        return None
    from txt.evaluation.drift import measure_drift  # imports scipy

    confidences = None
    if fitting is not None and not fitting.are_measured:
        confidences = tuple(softmax(logits / temperature).max(1) for logits in (fitting.logits, test.logits))
    return measure_drift(train[0], test.texts, confidences, seed)


def _score_covering(
    test: SplitOutputs,
    names: Sequence[str],
    fitting: FittingRows | None,
    temperature: float,
    order: OrderedDecision | None,
) -> SetScores | None:
    """Return how prediction sets do on rows that they were not fitted on; None where there are no others."""
    if fitting is None or fitting.are_measured:
        return None
    with suppress(InputError):  # too few rows
        rule = fit_set_rule(fitting.labels, softmax(fitting.logits / temperature), order=order)
        return score_sets(rule, test.labels, softmax(test.logits / temperature), names)
    return None


def _score_levels(labels: Ints, predictions: Ints, simple: "Baseline | None", tree: Tree, seed: int) -> LevelDetails:
    """Score the parts of answers down to each level, and count mistakes by whether the top level is right."""
    levels = []
    for level in range(1, tree.depth + 1):
        number_of, names = tree.number_level(level)
        truth = number_of[labels]
        levels.append(
            LevelScores(
                level,
                len(names),
                intervals(truth, number_of[predictions], len(names), seed),
                intervals(truth, number_of[simple.predictions], len(names), seed) if simple else {},
            )
        )
    top, _ = tree.number_level(1)
    wrong = labels != predictions
    within = int((wrong & (top[labels] == top[predictions])).sum())
    return LevelDetails(tuple(levels), within, int(wrong.sum()) - within)


def _score_whole_file(
    everything: SplitOutputs, names: Sequence[str], seed: int, order: OrderedDecision | None
) -> WholeFile:
    predictions = choose_classes(everything.logits, order)
    table = METRICS if order is None else ORDERED
    metrics = intervals(everything.labels, predictions, len(names), seed, metrics=table)
    return WholeFile(
        len(everything.labels),
        metrics | _score_probabilities(everything.labels, everything.logits, seed),
        _confident_mistakes(everything, names, None, predictions),
        int((predictions != everything.labels).sum()),
    )


def _score_probabilities(labels: Ints, logits: Floats, seed: int) -> dict[str, Interval]:
    """Return the scores that reward probabilities for being true ("proper" scores); less is better.

    Rows of a class that the model does not have are not among them: their loss would be infinite.
    """
    known = labels < logits.shape[1]
    labels, logits = labels[known], logits[known]
    if not len(labels):
        return {}
    return {
        "log_loss": mean_interval(log_losses(labels, logits), seed),
        "brier_score": mean_interval(brier_scores(labels, logits), seed),
    }


def check_outputs(test: SplitOutputs, split: str) -> None:
    """Refuse a split without rows, and logits that are not finite numbers.

    Raises:
        InputError: there are no rows.
        TxtError: a logit is not a finite number.
    """
    if not len(test.labels):
        raise InputError(f"the split `{split}` has no labeled rows to evaluate on")
    broken = int((~np.isfinite(test.logits)).any(axis=1).sum())
    if broken:
        raise TxtError(
            f"the model's scores are not finite numbers for {broken:,} of {len(test.labels):,} rows",
            "the training diverged; train again with a lower --lr",
        )


def count_rows_in_train(texts: Sequence[str], train_texts: Sequence[str]) -> int:
    """Return how many texts are in the train split too."""
    seen = set(train_texts)
    return sum(text in seen for text in texts)


def _score_alternative(
    other: "Baseline", labels: Ints, num_classes: int, seed: int, table: Mapping[str, Metric]
) -> AlternativeScores:
    metrics = intervals(labels, other.predictions, num_classes, seed, metrics=table)
    if other.logits is not None:
        metrics = metrics | _score_probabilities(labels, other.logits, seed)
    return AlternativeScores(other.name, metrics)


def _score_majority(
    train_labels: Ints, labels: Ints, names: Sequence[str], seed: int, table: Mapping[str, Metric]
) -> AlternativeScores:
    from txt.evaluation.baseline import predict_majority

    constant = predict_majority(train_labels, len(labels))
    return AlternativeScores(
        names[int(constant.predictions[0])], intervals(labels, constant.predictions, len(names), seed, metrics=table)
    )


def choose_classes(logits: Floats, order: OrderedDecision | None) -> Ints:
    """Return the class (N,) that logits (N, C) answer: the likeliest, or that of the rule for classes in an order."""
    answers: Ints = logits.argmax(axis=1) if order is None else order.decide(softmax(logits))
    return answers


def _confident_mistakes(
    test: SplitOutputs, names: Sequence[str], simple: "Baseline | None", predictions: Ints
) -> tuple[MisclassifiedRow, ...]:
    confidence = np.take_along_axis(softmax(test.logits), predictions[:, None], axis=1)[:, 0]
    wrong = np.flatnonzero(predictions != test.labels)
    chosen = wrong[np.argsort(-confidence[wrong], kind="stable")][:MAX_MISTAKES]
    return tuple(
        MisclassifiedRow(
            test.row_ids[row],
            test.texts[row][:MAX_MISTAKE_LETTERS],
            names[int(test.labels[row])],
            names[int(predictions[row])],
            float(confidence[row]),
            names[int(simple.predictions[row])] if simple else None,
        )
        for row in chosen
    )


def _values_to_json(values: Mapping[str, Interval] | Mapping[str, ClassScores]) -> dict[str, Any]:
    return {name: value.to_json() for name, value in values.items()}
