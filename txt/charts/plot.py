"""Charts drawn with characters. Only this module uses plotext, whose next version has another interface.

The result is `rich.text.Text`, as a whole or one per row, for screens and for plain output.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.style import Style
from rich.text import Text

from txt.charts.raster import Ink, Line, Raster, Stroke
from txt.charts.ticks import Axis

_POINTS_A_COLUMN = 4  # more cannot be seen, and plotext takes 45 ms for 5,000 points and 760 ms for 100,000
_BLOCKS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True)
class Series:
    """A line of a chart; `color` is a name that plotext and every terminal know (`blue`, `green+`), or None for the
    colour of what is around the chart.
    """

    xs: Sequence[float]
    ys: Sequence[float]
    name: str = ""
    color: str | None = None


def draw_line_chart(
    series: Sequence[Series],
    width: int,
    height: int,
    *,
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
    from_zero: bool = False,
) -> Text:
    """Draw lines over common axes, `width` by `height` cells; points that are not finite are left out.

    With `log_x` the x-axis is logarithmic; its ticks stand at powers of ten. With `from_zero` the y-axis begins at 0.
    """
    import plotext  # importing it takes as long as drawing a label, and most sessions begin without a chart

    drawn = [_thin_series(_keep_finite(each, log_x), width) for each in series]
    drawn = [each for each in drawn if each.xs]
    if not drawn or width < 12 or height < 4:
        return Text("")
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)  # a chart does not depend on the size of the terminal
    plotext.plotsize(width, height)
    plotext.frame(False)
    for each in drawn:
        plotext.plot(each.xs, each.ys, marker="braille", color=each.color or "default", label=each.name or None)
    ticks = _choose_ticks(drawn, width, log_x)
    if ticks:
        plotext.xticks(*ticks)
    if from_zero:
        most = max(max(each.ys) for each in drawn) or 1.0
        plotext.ylim(0, most)
        plotext.yticks([0, most / 2, most], ["0", f"{most / 2:.3g}", f"{most:.3g}"])
    if x_label:
        plotext.xlabel(x_label)
    if y_label:
        plotext.ylabel(y_label)
    chart = Text.from_ansi(plotext.build().rstrip("\n"), no_wrap=True)
    plotext.clear_figure()
    return chart


def draw_field_chart(lines: Sequence[Line], width: int, height: int, across: Axis, up: Axis) -> list[Text]:
    """Draw lines over each other on given axes, the last on top; returns `height` rows of `width` cells.

    Only the axes are plotext's, and those stay as they are while their marks do. The dots are set here: for plotext
    each of them is an object, and four plots take 20 ms.
    """
    margin = max((len(label) for _, label in up.marks), default=0) + 1
    columns, rows = width - margin, height - 1
    if columns < 8 or rows < 2:
        return []
    raster = Raster(columns, rows, across.low, across.high, up.low, up.high)
    for line in lines:
        raster.draw(line)
    # Built and cached separately: the marks below change with every step, those at the side rarely, and the time for an
    # empty chart grows with its area.
    side = _draw_axes(margin + 8, height, ((0, " "),), _place_marks(up, rows, margin))
    below = _draw_axes(width, 3, _place_marks(across, columns), ((0, " " * margin),))[-1]
    drawn = [_overlay_strokes(row.ljust(width), margin, raster.list_strokes(at)) for at, row in enumerate(side[:rows])]
    return [*drawn, Text(below)]


def draw_bars(counts: Mapping[str, int], width: int, style: Style | str = "") -> Text:
    """Draw a bar a name, the longest as wide as there is room; names are shown as given, so sanitize them before."""
    if not counts:
        return Text("")
    label_width = min(max(len(name) for name in counts), max(width // 3, 8))
    number_width = max(len(f"{count:,}") for count in counts.values())
    room = max(width - label_width - number_width - 2, 1)
    most = max(max(counts.values()), 1)
    lines = []
    for name, count in counts.items():
        shown = name if len(name) <= label_width else name[: label_width - 1] + "…"
        number = (f"{count:>{number_width},} ", "dim")
        lines.append(Text.assemble(f"{shown:<{label_width}} ", number, (_draw_bar(count / most * room), style)))
    return Text("\n").join(lines)


def _choose_ticks(drawn: Sequence[Series], width: int, log_x: bool) -> tuple[list[float], list[str]] | None:
    """Return where the x-axis is marked and how: at powers of ten or whole numbers; None leaves it to plotext."""
    low, high = min(min(each.xs) for each in drawn), max(max(each.xs) for each in drawn)
    if log_x:  # plotext's own log axis fails on the second chart, so the values are logarithms already
        powers = list(range(math.ceil(low), math.floor(high) + 1)) or [round(low)]
        return [float(power) for power in powers], [f"1e{power}" for power in powers]
    if low == high or not all(float(x).is_integer() for each in drawn for x in each.xs):
        return None
    steps = min(max(width // 15, 1), int(high - low))
    places = [round(low + (high - low) * step / steps) for step in range(steps + 1)]
    return [float(place) for place in places], [f"{place:,}" for place in places]


def _place_marks(axis: Axis, cells: int, width: int = 0) -> tuple[tuple[int, str], ...]:
    """Return the cells at which an axis is marked with their labels, filled up to a width."""
    scale = (cells - 1) / ((axis.high - axis.low) or 1.0)
    places = {
        round((place - axis.low) * scale): f"{label:>{width - 1}} "[:width] if width else label
        for place, label in axis.marks
    }
    return tuple((place, label) for place, label in places.items() if 0 <= place < cells)


@lru_cache(maxsize=64)
def _draw_axes(
    width: int, height: int, across: tuple[tuple[int, str], ...], up: tuple[tuple[int, str], ...]
) -> tuple[str, ...]:
    """Return the rows of a chart with nothing in it, marked at these cells."""
    import plotext

    margin = max((len(label) for _, label in up), default=1)
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)  # a chart does not depend on the size of the terminal
    plotext.plotsize(width, height)
    plotext.frame(False)
    plotext.xlim(0, width - margin - 1)
    plotext.ylim(0, height - 2)
    plotext.scatter([-1], [-1], marker=" ")
    plotext.xticks([place for place, _ in across], [label for _, label in across])
    plotext.yticks([place for place, _ in up], [label for _, label in up])
    drawn = Text.from_ansi(plotext.build()).plain.split("\n")
    plotext.clear_figure()
    return tuple(row[:width].ljust(width) for row in [*drawn, *[""] * height][:height])


def _overlay_strokes(axis: str, margin: int, strokes: Sequence[Stroke]) -> Text:
    """Return a row of the axes with letters over it."""
    row, at = Text(no_wrap=True), 0
    for stroke in strokes:
        begin = margin + stroke.column
        row.append(axis[at:begin])
        row.append(stroke.letters, _build_style(stroke.ink))
        at = begin + len(stroke.letters)
    return row.append(axis[at:])


@lru_cache(maxsize=64)
def _build_style(ink: Ink) -> Style:
    return Style(color=ink.color, dim="dim" in ink.style or None, bold="bold" in ink.style or None)


def _draw_bar(cells: float) -> str:
    """Return a bar of this many cells, drawn in eighths; a value above zero gives at least one eighth."""
    eighths = max(round(cells * 8), 1) if cells > 0 else 0
    return "█" * (eighths // 8) + (_BLOCKS[eighths % 8] if eighths % 8 else "")


def _keep_finite(series: Series, log_x: bool) -> Series:
    points = [
        (math.log10(x) if log_x else x, y)
        for x, y in zip(series.xs, series.ys, strict=True)
        if math.isfinite(x) and math.isfinite(y) and (x > 0 or not log_x)
    ]
    return Series([x for x, _ in points], [y for _, y in points], series.name, series.color)


def _thin_series(series: Series, width: int) -> Series:
    """Keep the first, lowest, highest and last point of each stretch, so that no peak is lost."""
    stretch = math.ceil(len(series.xs) / max(width, 1))
    if stretch <= _POINTS_A_COLUMN:
        return series
    kept: list[int] = []
    for start in range(0, len(series.xs), stretch):
        places = range(start, min(start + stretch, len(series.xs)))
        chosen = {places[0], places[-1], min(places, key=series.ys.__getitem__), max(places, key=series.ys.__getitem__)}
        kept += sorted(chosen)
    return Series([series.xs[k] for k in kept], [series.ys[k] for k in kept], series.name, series.color)
