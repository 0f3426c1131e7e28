"""Compares runs on the terminal: different options, curves, and whether one run is significantly better."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from txt.cli.console import make_literal
from txt.sanitize import clip

if TYPE_CHECKING:
    from txt.evaluation.compare import Difference
    from txt.proportions import Interval
    from txt.runs.curves import Curves

MAX_CLASSES = 20
_MARKS = {True: ("▲", "green"), False: ("▼", "yellow"), None: ("≈", "bold")}
_NO_MARK = {1: "▲", -1: "▼", 0: ""}
_CHOOSE_ON_VAL = " Choosing among runs by test scores makes the winner's too good: choose with --split val, test once."


def show_options(runs: Sequence[str], options: Mapping[str, Sequence[Any]], console: Console) -> None:
    """Print the options in which the runs differ."""
    console.print(Text("Options that differ", style="bold"))
    if not options:
        console.print("nothing")
        return
    room = max(8, (console.width - max(len(name) for name in options) - 2 * len(runs)) // len(runs))
    rows = [[name, *(clip(_format_value(value), room) for value in values)] for name, values in options.items()]
    console.print(_build_table(["", *(clip(run, room) for run in runs)], rows))


def show_curves(curves: Mapping[str, "Curves"], console: Console) -> None:
    """Print the curves of all runs over each other: loss on val, and the score where all have the same metric."""
    from txt.charts.plot import Series, draw_line_chart
    from txt.metrics import LOSS, format_label

    metrics = {entry.metric for each in curves.values() for entry in each.epochs}
    scored = metrics.pop() if len(metrics) == 1 else "accuracy"
    several = any("micro_f1" in entry.metrics for each in curves.values() for entry in each.epochs)
    key = scored if scored != LOSS else "micro_f1" if several else "accuracy"
    name = format_label(key, several)
    for title, value in (
        ("loss on val", lambda entry: entry.val_loss),
        (f"{name} on val", lambda entry: entry.metrics.get(key, float("nan"))),
    ):
        series = [
            Series([entry.epoch for entry in each.epochs], [value(entry) for entry in each.epochs], "", color)
            for color, each in zip(_cycle_colors(len(curves)), curves.values(), strict=True)
        ]
        chart = draw_line_chart(series, min(console.width, 100), 14, x_label="epoch")
        if chart.plain:
            console.print(
                Text(f"\n{title[0].upper()}{title[1:]} by epoch  ", style="bold").append_text(_draw_legend(curves))
            )
            console.print(chart)


def show_courses(curves: Mapping[str, "Curves"], console: Console) -> None:
    """Print how each training went, in numbers: its best epoch, its lowest loss, and where it was at the end."""
    from txt.metrics import format_label

    rows = []
    for run, each in curves.items():
        if not each.epochs or each.best is None or each.lowest is None:
            rows.append([run, "–", "–", "–", "–"])
            continue
        best, lowest, last = each.best, each.epochs[each.lowest], each.epochs[-1]
        name = format_label(best.metric)
        rows.append(
            [
                run,
                f"{name} {best.score:.3f} at {best.epoch:.3g}",
                f"{lowest.val_loss:.3f} at {lowest.epoch:.3g}",
                f"{last.val_loss:.3f} at {last.epoch:.3g}",
                "–" if last.train_loss is None else f"{last.val_loss - last.train_loss:+.3f}",
            ]
        )
    console.print(Text())
    console.print(_build_table(["", "best on val, at epoch", "lowest loss", "last loss", "above train"], rows))


def show_differences(found: Sequence["Difference"], split: str, console: Console) -> None:
    """Print how much better each run is than the first, by every score and class, with a verdict in words."""
    for each in found:
        for part in _describe_difference(each, split):
            console.print(part)
    if not found:
        return
    console.print(
        Text(
            f"\nIntervals at 95 %{' for all comparisons together' if len(found) > 1 else ''}, by paired bootstrap over "
            f"the {split} rows. They do not cover what another seed would change." + _CHOOSE_ON_VAL * (split == "test"),
            style="dim",
        )
    )


def _describe_difference(found: "Difference", split: str) -> Iterator[RenderableType]:
    from txt.metrics import format_label

    question = Text("\nIs ").append(make_literal(found.run, "bold")).append(" really better than ")
    yield question.append(make_literal(found.base, "bold")).append(f"? On {found.rows:,} {split} rows")
    from txt.data.label_kinds import SEVERAL

    several = found.kind == SEVERAL
    rows = [[format_label(name, several), *_format_interval(entry, name)] for name, entry in found.metrics.items()]
    yield _build_table(["", "points above", "interval", ""], rows)
    yield Text("\nF1 by label" if several else "\nF1 by class").append(
        f", the {MAX_CLASSES} that differ most of {len(found.classes)}" if len(found.classes) > MAX_CLASSES else ""
    )
    ordered = sorted(found.classes, key=lambda entry: -abs(entry.difference.value))[:MAX_CLASSES]
    yield _build_table(
        ["", found.base, found.run, "points above", "interval", "", "rows"],
        [
            [
                clip(entry.name, 24),
                f"{entry.before:.3f}",
                f"{entry.after:.3f}",
                *_format_interval(entry.difference),
                f"{entry.rows:,}",
            ]
            for entry in ordered
        ],
    )
    mark, style = _MARKS[found.is_better]
    yield Text(f"\n{mark} {found.answer[0].upper()}{found.answer[1:]}.", style=style).append(
        f" It scores higher in {100 * found.ahead:.0f} % of the resamples.", style="default"
    )


def _format_interval(entry: "Interval", name: str = "f1") -> list[str]:
    from txt.evaluation.differences import format_difference, sign
    from txt.metrics import is_error

    value, _, bounds = format_difference(name, entry).partition(" ")
    better = -sign(entry) if is_error(name) else sign(entry)
    return [f"{value} steps" if name == "mae" else value, bounds, _NO_MARK[better]]


def _draw_legend(runs: Mapping[str, Any]) -> Text:
    parts = [
        Text("━ ", style=color).append(make_literal(clip(run, 20), "default"))
        for color, run in zip(_cycle_colors(len(runs)), runs, strict=True)
    ]
    return Text("  ").join(parts)


def _cycle_colors(count: int) -> list[str]:
    """Return the colour of each run: the first as a watched run, the others as those drawn over it."""
    from txt.charts.palette import RUN_COLORS

    return [RUN_COLORS[0], *(RUN_COLORS[1 + number % (len(RUN_COLORS) - 1)] for number in range(count - 1))]


def _format_value(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _build_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, heading in enumerate(headings):
        table.add_column(make_literal(heading), no_wrap=True, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*(make_literal(cell) for cell in row))
    return table
