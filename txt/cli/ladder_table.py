"""The rungs of a climbed ladder as a table: how good each is on rows that it did not learn from, and what it costs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from txt.cli.console import make_literal
from txt.durations import format_duration

if TYPE_CHECKING:
    from txt.runs.events import Rung


def build_ladder_table(rungs: Sequence["Rung"]) -> Table:
    """Lay out the rungs that were judged; the one with the lowest log loss is marked, since it is the one kept."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("", "log loss", "accuracy", "time", "weights", "rows/s"):
        table.add_column(name, justify="left" if not name else "right")
    judged = [rung for rung in rungs if rung.log_loss is not None and rung.accuracy is not None]
    for rung in judged:
        assert rung.log_loss is not None
        assert rung.accuracy is not None
        mark = "▸ " if rung.kept else "  "
        table.add_row(
            Text(mark).append(make_literal(rung.name)),
            _format_with_reach(rung.log_loss),
            _format_with_reach(rung.accuracy),
            format_duration(rung.seconds),
            f"{rung.weights / 1e6:.1f} M",
            f"{rung.rows_per_second:,.0f}",
            style="bold" if rung.kept else "",
        )
    return table


def describe_ladder(rungs: Sequence["Rung"]) -> list[str]:
    """Say on which rows the rungs were judged, and why some were left out."""
    judged = [rung for rung in rungs if rung.log_loss is not None]
    if not judged:
        return []
    rows = f"{judged[0].rows:,}" if len({rung.rows for rung in judged}) == 1 else "the"
    lines = [f"Judged out of fold on {rows} rows of train and val; ▸ has the lowest log loss there, and is kept."]
    lines += [
        f"{rung.name}: judged on {rung.rows:,} rows, for which there was time; compared with the others on these."
        for rung in judged
        if rung.rows < judged[0].rows
    ]
    return [*lines, *(f"{rung.name}: left out, {rung.reason}." for rung in rungs if rung.log_loss is None)]


def _format_with_reach(score: list[float]) -> str:
    value, low, high = score
    return f"{value:.3f} ± {(high - low) / 2:.3f}"
