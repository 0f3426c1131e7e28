"""Charts as inline SVG, drawn by hand: no script, no library, colours from the page's own variables."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from txt.proportions import Bin, Interval
from txt.sanitize import clip, sanitize

MAX_NUMBERED_CLASSES = 15
MIN_NUMBERED_CELL = 640 / MAX_NUMBERED_CLASSES


@dataclass(frozen=True)
class Whisker:
    """A line of a whisker chart: a name, and one or more (series, interval) of it."""

    name: str
    series: Sequence[tuple[str, Interval]]
    note: str = ""


@dataclass(frozen=True)
class Unit:
    """How a chart writes values: times `factor`, in `form`."""

    factor: float = 1.0
    form: str = ".2f"

    def __call__(self, value: float) -> str:
        """Return a value as it is shown."""
        return f"{self.factor * value:{self.form}}"


_STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SHARE, POINTS = Unit(form=".3f"), Unit(100.0, "+.1f")


@dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` onto pixels from `start` to `stop`, with a tick every `step`."""

    low: float
    high: float
    step: float
    start: float
    stop: float

    @classmethod
    def around(cls, values: Sequence[float], start: float, stop: float) -> "Scale":
        """Return a scale that holds all values, of at most 1 in size, with round limits and at most 8 ticks."""
        step = next(step for step in _STEPS if (max(values) - min(values)) / step <= 6)
        low, high = math.floor(min(values) / step), math.ceil(max(values) / step)
        return cls(low * step, max(high, low + 1) * step, step, start, stop)

    def __call__(self, value: float) -> float:
        """Return where a value lies."""
        return self.start + (self.stop - self.start) * (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        """The values to mark."""
        return [self.low + self.step * tick for tick in range(round((self.high - self.low) / self.step) + 1)]


def escape_text(text: str) -> str:
    """Return text from data, safe inside HTML and SVG, as text and as attribute."""
    return html.escape(sanitize(text))


def draw_whisker_chart(rows: Sequence[Whisker], x: Scale, mark: float | None = None, unit: Unit = SHARE) -> str:
    """Draw values with their intervals on a common axis, with a line at `mark`."""
    line, top = 17, 8
    heights = [line * len(row.series) + 8 for row in rows]
    bottom = top + sum(heights)
    parts = [_draw_axis(x, top, bottom, unit)]
    if mark is not None:
        parts.append(f'<line class="zero" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{top}" y2="{bottom}"/>')
    y = float(top)
    for row, height in zip(rows, heights, strict=True):
        parts.append(_draw_text(x.start - 12, y + height / 2 + 4, clip(row.name, 28), "end", title=row.name))
        for s, (series, interval) in enumerate(row.series):
            parts.append(_draw_whisker(x, y + 4 + line * (s + 0.5), series, interval, unit, row.note))
        y += height
    return _wrap_svg(x.stop + 330, bottom + 26, parts)


def draw_heat_map(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Draw confusion counts, labels down and predictions across, each row shaded by the shares of its label."""
    classes = len(labels)
    cell = max(10.0, min(60.0, 640 / classes))
    letter = min(12.0, max(7.0, cell - 2))
    gutter = 12 + letter * 0.6 * min(26, max(len(sanitize(label)) for label in labels))
    parts = []
    for i, (label, row) in enumerate(zip(labels, counts, strict=True)):
        y = gutter + cell * i
        parts.append(_draw_text(gutter - 6, y + cell / 2 + letter / 3, clip(label, 26), "end", letter, label))
        x = gutter + cell * i
        turn = f'transform="rotate(-90 {x + cell / 2 + letter / 3:.1f} {gutter - 6:.1f})"'
        parts.append(_draw_text(x + cell / 2 + letter / 3, gutter - 6, clip(label, 26), "start", letter, label, turn))
        total = sum(row)
        for j, count in enumerate(row):
            if count:
                parts.append(_draw_cell(gutter + cell * j, y, cell, count, count / total, (label, labels[j])))
    side = cell * classes
    frame = f'<rect class="frame" x="{gutter:.1f}" y="{gutter:.1f}" width="{side:.1f}" height="{side:.1f}"/>'
    return _wrap_svg(gutter + side + 8, gutter + side + 8, [frame, *parts])


def draw_reliability_chart(bins: Sequence[Bin], scaled: Sequence[Bin]) -> str:
    """Draw accuracy against confidence, as it is and with the temperature, above the rows of each bin."""
    left, side, top, below = 56, 300, 8, 60
    x, y = Scale(0, 1, 0.2, left, left + side), Scale(0, 1, 0.2, top + side, top)
    parts = [_draw_axis(x, top, top + side, Unit(form=".1f"))]
    for tick in y.ticks:
        parts.append(_draw_text(left - 8, y(tick) + 4, f"{tick:.1f}", "end", 11))
        parts.append(f'<line class="grid" x1="{left}" x2="{left + side}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
    parts.append(f'<line class="zero dashed" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"/>')
    for name, series in (("scaled", scaled), ("model", bins)):
        path = " ".join(f"{x(entry.confidence):.1f},{y(entry.accuracy):.1f}" for entry in series)
        parts.append(f'<polyline class="curve {name}" points="{path}"/>')
        parts += [_draw_dot(x(entry.confidence), y(entry.accuracy), name, _bin_title(entry)) for entry in series]
    floor = top + side + 36 + below
    parts += [_draw_text(left - 8, floor, "rows", "end", 11), *_draw_histogram(bins, x, floor, below)]
    return _wrap_svg(left + side + 20, floor + 8, parts)


def draw_bar(share: float, width: int = 160) -> str:
    """Draw a share of 1 as a bar, for a cell of a table."""
    inner = f'<rect class="track" width="{width}" height="10" rx="2"/>'
    inner += f'<rect class="model" width="{width * share:.1f}" height="10" rx="2"/>'
    return f'<svg class="bar" width="{width}" height="10" aria-hidden="true">{inner}</svg>'


def _draw_whisker(x: Scale, y: float, series: str, interval: Interval, unit: Unit, note: str) -> str:
    told = f"{unit(interval.value)} [{unit(interval.low)}, {unit(interval.high)}]"
    line = f'<line class="{series}" x1="{x(interval.low):.1f}" x2="{x(interval.high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    dot = _draw_dot(x(interval.value), y, series, told)
    words = _draw_text(x.stop + 14, y + 4, told, size=11) + _draw_text(x.stop + 150, y + 4, note, size=11)
    return f'<g class="whisker">{line}{dot}{words}</g>'


def _draw_histogram(bins: Sequence[Bin], x: Scale, floor: float, tallest: float) -> list[str]:
    most = max(entry.rows for entry in bins)
    return [
        f'<rect class="muted" x="{x(entry.low) + 1:.1f}" y="{floor - tallest * entry.rows / most:.1f}" '
        f'width="{x(entry.high) - x(entry.low) - 2:.1f}" height="{tallest * entry.rows / most:.1f}">'
        f"<title>{entry.rows:,} rows of confidence {entry.low:.2f}–{entry.high:.2f}</title></rect>"
        for entry in bins
    ]


def _draw_cell(x: float, y: float, size: float, count: int, share: float, pair: tuple[str, str]) -> str:
    label, prediction = pair
    kind = "right" if label == prediction else "wrong"
    title = f"{count:,} of {label} predicted as {prediction} ({100 * share:.0f} %)"
    strength = share if kind == "right" else math.sqrt(share)  # a few mistakes among many classes stay visible
    rect = (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{size - 1:.1f}" height="{size - 1:.1f}" '
        f'fill-opacity="{0.05 + 0.95 * strength:.2f}"><title>{escape_text(title)}</title></rect>'
    )
    if size < MIN_NUMBERED_CELL:
        return rect
    shade = "on" if strength > 0.6 else ""
    letter = min(13.0, size / 3.2)
    return rect + (
        f'<text class="{shade}" x="{x + size / 2:.1f}" y="{y + size / 2 + letter / 3:.1f}" '
        f'font-size="{letter:.1f}" text-anchor="middle">{count:,}</text>'
    )


def _draw_axis(x: Scale, top: float, bottom: float, unit: Unit) -> str:
    parts = []
    for tick in x.ticks:
        parts.append(f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top}" y2="{bottom}"/>')
        parts.append(_draw_text(x(tick), bottom + 16, unit(tick), "middle", 11))
    return "".join(parts)


def _draw_dot(x: float, y: float, kind: str, title: str) -> str:
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{escape_text(title)}</title></circle>'


def _bin_title(entry: Bin) -> str:
    return f"confidence {entry.confidence:.3f}, accuracy {entry.accuracy:.3f}, {entry.rows:,} rows"


def _draw_text(
    x: float, y: float, text: str, anchor: str = "start", size: float = 12, title: str = "", more: str = ""
) -> str:
    hover = f"<title>{escape_text(title)}</title>" if title and title != text else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" text-anchor="{anchor}" {more}>'
        f"{escape_text(text)}{hover}</text>"
    )


def _wrap_svg(width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}">{"".join(parts)}</svg>'
    )
