"""The evaluation of a model of rows with several labels: the same report, with what goes with sets of labels."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from txt.arrays import Floats
from txt.data.label_kinds import SEVERAL
from txt.evaluation.calibration import Calibration, bin_by_confidence, expected_calibration_error
from txt.evaluation.intervals import ClassScores
from txt.evaluation.report import (
    MAX_MISTAKE_LETTERS,
    MAX_MISTAKES,
    AlternativeScores,
    MisclassifiedRow,
    Report,
    SetDetails,
    SplitOutputs,
    WholeFile,
    check_outputs,
    count_rows_in_train,
)
from txt.evaluation.several_intervals import set_intervals
from txt.evaluation.slices import score_slices
from txt.label_set_metrics import (
    AnyFloats,
    Decision,
    Matrix,
    average_precisions,
    count_confused,
    count_sets,
    macro_scores,
    sigmoid,
)

if TYPE_CHECKING:
    from txt.evaluation.several_baseline import SetBaseline

MAX_PAIRS = 20
_CALIBRATION_CELLS = 2_000_000  # decisions that a reliability curve is drawn of


@dataclass(frozen=True)
class LearnedSets:
    """The train split of rows with several labels: texts and which labels each has, (N, K)."""

    texts: Sequence[str]
    targets: Matrix


def evaluate_sets(
    test: SplitOutputs,
    names: Sequence[str],
    decision: Decision,
    *,
    run: str,
    split: str,
    metric: str,
    data: str | None = None,
    left_out: Mapping[str, int] | None = None,
    train: LearnedSets | None = None,
    everything: SplitOutputs | None = None,
    seed: int = 0,
) -> Report:
    """Score a model's logits on a split of rows with several labels, beside one logistic regression a label.

    Args:
        test: the rows to score, `labels` (N, K) being which labels each has.
        names: the labels, in the order of the logits.
        decision: from which probability each holds.
        run: the run's name, for the report.
        split: the split's name, for the report.
        metric: what the thresholds of the baseline are chosen for.
        data: the file's name, where the rows are not the run's own, for the report.
        left_out: how many rows of the file are not among them, by the reason, for the report.
        train: the train split, for the baseline.
        everything: all rows of the run's data with logits of models that did not learn them.
        seed: of the bootstrap and the baseline.

    Raises:
        InputError: the split has no rows.
        TxtError: a logit is not a finite number.
    """
    check_outputs(test, split)
    targets = np.asarray(test.labels, np.bool_)
    probabilities = sigmoid(test.logits)
    answers = decision.decide(probabilities)
    simple = _fit_baseline(train, test.texts, metric, seed)
    constant = _predict_commonest(train, len(names)) if train else None
    models = [(test.logits, decision)]
    models += [(simple.logits, simple.decision)] if simple else []
    scored = set_intervals(targets, models, seed)
    majority = None
    if constant is not None:
        label, logits = constant
        always = set_intervals(targets, [(np.tile(logits, (len(targets), 1)), Decision.usual(len(names)))], seed)
        majority = AlternativeScores(names[label], always[0])
    mistakes, mistaken = _list_mistakes(test, targets, answers, probabilities, names, simple)
    return Report(
        run=run,
        split=split,
        data=data,
        rows=len(targets),
        left_out=left_out or {},
        rows_in_train=count_rows_in_train(test.texts, train.texts) if train else None,
        labels=tuple(names),
        metrics=scored[0],
        per_class=_score_labels(targets, answers, names),
        confusion=tuple(tuple(row) for row in count_confused(targets, answers).tolist()),
        calibration=calibrate_sets(targets, probabilities, seed),
        baseline=AlternativeScores(simple.name, scored[1]) if simple else None,
        embeddings=None,
        majority=majority,
        difference=scored[2] if simple else {},
        slices=score_slices(
            (answers == targets).all(1),
            lambda rows: float(macro_scores(count_sets(targets[rows], answers[rows]))["macro_f1"]),
            test.metadata,
            test.token_lengths,
        ),
        mistakes=mistakes,
        mistaken_rows=mistaken,
        whole_file=_score_whole_file(everything, names, decision, seed) if everything else None,
        kind=SEVERAL,
        sets=_detail(targets, answers, probabilities, decision, names, metric),
    )


def calibrate_sets(targets: Matrix, probabilities: AnyFloats, seed: int = 0) -> Calibration:
    """Compare the probability of each label in each row with the share of such decisions in which it holds."""
    confidence, right = np.asarray(probabilities, np.float64).ravel(), targets.ravel()
    if len(confidence) > _CALIBRATION_CELLS:
        chosen = np.random.default_rng(seed).choice(len(confidence), _CALIBRATION_CELLS, replace=False)
        confidence, right = confidence[chosen], right[chosen]
    bins = bin_by_confidence(confidence, right)
    return Calibration(expected_calibration_error(bins), bins)


def _fit_baseline(train: LearnedSets | None, texts: Sequence[str], metric: str, seed: int) -> "SetBaseline | None":
    if train is None:
        return None
    from txt.evaluation.several_baseline import fit_predict_sets  # scikit-learn takes longer to import than torch

    return fit_predict_sets(train.texts, train.targets, texts, metric, seed)


def _predict_commonest(train: LearnedSets, labels: int) -> tuple[int, Floats]:
    """Return the most frequent label of the train split, and logits (K,) that always answer it."""
    label = int(train.targets.sum(0).argmax())
    logits = np.full(labels, -10.0)
    logits[label] = 10.0
    return label, logits


def _score_labels(targets: Matrix, answers: Matrix, names: Sequence[str]) -> dict[str, ClassScores]:
    counts = count_sets(targets, answers)
    hits, actual, predicted = counts.hits, counts.actual, counts.predicted
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(actual, 1)
    f1 = 2 * hits / np.maximum(actual + predicted, 1)
    return {
        name: ClassScores(float(precision[k]), float(recall[k]), float(f1[k]), int(actual[k]))
        for k, name in enumerate(names)
    }


def _detail(
    targets: Matrix, answers: Matrix, probabilities: Floats, decision: Decision, names: Sequence[str], metric: str
) -> SetDetails:
    precisions = average_precisions(targets, probabilities).tolist()
    errors = []
    for label in range(len(names)):
        bins = bin_by_confidence(probabilities[:, label], targets[:, label])
        errors.append(expected_calibration_error(bins))
    sizes = Counter(targets.sum(1).tolist())
    return SetDetails(
        metric=metric,
        thresholds=dict(zip(names, decision.thresholds, strict=True)),
        at_least_one=decision.at_least_one,
        average_precision={
            name: None if value != value else value for name, value in zip(names, precisions, strict=True)
        },
        calibration_error=dict(zip(names, errors, strict=True)),
        together=_list_together(targets, answers, names),
        sizes={int(size): count for size, count in sorted(sizes.items())},
    )


def _list_together(targets: Matrix, answers: Matrix, names: Sequence[str]) -> tuple[tuple[str, str, int, int], ...]:
    """Return (label, label, rows that have both, rows that got both as the answer), the most frequent pairs first."""
    both = targets.astype(np.float32).T @ targets.astype(np.float32)
    said = answers.astype(np.float32).T @ answers.astype(np.float32)
    ones, others = np.triu_indices(len(names), 1)
    counts = both[ones, others] + said[ones, others]
    pairs = []
    for place in np.argsort(-counts, kind="stable")[:MAX_PAIRS].tolist():
        one, other = int(ones[place]), int(others[place])
        if counts[place] > 0:
            pairs.append((names[one], names[other], round(both[one, other]), round(said[one, other])))
    return tuple(pairs)


def describe_set(labels: Sequence[str]) -> str:
    """Return labels as people read them; `none` where no label holds."""
    return ", ".join(labels) or "none"


def _list_mistakes(
    test: SplitOutputs,
    targets: Matrix,
    answers: Matrix,
    probabilities: Floats,
    names: Sequence[str],
    simple: "SetBaseline | None",
) -> tuple[tuple[MisclassifiedRow, ...], int]:
    """Return the rows with the most confident wrong decision, and how many rows have a wrong one."""
    wrong = answers != targets
    confidence = np.where(wrong, np.where(answers, probabilities, 1 - probabilities), 0).max(1, initial=0)  # (N,)
    rows = np.flatnonzero(wrong.any(1))
    chosen = rows[np.argsort(-confidence[rows], kind="stable")][:MAX_MISTAKES]
    baseline = simple.decision.decide(sigmoid(simple.logits[chosen])) if simple and len(chosen) else None

    def pick(holds: Any) -> tuple[str, ...]:
        return tuple(names[label] for label in np.flatnonzero(holds).tolist())

    return tuple(
        MisclassifiedRow(
            test.row_ids[row],
            test.texts[row][:MAX_MISTAKE_LETTERS],
            describe_set(pick(targets[row])),
            describe_set(pick(answers[row])),
            float(confidence[row]),
            None if baseline is None else describe_set(pick(baseline[place])),
            missing=pick(targets[row] & ~answers[row]),
            extra=pick(answers[row] & ~targets[row]),
        )
        for place, row in enumerate(chosen.tolist())
    ), len(rows)


def _score_whole_file(everything: SplitOutputs, names: Sequence[str], decision: Decision, seed: int) -> WholeFile:
    targets, probabilities = np.asarray(everything.labels, np.bool_), sigmoid(everything.logits)
    answers = decision.decide(probabilities)
    mistakes, mistaken = _list_mistakes(everything, targets, answers, probabilities, names, None)
    metrics = set_intervals(targets, [(everything.logits, decision)], seed)[0]
    return WholeFile(len(targets), metrics, mistakes, mistaken)
