"""Compare runs by a paired bootstrap: all are scored on the same resamples of the same test rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.config import TrainConfig
from txt.data.label_kinds import ORDERED, SEVERAL, SINGLE
from txt.errors import InputError
from txt.evaluation.differences import format_difference, sign
from txt.evaluation.intervals import resample_tallies
from txt.evaluation.predictions import Predictions
from txt.evaluation.several_intervals import SET_SCORES, resample_sets
from txt.files import read_json
from txt.json_input import take_field
from txt.label_set_metrics import Matrix, count_sets, label_f1, score_answers
from txt.metrics import (
    METRICS,
    SUBSET,
    Tally,
    class_f1,
    count_confusions,
    format_label,
    is_error,
    score_predictions,
    sum_counts,
)
from txt.metrics import ORDERED as ORDERED_METRICS
from txt.option_schema import list_options
from txt.proportions import LEVEL, Interval, paired_difference
from txt.runs.folder import Run

RESAMPLES = 10_000


@dataclass(frozen=True)
class ClassDifference:
    """The F1 of a class in both runs, and their difference with its interval."""

    name: str
    rows: int
    before: float
    after: float
    difference: Interval


@dataclass(frozen=True)
class Difference:
    """How much better `run` is than `base` on the same `rows`, by every metric and for every class.

    `level` is that of the intervals; `ahead` is the share of resamples in which `run` scores higher by `metric`, ties
    counted half.
    """

    run: str
    base: str
    rows: int
    level: float
    metric: str
    ahead: float
    metrics: Mapping[str, Interval]
    classes: tuple[ClassDifference, ...]
    kind: str = SINGLE

    @property
    def is_better(self) -> bool | None:
        """Whether `run` is better by `metric`; None where these rows cannot tell."""
        higher = sign(self.metrics[self.metric])
        return None if higher == 0 else (higher > 0) != is_error(self.metric)

    @property
    def answer(self) -> str:
        """A sentence that says whether `run` is really better than `base`."""
        word = {True: "yes", False: "no, it is worse", None: "these rows cannot tell"}[self.is_better]
        sentence = f"{word}: {self._describe_metric(self.metric)}"
        second = "accuracy" if self.metric == "macro_f1" else "macro_f1"
        worse = -1 if is_error(self.metric) else 1  # of an error less is better
        if sign(self.metrics[second]) != worse * sign(self.metrics[self.metric]):
            sentence += f"; but {self._describe_metric(second)}"
        return sentence

    def _describe_metric(self, metric: str) -> str:
        unit = "steps" if metric == "mae" else "points"
        value, _, bounds = format_difference(metric, self.metrics[metric]).partition(" ")
        return f"{format_label(metric, self.kind == SEVERAL)} differs by {value} {unit} {bounds}"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "run": self.run,
            "base": self.base,
            "rows": self.rows,
            "level": self.level,
            "metric": self.metric,
            "better": self.is_better,
            "ahead": self.ahead,
            "answer": self.answer,
            "metrics": {name: entry.to_json() for name, entry in self.metrics.items()},
            "per_class": {
                entry.name: {
                    "rows": entry.rows,
                    "base_f1": entry.before,
                    "run_f1": entry.after,
                    **entry.difference.to_json(),
                }
                for entry in self.classes
            },
        }


def compare(
    asked: Mapping[str, Predictions], metric: str, seed: int = 0, resamples: int = RESAMPLES
) -> list[Difference]:
    """Compare each run with the first one, by its predictions of the same rows.

    With several comparisons each interval is widened (Bonferroni), so that all of them together hold at 95 %.

    Raises:
        InputError: the runs were asked about different rows.
    """
    check_same_rows(asked)
    base, *others = asked
    level = 1 - (1 - LEVEL) / max(len(others), 1)
    return [difference(base, asked[base], name, asked[name], metric, level, seed, resamples) for name in others]


def check_same_rows(asked: Mapping[str, Predictions]) -> None:
    """Refuse to compare runs by different rows.

    Raises:
        InputError: the rows of two runs have different fingerprints.
    """
    base, *others = asked
    for name in others:
        if asked[name].fingerprint != asked[base].fingerprint:
            rows = {run: f"{len(asked[run].labels):,} rows ({asked[run].fingerprint[:8]})" for run in (base, name)}
            raise InputError(
                f"runs `{base}` and `{name}` were tested on different rows, so their scores cannot be compared: "
                f"{rows[base]} and {rows[name]}",
                "train both on data prepared with the same test rows, for example with --test FILE",
            )


def difference(
    base_name: str,
    base: Predictions,
    name: str,
    other: Predictions,
    metric: str,
    level: float = LEVEL,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """Compare two runs by the paired bootstrap over rows: percentile intervals of the differences in score."""
    classes = tuple(dict.fromkeys((*base.classes, *other.classes)))
    labels, before = base.among(classes)
    after = other.among(classes)[1]
    metrics = metrics_of(base.kind)
    if metric not in metrics:
        raise InputError(
            f"--metric {metric} cannot compare `{base_name}` with others",
            f"choose from {', '.join(metrics)}, which follow from the answers",
        )
    score = _score_sets if base.kind == SEVERAL else _score_classes
    scored = score(labels, before, after, metrics, seed, resamples, len(classes))
    exact = paired_difference(*scored.wins, len(labels), level)
    drawn = scored.drawn
    gain = -drawn[metric] if is_error(metric) else drawn[metric]
    return Difference(
        run=name,
        base=base_name,
        rows=len(labels),
        level=level,
        metric=metric,
        ahead=float((gain > 0).mean() + (gain == 0).mean() / 2),
        metrics={
            key: _percentile_interval(scored.after[key] - scored.before[key], drawn[key], level, exact)
            for key in metrics
        },
        classes=tuple(
            ClassDifference(
                key,
                int(scored.rows[c]),
                float(scored.f1_before[c]),
                float(scored.f1_after[c]),
                _percentile_interval(
                    float(scored.f1_after[c] - scored.f1_before[c]),
                    drawn["f1"][:, c],
                    level,
                    paired_difference(0, 0, max(int(scored.rows[c]), 1), level),
                ),
            )
            for c, key in enumerate(classes)
        ),
        kind=base.kind,
    )


def metrics_of(kind: str) -> tuple[str, ...]:
    """Return the scores that follow from answers to labels of a kind, in the order of tables."""
    if kind == SEVERAL:
        return SET_SCORES
    return tuple(ORDERED_METRICS if kind == ORDERED else METRICS)


def choose_metric(wanted: str, kind: str) -> str:
    """Return a score that follows from answers to labels of a kind: the one by which a run chose, or the usual one."""
    name = "accuracy" if wanted == SUBSET else wanted
    return name if name in metrics_of(kind) else {SEVERAL: "micro_f1", ORDERED: "qwk"}.get(kind, "accuracy")


class _Scored(NamedTuple):
    """Two runs on the same rows: scores, and their differences in each resample, with each label's F1 as `f1` (R, C).

    `wins` counts the rows that only the second run has right, and those that only the first has.
    """

    before: Mapping[str, float]
    after: Mapping[str, float]
    drawn: Mapping[str, Floats]
    rows: Floats
    f1_before: Floats
    f1_after: Floats
    wins: tuple[int, int]


def _score_classes(
    labels: Ints, before: Ints, after: Ints, metrics: Sequence[str], seed: int, resamples: int, num_classes: int
) -> _Scored:
    """Score answers of one class a row, (N,)."""
    known = {name: METRICS.get(name) or ORDERED_METRICS[name] for name in metrics}
    parts: dict[str, list[Floats]] = {name: [] for name in (*metrics, "f1")}
    each: dict[str, Callable[[Tally], Floats]] = {name: metric.compute for name, metric in known.items()}
    each["f1"] = class_f1
    for new, old in resample_tallies(labels, [after, before], num_classes, seed, resamples):
        for name, score in each.items():
            parts[name].append(score(new) - score(old))
    sums = [sum_counts(count_confusions(labels, answers, num_classes)) for answers in (before, after)]
    return _Scored(
        score_predictions(labels, before, num_classes, known),
        score_predictions(labels, after, num_classes, known),
        drawn={name: np.concatenate(found) for name, found in parts.items()},
        rows=sums[0].actual,
        f1_before=class_f1(sums[0]),
        f1_after=class_f1(sums[1]),
        wins=_count_wins(labels == after, labels == before),
    )


def _score_sets(
    labels: Matrix, before: Matrix, after: Matrix, metrics: Sequence[str], seed: int, resamples: int, _labels: int
) -> _Scored:
    """Score answers of several labels a row, (N, K)."""
    counts = [count_sets(labels, answers) for answers in (before, after)]
    drawn = [resample_sets(labels, answers, seed, resamples) for answers in (before, after)]
    return _Scored(
        score_answers(labels, before),
        score_answers(labels, after),
        drawn={name: drawn[1][name] - drawn[0][name] for name in (*metrics, "f1")},
        rows=counts[0].actual,
        f1_before=label_f1(counts[0]),
        f1_after=label_f1(counts[1]),
        wins=_count_wins((labels == after).all(1), (labels == before).all(1)),
    )


def _count_wins(right: npt.NDArray[np.bool_], base_right: npt.NDArray[np.bool_]) -> tuple[int, int]:
    return int((right & ~base_right).sum()), int((base_right & ~right).sum())


def find_option_differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Return the options in which runs differ, by flag: how their data were prepared, and how they were trained."""
    configs = [run.config() for run in runs]
    known = list_options(TrainConfig)
    values = {known[name].flag: [getattr(config, name) for config in configs] for name in known}
    prepared = [_read_prepared_options(run) for run in runs]
    names = dict.fromkeys(name for options in prepared for name in options)
    values = {name: [options.get(name) for options in prepared] for name in names} | values
    return {name: entries for name, entries in values.items() if any(entry != entries[0] for entry in entries)}


def _percentile_interval(value: float, drawn: Floats, level: float, exact: Interval) -> Interval:
    """Return a percentile interval; where no resample differs, the width of `exact` is used."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    if high - low < 1e-12:
        low, high = value + exact.low - exact.value, value + exact.high - exact.value
    return Interval(value, min(float(low), value), max(float(high), value))


def _read_prepared_options(run: Run) -> dict[str, Any]:
    """Return a run's data and its preparation options; only the fingerprint if the prepared folder is gone."""
    fingerprint = take_field(run.record(), "fingerprint", str, f"`{run.path / 'config.json'}`")[:8]
    try:
        manifest = read_json(run.locate_prepared() / "manifest.json")
        sources = ", ".join(manifest["sources"])
        options = {f"prepare --{name.replace('_', '-')}": value for name, value in manifest["config"].items()}
    except (InputError, KeyError, AttributeError, TypeError):
        return {"data": fingerprint}
    return {"data": sources, **options, "data fingerprint": fingerprint}
