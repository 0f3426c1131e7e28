"""A two-by-two figure of a training: loss, accuracy, learning rate, and the gap between train and val."""

import html
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from txt.charts.shapes import WIDTH, DotShape, LineShape, Points, Shape, TextShape, svg
from txt.charts.svg import Scale
from txt.errors import InputError
from txt.metrics import format_label
from txt.runs.curves import Curves
from txt.sanitize import clip, sanitize

_PANEL_WIDTH, _PANEL_HEIGHT = 380, 230
_LEFTS, _TOPS = (74, 554), (100, 418)
_BUCKETS = 190  # points of a line that can be told apart in a panel, two pixels each


@dataclass(frozen=True)
class PanelCurve:
    """A line of a panel with its name; `dots` marks each point."""

    name: str
    points: Points
    color: str
    dots: bool = False


@dataclass(frozen=True)
class Panel:
    """One of the four plots."""

    title: str
    curves: Sequence[PanelCurve]
    zero: bool = False


def figure(curves: Curves, title: str) -> list[Shape]:
    """Return the shapes of the figure, WIDTH by HEIGHT.

    Raises:
        InputError: nothing was recorded yet.
    """
    if not curves.steps:
        raise InputError(f"there are no curves of `{title}` yet", "a training records its first after some steps")
    shapes: list[Shape] = [TextShape(_LEFTS[0], 34, clip(title, 80), size=18, bold=True)]
    shapes += [TextShape(_LEFTS[0], 54, clip(describe_training(curves), 130), "muted", 12)]
    best = curves.best.epoch if curves.best else None
    last = max([curves.steps[-1].epoch, *(entry.epoch for entry in curves.evaluations[-1:])])
    for number, panel in enumerate(make_panels(curves)):
        left, top = _LEFTS[number % 2], _TOPS[number // 2]
        x = _make_scale([0.0, last], left, left + _PANEL_WIDTH, tight=True)
        shapes += _draw_panel(panel, x, top, best)
    return shapes


def make_panels(curves: Curves) -> list[Panel]:
    """Return the four plots."""
    steps, epochs = curves.steps, curves.epochs
    whole = [entry for entry in epochs if entry.train_loss is not None and entry.train_accuracy is not None]
    return [
        Panel(
            "Loss",
            [
                PanelCurve("train, by step", [(step.epoch, step.loss) for step in steps], "raw"),
                PanelCurve("train", [(entry.epoch, entry.train_loss or 0.0) for entry in whole], "train", dots=True),
                PanelCurve("val", [(entry.epoch, entry.val_loss) for entry in curves.evaluations], "val", dots=True),
            ],
        ),
        Panel(
            "Accuracy",
            [
                PanelCurve("train, by step", [(step.epoch, step.accuracy) for step in steps], "raw"),
                PanelCurve(
                    "train", [(entry.epoch, entry.train_accuracy or 0.0) for entry in whole], "train", dots=True
                ),
                PanelCurve("val", [(e.epoch, e.metrics["accuracy"]) for e in curves.evaluations], "val", dots=True),
            ],
        ),
        Panel(
            "Learning rate", [PanelCurve("", [(step.epoch, step.learning_rate) for step in steps], "train")], zero=True
        ),
        Panel(
            "Gap: val loss above train loss",
            [
                PanelCurve(
                    "", [(entry.epoch, entry.val_loss - (entry.train_loss or 0.0)) for entry in whole], "gap", dots=True
                )
            ],
            zero=True,
        ),
    ]


def describe_training(curves: Curves) -> str:
    """Describe the training in one line, for the top of the figure."""
    parts = []
    if curves.started:
        parts += [f"{curves.started.train_rows:,} train rows", f"{curves.started.parameters / 1e6:.1f} million weights"]
    if curves.best:
        best = f"{format_label(curves.best.metric)} {curves.best.score:.3f} on val"
        parts += [f"best at epoch {curves.best.epoch:.3g} (dashed): {best}"]
    return ", ".join(parts)


def render_page(shapes: Iterable[Shape], title: str, options: Sequence[str]) -> str:
    """Return a self-contained HTML page with the figure and the options that differ from their defaults."""
    heading, listed = html.escape(sanitize(title)), html.escape(sanitize(", ".join(options)))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{heading}</title>\n<style>body {{ margin: 24px auto; max-width: {WIDTH}px; padding: 0 16px; "
        "font: 15px/1.5 system-ui, sans-serif; background: #fff; color: #1b1f24; } "
        "svg { max-width: 100%; height: auto; } p { color: #626c78; }</style></head>\n"
        f"<body>{svg(shapes)}<p>{listed}</p></body></html>\n"
    )


def _draw_panel(panel: Panel, x: Scale, top: float, best: float | None) -> Iterator[Shape]:
    """Yield a panel's axes, grid, legend, curves, and a dashed line at the best epoch."""
    curves = [PanelCurve(c.name, _thin_points(_keep_finite(c.points)), c.color, c.dots) for c in panel.curves]
    curves = [curve for curve in curves if curve.points]
    bottom = top + _PANEL_HEIGHT
    yield TextShape(x.start, top - 10, panel.title, size=13, bold=True)
    if not curves:
        yield TextShape((x.start + x.stop) / 2, (top + bottom) / 2, "nothing yet", "muted", 12, "middle")
        return
    values = [value for curve in curves for _, value in curve.points] + [0.0] * panel.zero
    y = _make_scale(values, bottom, top)
    for tick in y.ticks:
        yield LineShape([(x.start, y(tick)), (x.stop, y(tick))], "muted" if tick == 0 and panel.zero else "grid", 1)
        yield TextShape(x.start - 8, y(tick) + 4, f"{tick:.6g}", "muted", 11, "end")
    for tick in x.ticks:
        yield LineShape([(x(tick), bottom), (x(tick), bottom + 4)], "muted", 1)
        yield TextShape(x(tick), bottom + 18, f"{tick:.6g}", "muted", 11, "middle")
    yield TextShape(x.stop, bottom + 34, "epoch", "muted", 11, "end")
    if best is not None and best <= x.high:
        yield LineShape([(x(best), top), (x(best), bottom)], "muted", 1, dashed=True)
    for curve in curves:
        points = [(x(epoch), y(value)) for epoch, value in curve.points]
        yield LineShape(points, curve.color, 1.0 if curve.color == "raw" else 1.8)
        yield from (DotShape(*point, curve.color) for point in points if curve.dots and len(points) <= 40)
    yield from _draw_legend([curve for curve in curves if curve.name], x.stop, top - 10)


def _draw_legend(curves: Sequence[PanelCurve], right: float, y: float) -> Iterator[Shape]:
    for curve in reversed(curves):
        yield TextShape(right, y, curve.name, "ink", 11, "end")
        right -= 5.6 * len(curve.name) + 6
        yield LineShape([(right - 18, y - 4), (right, y - 4)], curve.color, 2.5)
        right -= 30


def _make_scale(values: Sequence[float], start: float, stop: float, *, tight: bool = False) -> Scale:
    """Return a scale with round steps that holds all values; a tight one ends where they end."""
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / 5))
    step = next(factor * power for factor in (1, 2, 5, 10) if span / (factor * power) <= 6)
    floor = math.floor(low / step + 1e-9) * step
    if tight:
        return _TightScale(low, high, step, start, stop)
    return Scale(floor, max(math.ceil(high / step - 1e-9) * step, floor + step), step, start, stop)


class _TightScale(Scale):
    """A scale whose last tick may lie before its end."""

    @property
    def ticks(self) -> list[float]:
        """The round values to mark."""
        return [self.low + self.step * tick for tick in range(int((self.high - self.low) / self.step + 1e-9) + 1)]


def _keep_finite(points: Points) -> Points:
    return [point for point in points if math.isfinite(point[1])]


def _thin_points(points: Points) -> Points:
    """Keep the first, lowest, highest and last point of each stretch, so that no peak is lost."""
    stretch = math.ceil(len(points) / _BUCKETS)
    if stretch <= 4:
        return points
    kept: list[tuple[float, float]] = []
    for begin in range(0, len(points), stretch):
        part = points[begin : begin + stretch]
        kept += sorted({part[0], part[-1], min(part, key=itemgetter(1)), max(part, key=itemgetter(1))})
    return kept
