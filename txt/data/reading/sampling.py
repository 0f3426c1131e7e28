"""A sample of rows from the whole length of a file, so that a sorted one is judged by all of its classes."""

import csv
import io
import json
from collections.abc import Iterator

from txt.data.reading.delimited_rows import RowRules, parse_cells
from txt.data.reading.how_read import Dialect
from txt.data.reading.json_layout import open_nested
from txt.data.reading.source import Source

_WINDOWS = 24
_WINDOW_BYTES = 1 << 14
_WINDOW_ROWS = 60
_TRIES = 4  # lines at which a window's first row may begin: the first one may be inside of a text between quotes

CellRow = dict[str, str | None]


def read_windows(source: Source, dialect: Dialect) -> Iterator[CellRow]:
    """Yield some rows from places spread over a file that is not compressed, and has its rows in lines.

    Places where no rows can be made out are left out: the file is checked when it is read.
    """
    total = source.size()
    with source.open() as file:
        for number in range(1, _WINDOWS + 1):
            start = number * (total - _WINDOW_BYTES) // _WINDOWS
            file.seek(start - start % 4)  # letters of UTF-16 and UTF-32 begin at even places
            codec = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(dialect.encoding, dialect.encoding)
            text = file.read(_WINDOW_BYTES).decode(codec, "ignore")
            lines = list(io.StringIO(text, newline=""))[1:-1]
            yield from (
                _parse_csv_lines(lines, dialect) if dialect.format == "csv" else _parse_json_lines(lines, dialect)
            )


def _parse_csv_lines(lines: list[str], dialect: Dialect) -> Iterator[CellRow]:
    rules = RowRules(dialect.csv_options(), len(dialect.columns), dialect.escape, padded=dialect.padded)
    for first in range(min(_TRIES, len(lines))):
        rows = []
        try:
            for cells in parse_cells(lines[first:], rules):
                if cells and len(cells) != len(dialect.columns):
                    break
                if cells and cells != list(dialect.header):
                    rows.append(cells)
                if len(rows) == _WINDOW_ROWS:
                    break
            else:
                cells = []
        except csv.Error:
            continue
        if len(rows) == _WINDOW_ROWS or not cells:
            for row in rows:
                yield dict(zip(dialect.columns, row, strict=True))
            return


def _parse_json_lines(lines: list[str], dialect: Dialect) -> Iterator[CellRow]:
    for line in lines[:_WINDOW_ROWS]:
        try:
            record = json.loads(line.lstrip("\ufeff"), parse_int=str, parse_float=str)
        except (json.JSONDecodeError, RecursionError):
            continue
        if isinstance(record, dict):
            opened = open_nested(record, dialect.paths) if dialect.paths else record
            yield {name: _format_value(value) for name, value in opened.items()}


def _format_value(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float):  # NaN, the only number that is not kept as it is written
        return None
    return ("true" if value else "false") if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)
