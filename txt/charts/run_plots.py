"""The plots of a run: their lines, axes and colours."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from string import ascii_lowercase

import numpy as np
from rich.text import Text

from txt.charts.confusion import build_confusion_table, list_confused_pairs, list_confusions
from txt.charts.palette import RUN_COLORS
from txt.charts.plot_drawing import BEST, Drawing
from txt.charts.plot_view import Floats, Scene
from txt.charts.raster import Ink
from txt.charts.ticks import format_clock
from txt.metrics import format_label
from txt.runs.event_index import VALUES
from txt.runs.live import WatchedRun
from txt.sanitize import clip

_TRAIN, _RAW = Ink("bright_blue"), Ink("blue")
_VAL = Ink("bright_yellow", letter="•")
_OTHERS = RUN_COLORS[1:]

_WORST = 3  # confusions that are said in words
_LONGEST_NAME = 10  # of a further run beside its line

Plot = Callable[[Scene, int, int], Sequence[Text]]
"""Draws a scene in so many columns and at most so many rows."""


def draw_loss(scene: Scene, width: int, height: int) -> Sequence[Text]:
    """Draw the loss on train and val."""
    run, best = scene.run, scene.run.scores.best
    drawing = Drawing(scene, width)
    for other, ink, label in _ink_others(scene):
        drawing.add_steps(other, "loss", None, replace(ink, letter=None))
        drawing.add_scores(other, "val_loss", ink, label)
    drawing.add_steps(run, "loss", _RAW, _TRAIN, label="train")
    drawing.add_scores(run, "val_loss", _VAL, "val")
    parts = [
        _describe_line("train", run.now.get("loss"), _TRAIN),
        _describe_line("val", _find_latest(run, "val_loss"), _VAL),
        *_name_others(scene, lambda other: _find_latest(other, "val_loss")),
    ]
    title = _build_title("loss", *(_read_cross(drawing, scene) or parts), width=width)
    if best:
        drawing.mark_best(run, best.step, best.time, best.val_loss)
    return drawing.finish(title, height, logarithmic=scene.view.logarithmic)


def draw_metric(scene: Scene, width: int, height: int) -> Sequence[Text]:
    """Draw the accuracy on train and val, or another score, or a number of the steps."""
    run, name, best = scene.run, scene.view.metric, scene.run.scores.best
    drawing = Drawing(scene, width)
    for other, ink, label in _ink_others(scene):
        drawing.add_steps(other, name, None, replace(ink, letter=None))
        drawing.add_scores(other, name, ink, label)
    drawing.add_steps(run, name, _RAW, _TRAIN, label="train")
    drawing.add_scores(run, name, _VAL, "val")
    parts = [_describe_line("train", run.now.get(name), _TRAIN), _describe_line("val", _find_latest(run, name), _VAL)]
    if best and name in best.metrics:
        drawing.mark_best(run, best.step, best.time, best.metrics[name])
        parts.append(Text(f"◆ best {best.metrics[name]:.3f}", BEST.color or ""))
    parts += _name_others(scene, lambda other: _find_latest(other, name))
    parts = _read_cross(drawing, scene) or parts
    return drawing.finish(_build_title(format_metric_name(name), *parts, width=width), height)


def draw_rate(scene: Scene, width: int, height: int) -> Sequence[Text]:
    """Draw the learning rate."""
    drawing = Drawing(scene, width)
    for other, ink, label in _ink_others(scene):
        drawing.add_steps(other, "learning_rate", None, replace(ink, letter=None), smooth=False, label=label)
    own = "rate" if scene.earlier or scene.cross is not None else ""
    drawing.add_steps(scene.run, "learning_rate", None, _TRAIN, smooth=False, label=own)
    rate = scene.run.now.get("learning_rate")
    parts = [Text("" if rate is None else f"{rate:.2e}", _TRAIN.color or ""), *_name_others(scene, lambda _other: None)]
    title = _build_title("learning rate", *(_read_cross(drawing, scene) or parts), width=width)
    return drawing.finish(title, height, include=0.0, logarithmic=scene.view.logarithmic)


def draw_gap(scene: Scene, width: int, height: int) -> Sequence[Text]:
    """Draw by how much the val loss is above the train loss: what grows with overfitting."""
    drawing = Drawing(scene, width)
    drawing.add_zero_line()
    for other, ink, label in _ink_others(scene):
        drawing.add_points(other, _compute_gap(other), ink, label)
    gap = _compute_gap(scene.run)
    own = "gap" if scene.earlier or scene.cross is not None else ""
    drawing.add_points(scene.run, gap, _VAL, own)
    shown = [_describe_line("val − train loss", float(gap[-1]) if len(gap) else None, _VAL, signed=True)]
    parts = _read_cross(drawing, scene) or [*shown, *_name_others(scene, lambda _other: None)]
    return drawing.finish(_build_title("gap", *parts, width=width), height, include=0.0)


def draw_confusion(scene: Scene, width: int, height: int) -> Sequence[Text]:
    """Draw the confusion counts of the last evaluation; with many classes, the pairs that are confused most."""
    last = scene.run.scores.last
    if last is None:
        return [Text.assemble(("confusion", "bold"), ("  after the first evaluation", "dim"))]
    counts = np.array(last.confusion)
    names = [scene.run.labels[k] if k < len(scene.run.labels) else f"class {k}" for k in range(len(counts))]
    head = Text.assemble(
        ("confusion", "bold"), (f"  val at epoch {last.epoch:.3g}: labels down, predictions across", "dim")
    )
    head.truncate(width, overflow="ellipsis")
    worst = [
        Text(clip(each.words, width), no_wrap=True) for each in islice(list_confusions(counts, names), _WORST)
    ] or [Text("nothing is confused", "dim")]
    worst.append(Text("enter shows rows that it gets wrong", "dim"))
    room = height - 2 - len(worst)
    table = build_confusion_table(counts, names, width, room)
    if table is None:
        return [head, *list_confused_pairs(counts, names, width, height - 2).split("\n"), worst[-1]]
    return [head, *table.split("\n"), Text(), *worst]


PLOTS: Mapping[str, Plot] = {
    "loss": draw_loss,
    "metric": draw_metric,
    "rate": draw_rate,
    "gap": draw_gap,
    "confusion": draw_confusion,
}


def list_metrics(run: WatchedRun) -> list[str]:
    """Return what `draw_metric` can show of a run, the scores of val first."""
    scores = [name for name in run.scores.columns if name not in ("step", "time", "val_loss")]
    steps = [name for name in VALUES if name not in ("loss", "learning_rate", *scores)]
    return [*scores, *steps]


def format_metric_name(name: str) -> str:
    """Return a number's name as people say it."""
    return _STEP_LABELS.get(name) or format_label(name)


