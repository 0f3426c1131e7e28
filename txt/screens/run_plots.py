"""The plots of a run: which lines, on which axes, in which ink."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from rich.text import Text

from txt.event_index import VALUES
from txt.screens.charts import field_chart
from txt.screens.confusion import confusion_pairs, confusion_table
from txt.screens.raster import Ink, Line, Numbers
from txt.screens.ticks import log_axis, number_axis, time_axis
from txt.screens.watched_run import WatchedRun
from txt.step_curves import Stretch

AXES = ("step", "epoch", "time")
SMOOTHINGS = (0.0, 0.02, 0.1)
"""Shares of what is seen that a smoothed curve is the mean over; it lags behind on neither side."""

_TRAIN, _RAW, _VAL = Ink("blue+"), Ink("blue", "dim"), Ink("orange+", letter="•")
_BEST = Ink("green+", "bold", letter="◆", joined=False)
_EARLIER, _ZERO = Ink("gray", "dim"), Ink("gray", "dim", letter="┄", joined=False)
_SMALLEST_ZOOM = 1e-4
_FINE = 16  # points a column that are smoothed: all of a long run would take longer than they can be seen

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """How plots are seen: over what, how smooth, and which stretch of it, as shares of the whole.

    A stretch that reaches to the end (`right` is 1) follows it.
    """

    over: str = "step"
    smoothing: int = 1
    logarithmic: bool = False
    metric: str = "accuracy"
    width: float = 1.0
    right: float = 1.0

    def zoomed(self, factor: float) -> "View":
        """Return the view with a stretch `factor` times as wide, about its middle, or at the end when it follows it."""
        width = min(max(self.width * factor, _SMALLEST_ZOOM), 1.0)
        middle = self.right - self.width / 2
        right = 1.0 if self.right >= 1.0 else middle + width / 2
        return replace(self, width=width, right=min(max(right, width), 1.0))

    def moved(self, share: float) -> "View":
        """Return the view moved along by a share of its stretch."""
        return replace(self, right=min(max(self.right + share * self.width, self.width), 1.0))


@dataclass(frozen=True)
class Scene:
    """What plots are made from: the run, earlier ones to lay behind it, and the view."""

    run: WatchedRun
    view: View = View()
    earlier: Sequence[WatchedRun] = field(default=())

    @property
    def window(self) -> tuple[float, float]:
        """The stretch that is seen, in the axis's own numbers."""
        ends = [_place(each, self.view.over, *_last(each)) for each in (self.run, *self.earlier)]
        end = max([*ends, 1e-9])
        return (self.view.right - self.view.width) * end, self.view.right * end


Plot = Callable[[Scene, int, int], Text]


def loss_plot(scene: Scene, width: int, height: int) -> Text:
    """Draw the loss on train and val."""
    run, best = scene.run, scene.run.scores.best
    drawing = _Drawing(scene, width)
    for other in scene.earlier:
        drawing.steps(other, "loss", None, _EARLIER)
        drawing.scores(other, "val_loss", replace(_EARLIER, letter="·"))
    drawing.steps(run, "loss", _RAW, _TRAIN)
    drawing.scores(run, "val_loss", _VAL)
    title = _title("loss", _named("train", run.now.get("loss"), _TRAIN), _named("val", _latest(run, "val_loss"), _VAL))
    if best:
        drawing.mark(run, best.step, best.time, best.val_loss)
    return drawing.finished(title, height, logarithmic=scene.view.logarithmic)


def metric_plot(scene: Scene, width: int, height: int) -> Text:
    """Draw the accuracy on train and val, or another score, or a number of the steps."""
    run, name, best = scene.run, scene.view.metric, scene.run.scores.best
    drawing = _Drawing(scene, width)
    for other in scene.earlier:
        drawing.steps(other, name, None, _EARLIER)
        drawing.scores(other, name, replace(_EARLIER, letter="·"))
    drawing.steps(run, name, _RAW, _TRAIN)
    drawing.scores(run, name, _VAL)
    title = _title(spoken(name), _named("train", run.now.get(name), _TRAIN), _named("val", _latest(run, name), _VAL))
    if best and name in best.metrics:
        drawing.mark(run, best.step, best.time, best.metrics[name])
        title.append(f"  ◆ best {best.metrics[name]:.3f}", "green")
    return drawing.finished(title, height)


