"""Detects the dialect of a data file from its content: format, encoding, delimiter, quoting, header."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from txt.data.reading.character_encoding import find_encoding
from txt.data.reading.columns import is_usual_name
from txt.data.reading.source import FORMATS, Source
from txt.errors import InputError

_HEAD_BYTES = 1 << 18
_DELIMITERS = (",", "\t", ";", "|")
_DELIMITER_NAMES = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_LONGEST_NAME = 64  # characters; a longer cell in the first row is a text
_FOREIGN_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel file",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file",
    b"%PDF": "a PDF",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"ARROW1": "an Arrow file",
    b"\x7fELF": "a program",
}


@dataclass(frozen=True)
class Dialect:
    """How to read a data file, and how to write one like it.

    `format` is csv, jsonl, json or parquet. `columns` are the names in the file's order, made distinct; JSON has none,
    its rows bring their own. `delimiter` is None where each line is one cell; `quote` is None where quotes are
    ordinary characters.
    """

    format: str
    columns: tuple[str, ...] = ()
    compressed: bool = False
    encoding: str = "utf-8"
    delimiter: str | None = ","
    quote: str | None = '"'
    escape: str | None = None
    line_end: str = "\n"
    has_header: bool = True
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the dialect as a JSON object."""
        return asdict(self)

    def csv_options(self) -> dict[str, Any]:
        """Return the arguments with which the csv module reads and writes this dialect."""
        return {
            "delimiter": self.delimiter or "\x1f",  # occurs in no text, so each line is one cell
            "quotechar": self.quote or '"',
            "quoting": csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            "escapechar": self.escape,
            "doublequote": self.escape is None,
            "lineterminator": self.line_end,
            "strict": True,
        }


def detect_dialect(path: Path | Source, encoding: str | None = None, delimiter: str | None = None) -> Dialect:
    """Detect the dialect of a data file; all bytes of a text file are checked against its encoding.

    Raises:
        InputError: the file is missing, a directory, empty, binary, not in the encoding, or an option makes no sense.
    """
    source = path if isinstance(path, Source) else Source(path, str(path))
    wanted = _parse_delimiter(delimiter)
    head = next(source.chunks(_HEAD_BYTES), b"")
    _refuse_foreign(source, head)
    if head.startswith(b"PAR1"):
        return Dialect("parquet", _read_parquet_columns(source), source.is_gzip())
    found = find_encoding(source, encoding)
    text = io.TextIOWrapper(io.BytesIO(head), encoding=found.name, errors="ignore", newline="").read()
    if not text.strip():
        raise InputError(f"`{source}` is empty", "a data file has a header and a row for each text")
    dialect = Dialect(
        _find_format(source, text),
        compressed=source.is_gzip(),
        encoding=found.name,
        line_end=_find_line_end(text),
        warnings=(found.warning,) if found.warning else (),
    )
    if dialect.format != "csv":
        return dialect
    return _add_columns(source, text, _choose_delimiter(source, text, dialect, wanted))


def _parse_delimiter(delimiter: str | None) -> str | None:
    if delimiter is None or len(delimiter) == 1:
        return delimiter
    if delimiter.lower() in _DELIMITER_NAMES:
        return _DELIMITER_NAMES[delimiter.lower()]
    raise InputError(f"--delimiter `{delimiter}` is not one character", "for example `;` or `tab`")


def _refuse_foreign(source: Source, head: bytes) -> None:
    kind = next((kind for magic, kind in _FOREIGN_MAGIC.items() if head.startswith(magic)), None)
    if kind:
        raise InputError(f"`{source}` is {kind}, not a data file", "convert it to CSV, JSONL or Parquet first")


def _read_parquet_columns(source: Source) -> tuple[str, ...]:
    try:
        with source.open() as file:
            return _make_distinct(pq.read_schema(pa.PythonFile(file, mode="r")).names)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"`{source}` is damaged: {str(error).strip()}", "fetch or make it again") from None


def _find_format(source: Source, text: str) -> str:
    """Return the format by the file's ending, or by its first character where the ending is not enough."""
    named = FORMATS.get(source.ending)
    if named not in (None, "json", "parquet"):
        return named
    start = text.lstrip()[0]
    if start == "[":
        return "json"
    if start == "{":
        return "jsonl" if _is_object(text.lstrip().splitlines()[0]) else "json"
    return named if named == "json" else "csv"


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except json.JSONDecodeError:
        return False


def _find_line_end(text: str) -> str:
    found = re.search(r"\r\n|\n|\r", text)
    return found.group() if found else "\n"


