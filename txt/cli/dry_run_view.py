"""Prints how `txt prepare` would read a file, readable at 80 columns and without colour."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from txt.cli.console import make_literal, out
from txt.sanitize import clip

if TYPE_CHECKING:
    from txt.data.dry_run import DryRun

_CELL = 56
_SHOWN_COLUMNS = 8
_SHOWN_CLASSES = 12
_QUOTES = {None: "quotes are letters", '"': "quotes around cells", "'": "single quotes around cells"}
_DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", None: "one cell a line"}


def show_dry_run(found: "DryRun") -> None:
    """Print rows, columns, classes, splits and guesses."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, value in _describe(found):
        table.add_row(name, value)
    out.print(table)
    for warning in found.warnings:
        out.print(Text("warning: ", style="yellow").append(make_literal(warning, style="default")))


def _describe(found: "DryRun") -> Iterator[tuple[str, Text]]:
    yield "data", make_literal(f"{found.source}: {_describe_format(found)}")
    for number, row in enumerate(found.rows, start=1):
        yield f"row {number}", Text("\n").join(_describe_cells(row))
    for role, column in found.columns.items():
        if column is not None:
            yield role.replace("row_id", "row id"), make_literal(f"column `{column['name']}`, {column['why']}")
    if found.metadata:
        shown = ", ".join(found.metadata[:_SHOWN_COLUMNS])
        rest = len(found.metadata) - _SHOWN_COLUMNS
        yield "kept too", make_literal(shown + (f" and {rest:,} more" if rest > 0 else ""))
    if found.classes:
        some = list(found.classes.items())[:_SHOWN_CLASSES]
        more = f" and {len(found.classes) - len(some):,} more" if len(found.classes) > len(some) else ""
        rows = "" if found.whole else f", of the first {found.counted:,} rows"
        without = f"; {found.unlabeled:,} without a label" if found.unlabeled else ""
        counts = ", ".join(f"{name} {count:,}" for name, count in some)
        yield "classes", make_literal(counts + more + without + rows)
    if found.split_by:
        counts = ", ".join(f"{name} {count:,}" for name, count in found.splits.items()) if found.whole else ""
        yield "splits", make_literal(found.split_by + (f": {counts}" if counts else ""))
    for guess in found.guesses:
        option = f" ({guess.option})" if guess.option else ""
        yield "guessed", make_literal(f"{guess.what}: {guess.chosen}, because {guess.because}{option}")


_KINDS = {
    "excel": "a spreadsheet",
    "statistics": "a file of SPSS, Stata or SAS",
    "arrow": "Arrow",
    "documents": "a file of spaCy's documents",
    "parquet": "Parquet",
    "dataset": "a data set saved by `datasets`",
    "sqlite": "a table of an SQLite database",
    "folder": "a folder of texts",
    "several": "several files",
}


def _describe_format(found: "DryRun") -> str:
    dialect = found.dialect
    packed = ", packed" if dialect.compressed else ""
    if dialect.format != "csv":
        return f"{_KINDS.get(dialect.format, dialect.format.upper())}{packed}"
    header = "a header" if dialect.has_header else "no header"
    above = f", {dialect.skip_lines} lines above" if dialect.skip_lines else ""
    quotes = f", {_QUOTES.get(dialect.quote, 'quotes')}" if dialect.delimiter is not None else ""
    delimiter = _DELIMITERS.get(dialect.delimiter, str(dialect.delimiter))
    return f"{dialect.encoding}, {delimiter}{quotes}, {header}{above}{packed}"


def _describe_cells(row: dict[str, str | None]) -> Iterator[Text]:
    for name, value in list(row.items())[:_SHOWN_COLUMNS]:
        cell = Text("missing", style="dim") if value is None else Text(clip(value, _CELL))
        yield make_literal(f"{clip(name, 20)}: ", style="dim").append(cell)
    if len(row) > _SHOWN_COLUMNS:
        yield Text(f"and {len(row) - _SHOWN_COLUMNS:,} more columns", style="dim")
