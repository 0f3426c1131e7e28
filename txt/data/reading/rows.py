"""Reads the rows of a delimited or JSON-lines file in order, with the byte offsets of each."""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from txt.data.reading.character_encoding import find_line
from txt.data.reading.columns import find_label, find_text
from txt.data.reading.label_columns import find_export_columns
from txt.data.reading.source import MAX_CELL, Source
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.data.reading.dialect import Dialect

_SAMPLE_ROWS = 500
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins like the UTF-16 mark, so it comes first
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@dataclass(frozen=True)
class ReadingOptions:
    """The user's options for reading a file; None is detected."""

    text_column: str | None = None
    label_column: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True)
class Form:
    """How to take rows out of a file: a CSV dialect or JSON lines, and which columns are the text and the label.

    `csv_options` is None for JSON lines. `start` is where the rows begin, behind a byte order mark.
    """

    columns: tuple[str, ...]
    text_column: str
    label_column: str | None = None
    codec: str = "utf-8"
    start: int = 0
    has_header: bool = True
    csv_options: dict[str, Any] | None = None

    @property
    def single_bytes(self) -> bool:
        """Tell whether plain letters and line ends are one byte each."""
        return not self.codec.startswith(("utf-16", "utf-32"))

    @property
    def one_column(self) -> bool:
        """Tell whether nothing separates cells, so that each line is one."""
        return self.csv_options is not None and len(self.columns) == 1 and self.csv_options.get("delimiter") == "\x1f"

    def to_json(self) -> dict[str, Any]:
        """Return the form as a JSON object."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Form":
        """Make a form of what `to_json` returned."""
        return cls(**{**value, "columns": tuple(value["columns"])})


def find_form(path: Path, asked: ReadingOptions) -> Form:
    """Find out how to take rows out of a file, and which columns are the text and the label.

    Raises:
        InputError: the file cannot be read, has no rows that can be read one by one, or its text column is not clear.
    """
    from txt.data.reading.dialect import (
        detect_dialect,  # imports pyarrow: a quarter second that a file with an index does not need
    )

    dialect = detect_dialect(path, asked.encoding, asked.delimiter)
    _refuse_unreadable(path, dialect)
    form = find_bare_form(path, dialect)
    cells = [row for _, _, row in islice(read_records(path, form), _SAMPLE_ROWS)]
    if not cells:
        raise InputError(f"`{path}` has no rows", "a data file has a header and a row for each text")
    sample = dict(zip(form.columns, zip(*cells, strict=True), strict=True))
    text = find_text(sample, asked.text_column, str(path)).name
    label = find_label(sample, text, asked.label_column, str(path), by_content=False)
    return replace(form, text_column=text, label_column=label.name if label else None)


def add_columns(form: Form, new_columns: Iterable[str]) -> Form:
    """Return the form with columns that were met further down; one called `label` becomes the label.

    A column that the file itself has must never be taken for missing, or an export would write it twice.
    """
    columns = tuple(dict.fromkeys([*form.columns, *new_columns]))
    if columns == form.columns:
        return form
    label = form.label_column
    if label is None or find_export_columns(columns):
        found = find_label(
            {name: ["x"] for name in columns if name != form.text_column}, form.text_column, by_content=False
        )
        label = found.name if found else None
    return replace(form, columns=columns, label_column=label)


def find_bare_form(path: Path, dialect: "Dialect") -> Form:
    """Return the form of an uncompressed delimited or JSON-lines file, whose columns have no roles yet."""
    with path.open("rb") as file:
        codec, start = _find_codec(dialect.encoding, file.read(4))
    if dialect.format == "csv":
        return Form(dialect.columns, "", None, codec, start, dialect.has_header, dialect.csv_options())
    with path.open(encoding=codec) as lines:
        heads = [json.loads(line) for line in islice(lines, _SAMPLE_ROWS) if line.strip()]
    names = dict.fromkeys(name for head in heads if isinstance(head, dict) for name in head)
    return Form(tuple(names), "", None, codec, start)


def read_records(
    path: Path,
    form: Form,
    start: int | None = None,
    stop: int | None = None,
    new_columns: dict[str, None] | None = None,
) -> Iterator[tuple[int, int, list[str]]]:
    """Yield each row's first byte, the byte behind it, and its cells; empty lines and the header are left out.

    `start` and `stop` are offsets of rows: with them, only the rows between are read. `new_columns` takes the keys of
    JSON records that the form does not have.

    Raises:
        InputError: a row cannot be read, or has more or fewer cells than there are columns.
    """
    csv.field_size_limit(MAX_CELL)
    skip = form.has_header and form.csv_options is not None and start is None
    width = len(form.columns)
    with path.open("rb") as file:
        file.seek(form.start if start is None else start)
        lines = _Lines(file, form, stop)
        begin = lines.position
        try:
            for cells in _parse_lines(lines, form, new_columns):
                if len(cells) == width and not skip:
                    yield begin, lines.position, cells
                elif not _is_blank(cells) and not skip:
                    raise ValueError(f"it has {len(cells)} cells for {width} columns")
                skip = skip and _is_blank(cells)
                begin = lines.position
        except (csv.Error, ValueError) as error:
            line = find_line(Source(path, str(path)), begin, form.codec)
            raise InputError(f"line {line} of `{path}` cannot be read: {error}", _suggest_fix(form)) from None


def parse_row(data: bytes, form: Form) -> list[str]:
    """Return the cells of the row that `data` holds."""
    lines = io.StringIO(data.decode(form.codec, "replace"), newline="" if form.csv_options else "\n")
    return next(_parse_lines(lines, form), [])


def parse_rows(data: bytes, form: Form) -> list[list[str]]:
    """Return the cells of all rows that `data` holds."""
    lines = io.StringIO(data.decode(form.codec, "replace"), newline="" if form.csv_options else "\n")
    return [cells for cells in _parse_lines(lines, form) if not (_is_blank(cells) and len(cells) != len(form.columns))]


def find_content_end(data: bytes, form: Form) -> int:
    """Return where the first row in `data` ends, before its line end and the blank lines behind it."""
    simple = data[:-1]
    if form.single_bytes and b"\n" not in simple and b"\r" not in simple[:-1]:
        return len(data) - (data.endswith((b"\n", b"\r"))) - data.endswith(b"\r\n")
    lines = _Lines(io.BytesIO(data), form, None)
    for cells in _parse_lines(lines, form):
        if not _is_blank(cells):
            break
    row = data[: lines.position]
    ends = [end.encode(form.codec) for end in ("\r\n", "\n", "\r")]
    return len(row) - next((len(end) for end in ends if row.endswith(end)), 0)


class _Lines:
    """The lines of a file as text; `position` is the byte behind the last line taken."""

    def __init__(self, file: BinaryIO, form: Form, stop: int | None) -> None:
        self.position = file.tell()
        self._text = io.TextIOWrapper(file, encoding=form.codec, newline="" if form.csv_options else "\n")
        self._find_codec = form.codec
        self._stop = stop
        self._single = form.single_bytes

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            if self._stop is not None and self.position >= self._stop:
                return
            self.position += len(line) if self._single and line.isascii() else len(line.encode(self._find_codec))
            yield line


def _parse_lines(lines: Iterable[str], form: Form, new_columns: dict[str, None] | None = None) -> Iterator[list[str]]:
    if form.csv_options is not None:
        return csv.reader(lines, **form.csv_options)
    known = frozenset(form.columns)
    return (_parse_json_cells(line, form.columns, known, new_columns) if line.strip() else [] for line in lines)


def _is_blank(cells: Sequence[str]) -> bool:
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _parse_json_cells(
    line: str, columns: Sequence[str], known: frozenset[str], new_columns: dict[str, None] | None
) -> list[str]:
    """Return the values of a JSON object, numbers as they are written; NaN is a missing value."""
    record = json.loads(line, parse_int=str, parse_float=str, parse_constant=read_json_constant)
    if not isinstance(record, dict):
        raise ValueError("it is not a JSON object")
    if new_columns is not None and not known.issuperset(record):
        new_columns.update(dict.fromkeys(name for name in record if name not in known))
    nested = any(isinstance(value, dict | list) for value in record.values())
    plain = json.loads(line) if nested else {}
    return [_format_value(record.get(name), plain.get(name)) for name in columns]


def read_json_constant(name: str) -> str | None:
    """Return what a number that JSON does not have stands for: NaN, as pandas writes it, for a missing value."""
    return None if name == "NaN" else name


def _format_value(value: Any, plain: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else json.dumps(plain, ensure_ascii=False)


def _find_codec(encoding: str, head: bytes) -> tuple[str, int]:
    """Return the codec that reads from any row on, and the length of the byte order mark."""
    if encoding in ("utf-8", "utf-8-sig"):
        return "utf-8", len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    if encoding in ("utf-16", "utf-32"):
        mark = next(mark for mark in _WIDE if head.startswith(mark))
        return _WIDE[mark], len(mark)
    return encoding, 0


def _suggest_fix(form: Form) -> str:
    if form.csv_options is None:
        return 'a line looks like {"text": "…", "label": "…"}'
    return "a quote or a cell may be missing there, or the delimiter is another one: --delimiter"


def _refuse_unreadable(path: Path, dialect: "Dialect") -> None:
    """Refuse a file whose rows have no fixed byte offsets."""
    if dialect.compressed or dialect.format not in ("csv", "jsonl"):
        kind = "compressed" if dialect.compressed else dialect.format.upper()
        hint = f"gunzip -k {path}" if dialect.compressed else "convert it to CSV or JSON lines first"
        raise InputError(f"`{path}` is {kind}; labeling reads CSV, TSV and JSON lines", hint)
