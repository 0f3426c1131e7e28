"""Charts drawn with characters. Only this module uses plotext, whose next version has another interface.

The result is `rich.text.Text`, as a whole or one per row, for screens and for plain output.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from rich.cells import cell_len, chop_cells, set_cell_size
from rich.style import Style
from rich.text import Text

from txt.charts.raster import Dots, Ink, Line, Numbers, Raster, Stroke, locate_columns, locate_rows
from txt.charts.ticks import Axis, build_log_axis, build_number_axis

_FEW = 6  # values of x that are each marked
_LEGEND, _POINT = "─", "•"
_GRID = Ink("bright_black", "dim", letter="┈", joined=False)
BAR_COLOR = "bright_blue"
_BLOCKS = " ▏▎▍▌▋▊▉█"
_WIDE_ENOUGH_FOR_NAMES = 50  # columns of a chart


@dataclass(frozen=True)
class Series:
    """A line of a chart; `color` is one that every terminal has (`blue`), None the colour around it."""

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

    Names and the y-axis's title stand above the chart, the x-axis's title below it. With `log_x` the x-axis is
    logarithmic, marked at powers of ten. With `from_zero` the y-axis begins at 0. Few values of x are all marked.
    """
    drawn = [(each, _build_line(each, log_x)) for each in series]
    drawn = [(each, line) for each, line in drawn if len(line.xs)]
    head = _build_head([each for each, _ in drawn], y_label, width)
    rows = height - bool(head) - bool(x_label)
    if not drawn or width < 12 or rows < 3:
        return Text("")
    lines = [line for _, line in drawn]
    across = _choose_axis(np.concatenate([line.xs for line in lines]), width, log_x)
    ys = np.concatenate([line.ys for line in lines])
    up = _choose_height(float(ys.min()), float(ys.max()), rows, from_zero=from_zero)
    parts = draw_field_chart(lines, width, rows, across, up)
    foot = [Text(f"{x_label:>{width}}", "dim")] if x_label else []
    return Text("\n", no_wrap=True).join([*([head] if head else []), *parts, *foot] if parts else [])


class ChartRows(list[Text]):
    """The rows of a chart; `left` is the cell at which its field begins, and `columns` are the cells of the field."""

    def __init__(self, rows: Sequence[Text] = (), left: int = 0, columns: int = 0) -> None:
        super().__init__(rows)
        self.left, self.columns = left, columns


def draw_field_chart(
    lines: Sequence[Line], width: int, height: int, across: Axis, up: Axis, *, x_title: str = ""
) -> ChartRows:
    """Draw lines over each other on given axes, the last on top; returns `height` rows of `width` cells.

    A wide chart has the names of its lines at their ends. The title of the x-axis stands at the right end of its marks.

    Only the axes are plotext's, and those stay as they are while their marks do. The dots are set here: for plotext
    each of them is an object, and four plots take 20 ms.
    """
    margin = max((len(label) for _, label in up.marks), default=0) + 1
    names = _measure_names(lines) if width >= _WIDE_ENOUGH_FOR_NAMES else 0
    width, full = width - names, width
    columns, rows = width - margin, height - 1
    if columns < 8 or rows < 2:
        return ChartRows()
    raster = Raster(columns, rows, across.low, across.high, up.low, up.high)
    everywhere = np.linspace(across.low, across.high, columns * 2)
    for line in (*(Line(everywhere, np.full(columns * 2, place), _GRID) for place, _ in up.marks), *lines):
        raster.draw(line)
    # Built and cached separately: the marks below change with every step, those at the side rarely, and the time for an
    # empty chart grows with its area.
    side = _draw_axes(
        margin + 8,
        height,
        ((0, " "),),
        _place_marks(up, locate_rows(_get_places(up), up.low, up.high, rows), rows, margin),
    )
    below = _draw_axes(
        width,
        3,
        _place_marks(across, locate_columns(_get_places(across), across.low, across.high, columns), columns),
        ((0, " " * margin),),
    )[-1]
    drawn = [_overlay_strokes(row.ljust(width), margin, raster.list_strokes(at)) for at, row in enumerate(side[:rows])]
    if names:
        for row, (name, ink) in _place_names(lines, across, up, rows).items():
            drawn[row].append(f" {name}", _build_style(ink))
    foot = below.rstrip()
    if x_title and len(foot) + len(x_title) + 1 <= full:
        foot_line = Text.assemble(foot, (f"{x_title:>{full - len(foot)}}", "dim"), no_wrap=True)
        return ChartRows([*drawn, foot_line], margin, columns)
    return ChartRows([*drawn, Text(below)], margin, columns)


def _measure_names(lines: Sequence[Line]) -> int:
    """Return the cells that names at the lines' ends take; 0 where at most one line has a name."""
    names = {line.name for line in lines if line.name and len(line.xs)}
    return max(map(cell_len, names)) + 1 if len(names) > 1 else 0


