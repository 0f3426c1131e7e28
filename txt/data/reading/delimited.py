"""Reads CSV, TSV and similar files row by row; an error names the line."""

import csv
import io
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_batch
from txt.data.reading.dialect import Dialect
from txt.data.reading.source import MAX_CELL, MAX_LINE, Source
from txt.errors import InputError


def read_delimited(source: Source, dialect: Dialect) -> Iterator[pa.RecordBatch]:
    """Yield the rows below the header, in batches; cells keep their text exactly, and blank lines are skipped.

    Raises:
        InputError: a row has too many or too few cells, a quote is not closed, or a cell is larger than MAX_CELL.
    """
    rows: list[list[str]] = []
    characters = 0
    for row in _read_rows(source, dialect):
        rows.append(row)
        characters += sum(map(len, row))
        if len(rows) == BATCH_ROWS or characters > BATCH_CHARACTERS:
            yield make_batch(dialect.columns, rows)
            rows, characters = [], 0
    if rows:
        yield make_batch(dialect.columns, rows)


def _read_rows(source: Source, dialect: Dialect) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_CELL)
    width = len(dialect.columns)
    with source.open() as file, io.TextIOWrapper(file, encoding=dialect.encoding, newline="") as lines:
        # a longer line arrives in pieces, and the first piece is refused: for its cell's size, or its number of cells
        reader = csv.reader(iter(partial(lines.readline, MAX_LINE), ""), **dialect.csv_options())
        line = 0  # where the previous row ended
        try:
            if dialect.has_header:
                next(row for row in reader if row)
                line = reader.line_num
            for row in reader:
                if len(row) == width:
                    yield row
                elif row and (row != [""] and not (len(row) == 1 and row[0].isspace())):
                    raise _explain_ragged_row(source, dialect, line + 1, row)
                line = reader.line_num
        except csv.Error as error:
            raise _explain_malformed_row(source, dialect, line + 1, str(error)) from None


def _explain_ragged_row(source: Source, dialect: Dialect, line: int, row: list[str]) -> InputError:
    above = "the header" if dialect.has_header else "the first row"
    spoken = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}.get(dialect.delimiter or "", "delimiter")
    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
    hint = f"a text that holds a {spoken} needs quotes around it" if len(row) > len(dialect.columns) else None
    return InputError(
        f"line {line} of `{source}` has {cells}, {above} has {len(dialect.columns)}",
        hint or "a cell is missing, or the delimiter is another one: --delimiter",
    )


def _explain_malformed_row(source: Source, dialect: Dialect, line: int, reason: str) -> InputError:
    if "field limit" in reason:
        return InputError(
            f"line {line} of `{source}` begins a cell of more than {MAX_CELL:,} characters",
            "is a quote left open there? otherwise cut that text into smaller ones",
        )
    if "end of data" in reason or "expected after" in reason:
        return InputError(
            f"a quote in the row that begins in line {line} of `{source}` is not closed, or has letters after it",
            f"a quote inside a quoted cell is written twice: {2 * (dialect.quote or '')}",
        )
    return InputError(f"line {line} of `{source}` is malformed: {reason}")