def rate_plot(scene: Scene, width: int, height: int) -> Text:
    """Draw the learning rate."""
    drawing = _Drawing(scene, width)
    for other in scene.earlier:
        drawing.steps(other, "learning_rate", None, _EARLIER, smooth=False)
    drawing.steps(scene.run, "learning_rate", None, _TRAIN, smooth=False)
    rate = scene.run.now.get("learning_rate")
    title = _title("learning rate", Text("" if rate is None else f"{rate:.2e}", "blue"))
    return drawing.finished(title, height, include=0.0, logarithmic=scene.view.logarithmic)


def gap_plot(scene: Scene, width: int, height: int) -> Text:
    """Draw by how much the val loss is above the train loss: what grows with overfitting."""
    drawing = _Drawing(scene, width)
    left, right = scene.window
    drawing.lines.append(Line(np.linspace(left, right, max(width, 2)), np.zeros(max(width, 2)), _ZERO))
    for other in scene.earlier:
        drawing.points(other, _gap(other), replace(_EARLIER, letter="·"))
    gap = _gap(scene.run)
    drawing.points(scene.run, gap, _VAL)
    shown = _named("val − train loss", float(gap[-1]) if len(gap) else None, _VAL, signed=True)
    return drawing.finished(_title("gap", shown), height, include=0.0)


def confusion_plot(scene: Scene, width: int, height: int) -> Text:
    """Draw the confusion counts of the last evaluation; with many classes, the pairs that are confused most."""
    last = scene.run.scores.last
    if last is None:
        return Text.assemble(("confusion", "bold"), ("  after the first evaluation", "dim"))
    counts = np.array(last.confusion)
    names = [scene.run.labels[k] if k < len(scene.run.labels) else f"class {k}" for k in range(len(counts))]
    head = Text.assemble(
        ("confusion", "bold"), (f"  val at epoch {last.epoch:.3g}: labels down, predictions across", "dim")
    )
    table = confusion_table(counts, names, width, height - 1) or confusion_pairs(counts, names, width, height - 1)
    head.truncate(width, overflow="ellipsis")
    return Text("\n").join([head, table])


PLOTS: Mapping[str, Plot] = {
    "loss": loss_plot,
    "metric": metric_plot,
    "rate": rate_plot,
    "gap": gap_plot,
    "confusion": confusion_plot,
}


def metrics_of(run: WatchedRun) -> list[str]:
    """Return what `metric_plot` can show of a run, the scores of val first."""
    scores = [name for name in run.scores.columns if name not in ("step", "time", "val_loss")]
    steps = [name for name in VALUES if name not in ("loss", "learning_rate", *scores)]
    return [*scores, *steps]


def spoken(name: str) -> str:
    """Return a number's name as people say it."""
    return _SPOKEN.get(name, name.replace("_", " "))


_SPOKEN = {
    "macro_f1": "macro-F1",
    "mcc": "MCC",
    "gradient_norm": "gradient norm",
    "rows_per_second": "rows/s",
    "tokens_per_second": "tokens/s",
    "memory_bytes": "memory, GiB",
}