def _place_names(lines: Sequence[Line], across: Axis, up: Axis, rows: int) -> dict[int, tuple[str, Ink]]:
    """Return the names to write by the row (from the top) in which each line ends, or the nearest one that is free."""
    ends: dict[str, tuple[int, Ink]] = {}
    for line in lines:
        seen = np.flatnonzero((line.xs >= across.low) & (line.xs <= across.high) & np.isfinite(line.ys))
        if line.name and len(seen):
            row = int(locate_rows(line.ys[seen[-1:]], up.low, up.high, rows)[0])
            ends[line.name] = rows - 1 - min(max(row, 0), rows - 1), line.ink
    placed: dict[int, tuple[str, Ink]] = {}
    for name, (wanted, ink) in sorted(ends.items(), key=lambda item: item[1][0]):
        free = [row for row in range(rows) if row not in placed]
        if free:
            placed[min(free, key=lambda row: (abs(row - wanted), row))] = (name, ink)
    return placed


def draw_bars(counts: Mapping[str, int], width: int, style: Style | str = BAR_COLOR) -> Text:
    """Draw a bar a name, the longest as wide as there is room; names are shown as given, so sanitize them before."""
    if not counts:
        return Text("")
    label_width = min(max(cell_len(name) for name in counts), max(width // 3, 8))
    number_width = max(len(f"{count:,}") for count in counts.values())
    room = max(width - label_width - number_width - 2, 1)
    most = max(max(counts.values()), 1)
    lines = []
    for name, count in counts.items():
        shown = set_cell_size(
            name if cell_len(name) <= label_width else chop_cells(name, label_width - 1)[0] + "…", label_width
        )
        number = (f"{count:>{number_width},} ", "dim")
        lines.append(Text.assemble(f"{shown} ", number, (_draw_bar(count / most * room), style)))
    return Text("\n").join(lines)


def _build_head(drawn: Sequence[Series], y_label: str, width: int) -> Text:
    """Return the y-axis's title and each line's name in the line's colour, as many as fit whole."""
    head = Text(no_wrap=True).append(y_label, "dim")
    for each in drawn:
        part = f"{_LEGEND} {each.name}"
        if each.name and len(head) + 2 + len(part) <= width:
            head.append("  " if head else "").append(part, _build_style(Ink(each.color)))
    return head


def _choose_height(low: float, high: float, rows: int, *, from_zero: bool) -> Axis:
    pad = (high - low) * 0.03 or abs(high) * 0.05 or 0.5
    if from_zero:
        low, high = 0.0, high if high > 0 else 1.0
    else:
        low, high = low - pad, high + pad
    return build_number_axis(low, high, max(rows // 2, 3))


def _choose_axis(xs: Numbers, width: int, log_x: bool) -> Axis:
    """Return the x-axis: with a mark at each value where there are few, else at round numbers or powers of ten."""
    low, high = float(xs.min()), float(xs.max())
    if log_x:
        return build_log_axis(low, high, max(width // 12, 2))
    values = np.unique(xs)
    labels = [f"{value:,.6g}" for value in values[: width // 4].tolist()]
    if len(values) * (max(map(len, labels)) + 3) <= width and len(values) <= _FEW:
        return Axis(low, high, list(zip(values.tolist(), labels, strict=True)))
    axis = build_number_axis(low, high, max(width // 12, 2))
    if (xs == np.rint(xs)).all():  # no mark between whole numbers, such as epochs
        return Axis(low, high, [(place, label) for place, label in axis.marks if float(place).is_integer()])
    return axis


def _place_marks(axis: Axis, cells: Dots, count: int, width: int = 0) -> tuple[tuple[int, str], ...]:
    """Return the cells (N,) at which an axis is marked with their labels, filled up to a width."""
    labels = [f"{label:>{width - 1}} "[:width] if width else label for _, label in axis.marks]
    marks = dict(zip(cells.tolist(), labels, strict=True))
    return tuple((cell, label) for cell, label in marks.items() if 0 <= cell < count)


def _get_places(axis: Axis) -> Numbers:
    return np.array([place for place, _ in axis.marks], np.float64)


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


def _build_line(series: Series, log_x: bool) -> Line:
    """Return the points of a series that can be drawn; a single one is marked, since it connects to none."""
    xs, ys = np.asarray(series.xs, np.float64), np.asarray(series.ys, np.float64)
    if log_x:
        xs = np.log10(np.where(xs > 0, xs, np.nan))
    ok = np.isfinite(xs) & np.isfinite(ys)
    return Line(xs[ok], ys[ok], Ink(series.color, letter=_POINT if ok.sum() == 1 else None))
