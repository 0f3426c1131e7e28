"""Reads CSV, TSV and similar files row by row; an error names the line."""

import csv
import io
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_batch
from txt.data.reading.delimited_rows import BadRowError, RowRules, RowTally, parse_delimited
from txt.data.reading.how_read import Dialect
from txt.data.reading.source import MAX_CELL, MAX_LINE, Source


def read_delimited(source: Source, dialect: Dialect, notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows below the header, in batches; cells keep their text exactly, and blank lines are skipped.

    Raises:
        InputError: a row has too many or too few cells, a quote is not closed, or a cell is larger than MAX_CELL.
    """
    rows: list[list[str]] = []
    characters = 0
    tally = RowTally()
    for row in _read_rows(source, dialect, tally):
        rows.append(row)
        characters += sum(map(len, row))
        if len(rows) == BATCH_ROWS or characters > BATCH_CHARACTERS:
            yield make_batch(dialect.columns, rows)
            rows, characters = [], 0
    if rows:
        yield make_batch(dialect.columns, rows)
    notes.extend(tally.notes(str(source)))


def _read_rows(source: Source, dialect: Dialect, tally: RowTally) -> Iterator[list[str]]:
    csv.field_size_limit(MAX_CELL)
    rules = RowRules.of(dialect)
    with source.open() as file, io.TextIOWrapper(file, encoding=dialect.encoding, newline="") as text:
        # a longer line arrives in pieces, and the first piece is refused: for its cell's size, or its number of cells
        lines = iter(partial(text.readline, MAX_LINE), "")
        try:
            for row in parse_delimited(lines, rules, tally):
                if row is not None:
                    yield row
        except BadRowError as error:
            raise error.explain(source, rules) from None