_STEP_LABELS = {
    "rows_per_second": "rows/s",
    "tokens_per_second": "tokens/s",
    "memory_bytes": "memory, GiB",
}


def _build_title(name: str, *parts: Text, width: int) -> Text:
    """Return a plot's name and as many whole parts as fit: a number cut in half would mislead."""
    title = Text(name, "bold")
    for part in parts:
        if part and len(title) + 2 + len(part) <= width:
            title.append("  ").append_text(part)
    return title


def _describe_line(name: str, value: float | None, ink: Ink, *, signed: bool = False) -> Text:
    """Return a line's name with its latest value, in its own colour and with its own mark."""
    if value is None or not math.isfinite(value):
        return Text("")
    number = f"{value:+.3f}" if signed else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"
    return Text(f"{ink.letter or '─'} {name} {number}", ink.color or "default")


def _ink_others(scene: Scene) -> list[tuple[WatchedRun, Ink, str]]:
    """Return each further run with its ink, whose letter marks its evaluations, and its label."""
    return [
        (run, Ink(_OTHERS[number % len(_OTHERS)], letter=ascii_lowercase[number % 26]), name_other(number, run))
        for number, run in enumerate(scene.earlier)
    ]


def name_other(number: int, run: WatchedRun) -> str:
    """Return what a further run is called in a plot: its letter and the beginning of its name."""
    return f"{ascii_lowercase[number % 26]} {clip(run.run.name, _LONGEST_NAME)}"


def _name_others(scene: Scene, value: Callable[[WatchedRun], float | None]) -> list[Text]:
    """Return the label of each further run in its colour, with a value where there is one."""
    parts = []
    for run, ink, label in _ink_others(scene):
        number = value(run)
        parts.append(Text(label if number is None else f"{label} {number:.3f}", ink.color or ""))
    return parts


def _read_cross(drawing: Drawing, scene: Scene) -> list[Text]:
    """Return where the crosshair is, and the value of every line there; empty where there is no crosshair."""
    place = scene.cross
    if place is None:
        return []
    where = format_clock(place) if scene.view.over == "time" else f"{place:,.4g}"
    parts = [Text(f"│ {where}", "bold")]
    return parts + [
        Text(f"{name} {value:.3g}" if abs(value) < 0.01 else f"{name} {value:.3f}", ink.color or "")
        for name, value, ink in drawing.read_cross()
    ]


def _find_latest(run: WatchedRun, name: str) -> float | None:
    column = run.scores.columns.get(name)
    return column[-1] if column else None


def _compute_gap(run: WatchedRun) -> Floats:
    """Return by how much the val loss of each evaluation is above the mean train loss since the one before."""
    steps = run.scores.get_column("step")
    train = run.steps.curve_segment("loss", "step", *run.steps.span("step"))
    if not len(steps) or not len(train.xs):
        return np.empty(0)
    sums = np.concatenate([[0.0], np.cumsum(train.mean, dtype=np.float64)])
    ends = np.searchsorted(train.xs, steps, side="right")
    begins = np.concatenate([[0], ends[:-1]])
    count = ends - begins
    means = np.where(count > 0, (sums[ends] - sums[begins]) / np.maximum(count, 1), np.nan)
    return np.asarray(run.scores.get_column("val_loss") - means)
