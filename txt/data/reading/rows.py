"""Reads the rows of a data file in order, with the byte offsets of each: what labeling and predicting stand on.

The rows are those that `Table` reads, taken out by the same code. A file without lines of its own (a compressed one, a
JSON document, Parquet) is first copied to a file with a line a row.
"""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from txt.data.reading.character_encoding import find_line
from txt.data.reading.columns import find_label, find_text
from txt.data.reading.delimited_rows import BadRowError, RowRules, RowTally, parse_cells, parse_delimited
from txt.data.reading.how_read import ONE_CELL, Dialect, ReadingOptions, join_texts
from txt.data.reading.json_layout import open_nested, read_json_constant, write_value
from txt.data.reading.label_columns import find_export_columns
from txt.data.reading.source import MAX_CELL, Source
from txt.data.reading.spooling import spool_source
from txt.errors import InputError
from txt.json_input import find_repeated_key, load_json

if TYPE_CHECKING:
    from txt.data.reading.table import Table

_END_MARK = b"\x1a"
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins like the UTF-16 mark, so it comes first
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@dataclass(frozen=True)
class Form:
    """How to take rows out of a file: a CSV dialect or JSON lines, and which columns are the text and the label.

    `csv_options` is None for JSON lines. `start` is where the rows begin, behind a byte order mark. `joined` are the
    columns whose texts make the last column, `title,body`. `content` is the file with the lines, where the data file
    has none of its own. All else is as in `Dialect`; `warnings` are what to tell about the reading.
    """

    columns: tuple[str, ...]
    text_column: str
    label_column: str | None = None
    codec: str = "utf-8"
    start: int = 0
    has_header: bool = True
    csv_options: dict[str, Any] | None = None
    escape: str | None = None
    skip_lines: int = 0
    header: tuple[str, ...] = ()
    extra_headers: int = 0
    quoting_given: bool = False
    footer: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    content: str | None = None
    settled: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    padded: bool = False

    @property
    def single_bytes(self) -> bool:
        """Tell whether plain letters and line ends are one byte each."""
        return not self.codec.startswith(("utf-16", "utf-32"))

    @property
    def one_column(self) -> bool:
        """Tell whether nothing separates cells, so that each line is one."""
        return self.csv_options is not None and len(self.columns) == 1 and self.csv_options.get("delimiter") == ONE_CELL

    @property
    def rules(self) -> RowRules:
        """What takes the rows out of the lines of a delimited file."""
        assert self.csv_options is not None
        return RowRules(
            self.csv_options,
            len(self.columns) - bool(self.joined),
            self.escape,
            self.skip_lines,
            self.has_header,
            self.header,
            self.extra_headers,
            self.quoting_given,
            self.footer,
            self.padded,
        )

    @property
    def settled_options(self) -> ReadingOptions:
        """The options that read the file in this way again."""
        return ReadingOptions.from_json(self.settled or {})

    def locate(self, path: Path) -> Path:
        """Return the file with the lines: the data file, or the copy that was made of it."""
        return Path(self.content) if self.content is not None else path

    def to_json(self) -> dict[str, Any]:
        """Return the form as a JSON object."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Form":
        """Make a form of what `to_json` returned.

        Raises:
            ValueError, TypeError, LookupError: it is something else, from a file that is damaged or from elsewhere.
        """
        values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in value.items()}
        form = cls(**values)
        _check_form(form)
        return form


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("columns", "header", "paths", "joined", "warnings"), tuple),
    **dict.fromkeys(("text_column", "codec"), str),
    **dict.fromkeys(("label_column", "escape", "content"), (str, type(None))),
    **dict.fromkeys(("start", "skip_lines", "extra_headers"), int),
    **dict.fromkeys(("has_header", "quoting_given", "padded"), bool),
    **dict.fromkeys(("csv_options", "settled"), (dict, type(None))),
}


def _check_form(form: Form) -> None:
    """Raise a ValueError, TypeError or LookupError where a form cannot be used."""
    for name, kind in _KINDS.items():
        value = getattr(form, name)
        if not isinstance(value, kind) or (
            isinstance(value, tuple) and not all(isinstance(each, str) for each in value)
        ):
            raise TypeError(name)
        if isinstance(value, int) and value < 0:
            raise ValueError(name)
    if form.text_column not in form.columns or form.label_column not in (None, *form.columns):
        raise LookupError("its columns")
    "".encode(form.codec)
    if form.csv_options is not None:
        csv.reader((), **form.csv_options)
    ReadingOptions.from_json(form.settled or {})


def find_form(path: Path, asked: ReadingOptions, copy: Path | None = None) -> Form:
    """Find out how to take rows out of a file, and which columns are the text and the label.

    `copy` is where a copy with a line a row is made, if the file needs one.

    Raises:
        InputError: the file cannot be read, or its text column is not clear.
    """
    from txt.data.reading.table import make_table  # imports pyarrow, which a file with an index does not need

    with spool_source(path) as source:
        table = make_table(source, asked)
        return _find_form(path, table, asked, copy)


def _find_form(path: Path, table: "Table", asked: ReadingOptions, copy: Path | None) -> Form:
    sample = table.sample()
    text = find_text(sample, table.text_column(asked.text_column), str(path)).name
    label = find_label(sample, text, asked.label_column, str(path), by_content=False)
    form = _make_form(path, table, sample, copy)
    settled = table.dialect.settle(text, label.name if label else None).to_json()
    return replace(form, text_column=text, label_column=label.name if label else None, settled=settled)


def add_columns(form: Form, new_columns: Iterable[str]) -> Form:
    """Return the form with columns that were met further down; one called `label` becomes the label.

    A column that the file itself has must never be taken for missing, or an export would write it twice.
    """
    own = len(form.columns) - bool(form.joined)
    columns = tuple(dict.fromkeys([*form.columns[:own], *new_columns, *form.columns[own:]]))
    if columns == form.columns:
        return form
    label = form.label_column
    if label is None or find_export_columns(columns):
        found = find_label(
            {name: ["x"] for name in columns if name != form.text_column}, form.text_column, by_content=False
        )
        label = found.name if found else None
    return replace(form, columns=columns, label_column=label)


def _make_form(path: Path, table: "Table", sample: Iterable[str], copy: Path | None) -> Form:
    dialect = table.dialect
    plain = dialect.format in ("csv", "jsonl") and not dialect.compressed
    if plain and table.tool is None and table.source.copy is None:
        return replace(find_bare_form(path, dialect, tuple(sample)), joined=table.joined, warnings=dialect.warnings)
    if copy is None:
        kind = "compressed" if dialect.compressed else dialect.format.upper()
        raise InputError(f"`{path}` is {kind}, and has no lines that could be read one by one")
    names = _write_lines(table, copy)
    return Form(names, "", joined=(), content=str(copy), warnings=(*dialect.warnings, *table.notes))


def _write_lines(table: "Table", copy: Path) -> tuple[str, ...]:
    """Write each row of a table as a line of JSON, whole or not at all; returns the columns."""
    from txt.files import atomic_write

    names: dict[str, None] = {}
    with atomic_write(copy, "wb") as file:
        for row in table.rows():
            names.update(dict.fromkeys(row))
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return tuple(names)


def find_bare_form(path: Path, dialect: Dialect, columns: tuple[str, ...] = ()) -> Form:
    """Return the form of an uncompressed delimited or JSON-lines file, whose columns have no roles yet."""
    with path.open("rb") as file:
        codec, start = _find_codec(dialect.encoding, file.read(64))
    columns = columns or dialect.columns
    if dialect.format != "csv":
        return Form(columns, "", None, codec, start, paths=dialect.paths)
    return Form(
        columns,
        "",
        None,
        codec,
        start,
        dialect.has_header,
        dialect.csv_options(),
        dialect.escape,
        dialect.skip_lines,
        dialect.header,
        dialect.extra_headers,
        dialect.quoting_given,
        dialect.footer,
        padded=dialect.padded,
    )


def read_records(
    path: Path,
    form: Form,
    start: int | None = None,
    stop: int | None = None,
    new_columns: dict[str, None] | None = None,
    tally: RowTally | None = None,
) -> Iterator[tuple[int, int, list[str]]]:
    """Yield each row's first byte, the byte behind it, and its cells; what is no row is left out.

    `start` and `stop` are offsets of rows: with them, only the rows between are read. `new_columns` takes the keys of
    JSON records that the form does not have; `tally` counts what was left out.

    Raises:
        InputError: a row cannot be read, or has more or fewer cells than there are columns.
    """
    csv.field_size_limit(MAX_CELL)
    with form.locate(path).open("rb") as file:
        file.seek(form.start if start is None else start)
        lines = _Lines(file, form, stop)
        begin = lines.position
        try:
            for cells in _parse_lines(lines, form, start is None, new_columns, tally):
                if cells is not None:
                    yield begin, lines.position, cells
                begin = lines.position
        except BadRowError as error:
            line = find_line(Source(path, str(path)), begin, form.codec)
            raise error.explain(path, form.rules, line) from None
        except ValueError as error:
            line = find_line(Source(path, str(path)), begin, form.codec)
            raise InputError(
                f"line {line} of `{path}` is not valid JSON: {error}", 'a record looks like {"text": "…", "label": "…"}'
            ) from None


def parse_row(data: bytes, form: Form) -> list[str]:
    """Return the cells of the row that `data` holds."""
    return next(iter(parse_rows(data, form)), [])


def parse_rows(data: bytes, form: Form) -> list[list[str]]:
    """Return the cells of all rows that `data` holds."""
    lines = io.StringIO(data.decode(form.codec, "replace"), newline="" if form.csv_options else "\n")
    return [cells for cells in _parse_lines(lines, form, from_start=False) if cells is not None]


def find_content_end(data: bytes, form: Form, skip_lines: int = 0) -> int:
    """Return where the first row in `data` ends, before its line end and the blank lines behind it."""
    simple = data[:-1]
    if form.single_bytes and b"\n" not in simple and b"\r" not in simple[:-1] and not skip_lines:
        end = len(data) - (data.endswith((b"\n", b"\r"))) - data.endswith(b"\r\n")
        return len(data[:end].rstrip(_END_MARK)) if data[:end].endswith(_END_MARK) else end
    lines = _Lines(io.BytesIO(data), form, None)
    if form.csv_options is None:
        next(line for line in lines if line.strip())
    else:
        rules = replace(form.rules, skip_lines=skip_lines)
        next((cells for cells in parse_cells(lines, rules) if any(map(str.strip, cells)) or len(cells) > 1), None)
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


def _parse_lines(
    lines: Iterable[str],
    form: Form,
    from_start: bool,
    new_columns: dict[str, None] | None = None,
    tally: RowTally | None = None,
) -> Iterator[list[str] | None]:
    """Yield the cells of each row, None for what is no row."""
    if form.csv_options is None:
        rows = _parse_json_lines(lines, form, new_columns)
    else:
        rows = parse_delimited(lines, form.rules, tally, from_start)
    if not form.joined:
        return rows
    places = [form.columns.index(name) for name in form.joined]
    return (cells and [*cells, join_texts([cells[place] for place in places])] for cells in rows)


def _parse_json_lines(
    lines: Iterable[str], form: Form, new_columns: dict[str, None] | None
) -> Iterator[list[str] | None]:
    columns = form.columns[: len(form.columns) - bool(form.joined)]
    known = frozenset(columns)
    for line in lines:
        yield _parse_json_cells(line, columns, known, form.paths, new_columns) if line.strip() else None


def _parse_json_cells(
    line: str,
    columns: Sequence[str],
    known: frozenset[str],
    opened: tuple[str, ...],
    new_columns: dict[str, None] | None,
) -> list[str]:
    """Return the values of a JSON object, numbers as they are written."""
    try:
        line = line.lstrip("\ufeff") if line[:1] == "\ufeff" else line
        record = json.loads(line, parse_int=str, parse_float=str, parse_constant=read_json_constant)
    except RecursionError:
        raise ValueError("its objects are nested too deep") from None
    if not isinstance(record, dict):
        raise ValueError("it is not a JSON object")
    if (repeated := find_repeated_key(line, record)) is not None:
        raise ValueError(f"it has the key `{repeated}` twice, with different values")
    nested = any(isinstance(value, dict | list) for value in record.values())
    plain = load_json(line) if nested else {}
    if opened:
        record, plain = open_nested(record, opened), open_nested(plain, opened)
    if new_columns is not None and not known.issuperset(record):
        new_columns.update(dict.fromkeys(name for name in record if name not in known))
    return [_format_value(record.get(name), plain.get(name)) for name in columns]


def _format_value(value: Any, plain: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else write_value(plain)


def _find_codec(encoding: str, head: bytes) -> tuple[str, int]:
    """Return the codec that reads from any row on, and the length of the byte order marks."""
    if encoding in ("utf-8", "utf-8-sig"):
        mark = codecs.BOM_UTF8
        return "utf-8", len(head) - len(_strip_marks(head, mark))
    if encoding in ("utf-16", "utf-32"):
        mark = next(mark for mark in _WIDE if head.startswith(mark))
        return _WIDE[mark], len(head) - len(_strip_marks(head, mark))
    return encoding, 0


def _strip_marks(head: bytes, mark: bytes) -> bytes:
    while head.startswith(mark):
        head = head[len(mark) :]
    return head