class _Drawing:
    """Collects the lines of a plot in the axis's numbers."""

    def __init__(self, scene: Scene, width: int) -> None:
        self._scene, self._width = scene, width
        self._left, self._right = scene.window
        self.lines: list[Line] = []

    def steps(self, run: WatchedRun, name: str, raw: Ink | None, ink: Ink, *, smooth: bool = True) -> None:
        """Add a number of the steps: as it is in `raw` ink and smoothed above it, or one of them."""
        view = self._scene.view
        if name not in VALUES:
            return
        over = "time" if view.over == "time" else "step"
        first, last = (_unplace(run, view.over, edge) for edge in (self._left, self._right))
        share = SMOOTHINGS[view.smoothing] if smooth else 0.0
        seen = run.steps.stretch(name, over, first, last)
        if name == "memory_bytes":
            seen = replace(seen, **{part: getattr(seen, part) / 2**30 for part in ("low", "mean", "high")})
        xs, means = _thinned(seen.xs, seen.mean.astype(np.float64), _FINE * self._width)
        window = round(share * len(xs)) // 2
        if raw is not None and window:
            self._add(run, *_extremes(seen, 2 * self._width), raw)
        if window:
            self._add(run, *_thinned(xs, _smoothed(means, window), 2 * self._width), ink)
        elif raw is not None or not len(seen.xs):
            self._add(run, *_extremes(seen, 2 * self._width), ink)
        else:
            self._add(run, *_thinned(xs, means, 2 * self._width), ink)

    def scores(self, run: WatchedRun, name: str, ink: Ink) -> None:
        """Add a number of the evaluations."""
        if name in run.scores.columns:
            self.points(run, run.scores.column(name), ink)

    def points(self, run: WatchedRun, ys: Floats, ink: Ink) -> None:
        """Add one value an evaluation."""
        xs = _places(run, self._scene.view.over, run.scores.column("step"), run.scores.column("time"))
        xs = xs[: len(ys)]
        if len(xs) > self._width:  # more marks than columns would hide the line
            ink = replace(ink, letter=None)
            xs, ys = _thinned(xs, ys, 2 * self._width)
        self.lines.append(Line(xs, ys, ink))

    def mark(self, run: WatchedRun, step: int, when: float, y: float) -> None:
        """Mark the best evaluation."""
        x = _places(run, self._scene.view.over, np.array([step], float), np.array([when]))
        self.lines.append(Line(x, np.array([y]), _BEST))

    def finished(self, title: Text, height: int, *, include: float | None = None, logarithmic: bool = False) -> Text:
        """Return the title and the chart below it."""
        title.truncate(self._width, overflow="ellipsis")
        lines = [_logarithms(line) for line in self.lines] if logarithmic else self.lines
        seen = _seen(lines, self._left, self._right)
        if not len(seen):
            return Text("\n").join([title, Text("  nothing yet", "dim")])
        if include is not None and not logarithmic:
            seen = np.append(seen, include)
        low, high = float(seen.min()), float(seen.max())
        pad = (high - low) * 0.03 or abs(high) * 0.05 or 0.5
        low, high = (low if low == include else low - pad), high + pad
        up = (log_axis if logarithmic else number_axis)(low, high, max(height // 3, 3))
        over = self._scene.view.over
        axis = time_axis if over == "time" else number_axis
        across = axis(self._left, self._right, max(self._width // 12, 2))
        chart = field_chart(lines, self._width, height - 1, across, up)
        return Text("\n").join([title, chart])

    def _add(self, run: WatchedRun, xs: Floats, ys: Floats, ink: Ink) -> None:
        self.lines.append(Line(_places(run, self._scene.view.over, xs, xs), ys, ink))


def _title(name: str, *parts: Text) -> Text:
    title = Text(name, "bold")
    for part in parts:
        if part:
            title.append("  ").append_text(part)
    return title


def _named(name: str, value: float | None, ink: Ink, *, signed: bool = False) -> Text:
    """Return a line's name with its latest value, in its own colour and with its own mark."""
    if value is None or not math.isfinite(value):
        return Text("")
    color = (ink.color or "default").replace("orange+", "yellow").rstrip("+")
    number = f"{value:+.3f}" if signed else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3f}"
    return Text(f"{ink.letter or '─'} {name} {number}", color)


def _latest(run: WatchedRun, name: str) -> float | None:
    column = run.scores.columns.get(name)
    return column[-1] if column else None


def _gap(run: WatchedRun) -> Floats:
    """Return by how much the val loss of each evaluation is above the mean train loss since the one before."""
    steps = run.scores.column("step")
    train = run.steps.stretch("loss", "step", *run.steps.span("step"))
    if not len(steps) or not len(train.xs):
        return np.empty(0)
    sums = np.concatenate([[0.0], np.cumsum(train.mean, dtype=np.float64)])
    ends = np.searchsorted(train.xs, steps, side="right")
    begins = np.concatenate([[0], ends[:-1]])
    count = ends - begins
    means = np.where(count > 0, (sums[ends] - sums[begins]) / np.maximum(count, 1), np.nan)
    return np.asarray(run.scores.column("val_loss") - means)


def _last(run: WatchedRun) -> tuple[float, float]:
    return run.steps.span("step")[1], run.steps.span("time")[1]


def _place(run: WatchedRun, over: str, step: float, when: float) -> float:
    if over == "time":
        return when - run.begun if run.begun and when else 0.0
    return step / run.steps_per_epoch if over == "epoch" else step


def _unplace(run: WatchedRun, over: str, place: float) -> float:
    """Return the step or the time of a place on the axis."""
    if over == "time":
        return place + (run.begun or 0.0)
    return place * run.steps_per_epoch if over == "epoch" else place


def _places(run: WatchedRun, over: str, steps: Floats, times: Floats) -> Floats:
    if over == "time":
        return times - (run.begun or 0.0)
    return steps / run.steps_per_epoch if over == "epoch" else steps


def _extremes(seen: Stretch, dots: int) -> tuple[Floats, Floats]:
    """Return the lowest and the highest value of each of so many columns, as one line up and down."""
    if len(seen.xs) <= dots:
        return seen.xs, seen.mean.astype(np.float64)
    starts = _starts(seen.xs, dots)
    low, high = np.minimum.reduceat(seen.low, starts), np.maximum.reduceat(seen.high, starts)
    ys = np.stack([low, high], axis=1).astype(np.float64)
    ys[1::2] = ys[1::2, ::-1]
    return np.repeat(seen.xs[starts], 2), ys.ravel()


def _thinned(xs: Floats, ys: Floats, dots: int) -> tuple[Floats, Floats]:
    """Return the mean value of each of so many columns."""
    if len(xs) <= dots:
        return xs, ys
    starts = _starts(xs, dots)
    sizes = np.diff(np.append(starts, len(xs)))
    return xs[starts], np.add.reduceat(ys, starts) / sizes


def _starts(xs: Floats, columns: int) -> npt.NDArray[np.intp]:
    """Return where each of so many columns of equal width begins in ascending `xs`; empty ones are left out."""
    edges = np.linspace(xs[0], xs[-1], columns, endpoint=False)
    return np.unique(np.minimum(np.searchsorted(xs, edges), len(xs) - 1))


def _smoothed(ys: Numbers, window: int) -> Floats:
    """Return the mean of each value and `window` others on both sides, of fewer at the ends."""
    sums = np.concatenate([[0.0], np.cumsum(ys, dtype=np.float64)])
    places = np.arange(len(ys))
    reach = np.minimum(np.minimum(places, len(ys) - 1 - places), window)
    return np.asarray((sums[places + reach + 1] - sums[places - reach]) / (2 * reach + 1))


def _logarithms(line: Line) -> Line:
    with np.errstate(divide="ignore", invalid="ignore"):
        return replace(line, ys=np.log10(np.where(line.ys > 0, line.ys, np.nan)))


def _seen(lines: Sequence[Line], left: float, right: float) -> Floats:
    """Return the finite values that lie in view."""
    parts = [
        line.ys[(line.xs >= left) & (line.xs <= right) & np.isfinite(line.ys)]
        for line in lines
        if line.ink is not _ZERO
    ]
    return np.concatenate(parts) if parts else np.empty(0)