def _choose_delimiter(source: Source, text: str, dialect: Dialect, wanted: str | None) -> Dialect:
    """Choose the delimiter and quoting under which most rows have as many cells as the first."""
    usual = "\t" if source.ending in (".tsv", ".tab") else ","
    delimiters = [wanted] if wanted else sorted(_DELIMITERS, key=lambda each: each != usual)
    candidates = [
        replace(dialect, delimiter=each, quote=quote, escape=escape)
        for each in delimiters
        for quote, escape in _list_quotings(each, text)
    ]
    scores = [_score_dialect(text, candidate) for candidate in candidates]
    if max(scores) > 0:
        return candidates[scores.index(max(scores))]
    one_column = replace(dialect, delimiter=wanted or usual)
    rows, broken = _read_head_rows(text, one_column)
    if wanted or (not broken and all(len(row) == 1 for row in rows)):
        return one_column
    return replace(dialect, delimiter=None, quote=None)


def _list_quotings(delimiter: str, text: str) -> Iterator[tuple[str | None, str | None]]:
    """Yield the pairs of quote and escape to try, the likeliest first.

    Quotes are ordinary characters only in tab-separated files, which often contain unpaired ones; elsewhere an
    unpaired quote is more likely a mistake, and must be reported.
    """
    start, end = rf"(?:^|[\r\n]|{re.escape(delimiter)})", rf"(?:$|[\r\n]|{re.escape(delimiter)})"
    quoted = re.search(rf'{start}"(?:[^"]|"")*"{end}', text)
    if quoted or delimiter != "\t" or '"' not in text:
        yield '"', None
    if '\\"' in text:
        yield '"', "\\"
    if not quoted and re.search(rf"{start}'[^'\r\n]*'{end}", text):
        yield "'", None
    if not quoted and delimiter == "\t":
        yield None, None


def _score_dialect(text: str, dialect: Dialect) -> float:
    """Return the share of rows with as many cells as the first, a little above 0; 0 where the first has one cell."""
    rows, broken = _read_head_rows(text, dialect)
    widths = [len(row) for row in rows]
    if not widths or widths[0] == 1:
        return 0.0
    return 0.01 + 0.99 * widths.count(widths[0]) / (len(widths) + broken)


def _read_head_rows(text: str, dialect: Dialect) -> tuple[list[list[str]], bool]:
    """Return the rows of the head, and whether some row could not be read. The head's cut end counts as neither."""
    cut = len(text.encode("utf-8", "replace")) >= _HEAD_BYTES - 8
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    lines = io.StringIO(text, newline="")
    rows: list[list[str]] = []
    broken = False
    try:
        rows.extend(row for row in csv.reader(lines, **dialect.csv_options()) if row)
    except csv.Error:
        broken = not (cut and not lines.read(1))
    if cut and not broken and len(rows) > 1:
        rows.pop()
    return rows, broken


def _add_columns(source: Source, text: str, dialect: Dialect) -> Dialect:
    """Add the columns' names: the first row, or numbers where that is data."""
    rows, _ = _read_head_rows(text, dialect)
    first = [cell.strip() for cell in rows[0]] if rows else []
    if first and not _are_names(first, rows[1:]):
        names = tuple(f"column_{number}" for number in range(1, len(first) + 1))
        called = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
        warning = f"`{source}` has no header: its columns are called {called}"
        return replace(dialect, columns=names, has_header=False, warnings=(*dialect.warnings, warning))
    names = _make_distinct(first)
    again = [name for name, count in Counter(first).items() if name and count > 1]
    warnings = [f"`{source}` has two columns `{name}`: the later one is renamed" for name in again]
    return replace(dialect, columns=names, warnings=(*dialect.warnings, *warnings))


def _are_names(first: Sequence[str], below: Sequence[list[str]]) -> bool:
    """Tell a header from data: names are short, are not numbers or sentences, and do not repeat further down."""
    cells = [cell for cell in first if cell]
    sentence = re.compile(r"[.!?…]$|\s\S+\s\S+\s\S+\s")
    if not cells or any(len(cell) > _LONGEST_NAME or is_number(cell) or sentence.search(cell) for cell in cells):
        return False
    if any(map(is_usual_name, cells)):
        return True
    rows = [row for row in below if [cell.strip() for cell in row] != list(first)]  # a file can repeat its header
    return not any(cell and any(cell in row[place : place + 1] for row in rows) for place, cell in enumerate(first))


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _make_distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names made distinct: an empty or repeated one gets a number."""
    original = set(names)
    numbers: dict[str, int] = {}
    taken: dict[str, None] = {}
    for place, name in enumerate(names, start=1):
        name = name or f"column_{place}"
        free, number = name, numbers.get(name, 1)
        while free in taken or (free != name and free in original):
            number += 1
            free = f"{name}_{number}"
        numbers[name] = number
        taken[free] = None
    return tuple(taken)
