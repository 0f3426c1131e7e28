"""Compare runs by a paired bootstrap: all are scored on the same resamples of the same test rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from txt.arrays import Floats, Ints
from txt.config import TrainConfig
from txt.errors import InputError
from txt.evaluation.differences import format_points, sign
from txt.evaluation.intervals import per_class, resample_tallies
from txt.evaluation.predictions import Predictions
from txt.files import read_json
from txt.json_input import take_field
from txt.metrics import METRICS, Tally, class_f1, format_label, is_error, score_predictions
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
        if sign(self.metrics[second]) != sign(self.metrics[self.metric]):
            sentence += f"; but {self._describe_metric(second)}"
        return sentence

    def _describe_metric(self, metric: str) -> str:
        found = self.metrics[metric]
        bounds = f"[{format_points(found.low)}, {format_points(found.high)}]"
        return f"{format_label(metric)} differs by {format_points(found.value)} points {bounds}"

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
    drawn = _bootstrap_differences(labels, before, after, len(classes), seed, resamples)
    right, base_right = labels == after, labels == before
    exact = paired_difference(int((right & ~base_right).sum()), int((base_right & ~right).sum()), len(labels), level)
    had, have = score_predictions(labels, before, len(classes)), score_predictions(labels, after, len(classes))
    by_class, base_by_class = per_class(labels, after, classes), per_class(labels, before, classes)
    gain = -drawn[metric] if is_error(metric) else drawn[metric]
    return Difference(
        run=name,
        base=base_name,
        rows=len(labels),
        level=level,
        metric=metric,
        ahead=float((gain > 0).mean() + (gain == 0).mean() / 2),
        metrics={key: _percentile_interval(have[key] - had[key], drawn[key], level, exact) for key in METRICS},
        classes=tuple(
            ClassDifference(
                key,
                by_class[key].support,
                base_by_class[key].f1,
                by_class[key].f1,
                _percentile_interval(
                    by_class[key].f1 - base_by_class[key].f1,
                    drawn["f1"][:, c],
                    level,
                    paired_difference(0, 0, max(by_class[key].support, 1), level),
                ),
            )
            for c, key in enumerate(classes)
        ),
    )


def find_option_differences(runs: Sequence[Run]) -> dict[str, list[Any]]:
    """Return the options in which runs differ, by flag: how their data were prepared, and how they were trained."""
    configs = [run.config() for run in runs]
    known = list_options(TrainConfig)
    values = {known[name].flag: [getattr(config, name) for config in configs] for name in known}
    prepared = [_read_prepared_options(run) for run in runs]
    names = dict.fromkeys(name for options in prepared for name in options)
    values = {name: [options.get(name) for options in prepared] for name in names} | values
    return {name: entries for name, entries in values.items() if any(entry != entries[0] for entry in entries)}


def _bootstrap_differences(
    labels: Ints, before: Ints, after: Ints, num_classes: int, seed: int, resamples: int
) -> dict[str, Floats]:
    """Return the differences in every score (resamples,), and in each class's F1 as `f1` (resamples, C)."""
    parts: dict[str, list[Floats]] = {name: [] for name in (*METRICS, "f1")}
    each: dict[str, Callable[[Tally], Floats]] = {name: metric.compute for name, metric in METRICS.items()} | {
        "f1": class_f1
    }
    for new, old in resample_tallies(labels, [after, before], num_classes, seed, resamples):
        for name, score in each.items():
            parts[name].append(score(new) - score(old))
    return {name: np.concatenate(found) for name, found in parts.items()}


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
