"""Builds a plot from curves of runs, reduced to what can be seen, on axes that fit them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from rich.text import Text

from txt.charts.plot import ChartRows, draw_field_chart
from txt.charts.plot_view import SMOOTHINGS, Floats, Scene, find_step_at, locate_step
from txt.charts.raster import Ink, Line, Numbers
from txt.charts.ticks import build_log_axis, build_number_axis, build_time_axis
from txt.runs.event_index import VALUES
from txt.runs.live import WatchedRun
from txt.runs.step_curves import CurveSegment

BEST = Ink("bright_green", "bold", letter="◆", joined=False)
_ZERO = Ink("bright_black", letter="┄", joined=False)
_ACT = Ink("bright_black", letter="┊", joined=False)
_CROSS = Ink("bright_white", letter="│", joined=False)
_FINE = 16  # points per column that are smoothed: smoothing all points of a long run would be slow and look the same


class Drawing:
    """Collects the lines of a plot in the axis's numbers."""

    def __init__(self, scene: Scene, width: int) -> None:
        self._scene, self._width = scene, width
        self._left, self._right = scene.window
        self.lines: list[Line] = []

    def add_steps(
        self, run: WatchedRun, name: str, raw: Ink | None, ink: Ink, *, smooth: bool = True, label: str = ""
    ) -> None:
        """Add a number of the steps: as it is in `raw` ink and smoothed above it, or one of them; `label` names it."""
        view = self._scene.view
        if name not in VALUES:
            return
        over = "time" if view.over == "time" else "step"
        first, last = (find_step_at(run, view.over, edge) for edge in (self._left, self._right))
        share = SMOOTHINGS[view.smoothing] if smooth else 0.0
        seen = run.steps.curve_segment(name, over, first, last)
        if name == "memory_bytes":
            seen = replace(seen, **{part: getattr(seen, part) / 2**30 for part in ("low", "mean", "high")})
        xs, means = _thin_points(seen.xs, seen.mean.astype(np.float64), _FINE * self._width)
        window = round(share * len(xs)) // 2
        if raw is not None and window:
            self._add(run, *_find_extremes(seen, 2 * self._width), raw)
        if window:
            self._add(run, *_thin_points(xs, _smooth_values(means, window), 2 * self._width), ink, label)
        elif raw is not None or not len(seen.xs):
            self._add(run, *_find_extremes(seen, 2 * self._width), ink, label)
        else:
            self._add(run, *_thin_points(xs, means, 2 * self._width), ink, label)

    def add_scores(self, run: WatchedRun, name: str, ink: Ink, label: str = "") -> None:
        """Add a number of the evaluations."""
        if name in run.scores.columns:
            self.add_points(run, run.scores.get_column(name), ink, label)

    def add_points(self, run: WatchedRun, ys: Floats, ink: Ink, label: str = "") -> None:
        """Add one value an evaluation."""
        xs = locate_step(run, self._scene.view.over, run.scores.get_column("step"), run.scores.get_column("time"))
        xs = xs[: len(ys)]
        if len(xs) > self._width:  # more marks than columns would hide the line
            ink = replace(ink, letter=None)
            xs, ys = _thin_points(xs, ys, 2 * self._width)
        self.lines.append(Line(xs, ys, ink, label))

    def read_cross(self) -> list[tuple[str, float, Ink]]:
        """Return each named line's value where the crosshair is: that of its nearest point that is drawn."""
        place = self._scene.cross
        found = []
        for line in self.lines:
            ok = np.isfinite(line.ys) & np.isfinite(line.xs)
            if place is not None and line.name and ok.any():
                nearest = int(np.argmin(np.abs(line.xs[ok] - place)))
                found.append((line.name, float(line.ys[ok][nearest]), line.ink))
        return sorted(found, key=lambda each: each[0][1:2] == " ")  # further runs, named by a letter, come last

    def mark_best(self, run: WatchedRun, step: int, when: float, y: float) -> None:
        """Mark the best evaluation."""
        x = locate_step(run, self._scene.view.over, np.array([step], float), np.array([when]))
        self.lines.append(Line(x, np.array([y]), BEST))

    def add_zero_line(self) -> None:
        """Add a line at 0."""
        xs = np.linspace(self._left, self._right, max(self._width, 2))
        self.lines.append(Line(xs, np.zeros(len(xs)), _ZERO))

    def finish(
        self, title: Text, height: int, *, include: float | None = None, logarithmic: bool = False
    ) -> list[Text]:
        """Return the title and the rows of the chart below it."""
        title.truncate(self._width, overflow="ellipsis")
        lines = [_take_logarithms(line) for line in self.lines] if logarithmic else self.lines
        seen = _select_visible(lines, self._left, self._right)
        if not len(seen):
            return [title, Text("  nothing yet", "dim")]
        if include is not None and not logarithmic:
            seen = np.append(seen, include)
        low, high = float(seen.min()), float(seen.max())
        pad = (high - low) * 0.03 or abs(high) * 0.05 or 0.5
        low, high = (low if low == include else low - pad), high + pad
        up = (build_log_axis if logarithmic else build_number_axis)(low, high, max(height // 2, 3))
        over = self._scene.view.over
        axis = build_time_axis if over == "time" else build_number_axis
        across = axis(self._left, self._right, max(self._width // 12, 2))
        lines = [*self._draw_acts(low, high, height), *lines]
        chart = draw_field_chart(lines, self._width, height - 1, across, up, x_title=over)
        return ChartRows([title, *chart], chart.left, chart.columns)

    def _draw_acts(self, low: float, high: float, height: int) -> list[Line]:
        """Return upright lines where somebody did something to the run, and where the crosshair is."""
        ups = np.linspace(low, high, max(2 * height, 2))
        found = []
        for mark, step, when in list_acts(self._scene.run):
            x = locate_step(self._scene.run, self._scene.view.over, np.array([step], float), np.array([when]))
            found += [Line(np.repeat(x, len(ups)), ups, _ACT), Line(x, np.array([high]), replace(_ACT, letter=mark))]
        if (cross := self._scene.cross) is not None:
            found.append(Line(np.full(len(ups), cross), ups, _CROSS))
        return found

    def _add(self, run: WatchedRun, xs: Floats, ys: Floats, ink: Ink, label: str = "") -> None:
        self.lines.append(Line(locate_step(run, self._scene.view.over, xs, xs), ys, ink, label))


ACT_MARKS = {"note": "n", "pause": "‖", "rate": "÷"}
"""What stands above the upright line of a note, a pause and a change of the learning rate."""


def list_acts(run: WatchedRun) -> list[tuple[str, int, float]]:
    """Return what was done to a run while it trained, as (mark, step, time); refused commands are left out."""
    return [
        (ACT_MARKS[each.command], each.step, each.time)
        for each in run.answers
        if each.command in ACT_MARKS and each.refused is None
    ]


def _find_extremes(seen: CurveSegment, dots: int) -> tuple[Floats, Floats]:
    """Return the lowest and the highest value of each of so many columns, as one line up and down."""
    if len(seen.xs) <= dots:
        return seen.xs, seen.mean.astype(np.float64)
    starts = _find_starts(seen.xs, dots)
    low, high = np.minimum.reduceat(seen.low, starts), np.maximum.reduceat(seen.high, starts)
    ys = np.stack([low, high], axis=1).astype(np.float64)
    ys[1::2] = ys[1::2, ::-1]
    return np.repeat(seen.xs[starts], 2), ys.ravel()


def _thin_points(xs: Floats, ys: Floats, dots: int) -> tuple[Floats, Floats]:
    """Return the mean value of each of so many columns."""
    if len(xs) <= dots:
        return xs, ys
    starts = _find_starts(xs, dots)
    sizes = np.diff(np.append(starts, len(xs)))
    return xs[starts], np.add.reduceat(ys, starts) / sizes


def _find_starts(xs: Floats, columns: int) -> npt.NDArray[np.intp]:
    """Return where each of so many columns of equal width begins in ascending `xs`; empty ones are left out."""
    edges = np.linspace(xs[0], xs[-1], columns, endpoint=False)
    return np.unique(np.minimum(np.searchsorted(xs, edges), len(xs) - 1))


def _smooth_values(ys: Numbers, window: int) -> Floats:
    """Return the mean of each value and `window` others on both sides, of fewer at the ends."""
    sums = np.concatenate([[0.0], np.cumsum(ys, dtype=np.float64)])
    places = np.arange(len(ys))
    reach = np.minimum(np.minimum(places, len(ys) - 1 - places), window)
    return np.asarray((sums[places + reach + 1] - sums[places - reach]) / (2 * reach + 1))


def _take_logarithms(line: Line) -> Line:
    with np.errstate(divide="ignore", invalid="ignore"):
        return replace(line, ys=np.log10(np.where(line.ys > 0, line.ys, np.nan)))


def _select_visible(lines: Sequence[Line], left: float, right: float) -> Floats:
    """Return the finite values that lie in view."""
    parts = [
        line.ys[(line.xs >= left) & (line.xs <= right) & np.isfinite(line.ys)]
        for line in lines
        if line.ink is not _ZERO
    ]
    return np.concatenate(parts) if parts else np.empty(0)
