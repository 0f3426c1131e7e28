"""Reads JSONL and JSON, one object per row; a key that first appears later becomes a column from there on."""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, TextIO

import pyarrow as pa

from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_batch
from txt.data.reading.coded_classes import find_coded_column, is_beside, name_class
from txt.data.reading.how_read import Dialect
from txt.data.reading.json_layout import (
    KEY_MARK,
    find_columns,
    find_names,
    is_by_column,
    open_nested,
    read_json_constant,
    write_value,
)
from txt.data.reading.source import MAX_CELL, MAX_LINE, Source
from txt.errors import InputError
from txt.json_input import find_repeated_key, load_json

_PIECE = 1 << 16  # characters


_EXACT: dict[str, Any] = {"parse_int": str, "parse_float": str, "parse_constant": read_json_constant}
"""Numbers stay as they are written (007.10); NaN is how pandas writes a missing value."""
REPEATED_HINT = "programs read one of them and drop the other: give the key once"
_EXAMPLE = 'a record looks like {"text": "…", "label": "…"}'

JsonRecord = dict[str, Any]


def read_jsonl(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the objects of a file with one a line, in batches; blank lines are skipped.

    Raises:
        InputError: a line is not a JSON object; it is named.
    """
    with source.open() as file, io.TextIOWrapper(file, encoding=dialect.encoding, newline="\n") as lines:
        yield from batch_records(_parse_lines(source, lines), dialect.paths)


def read_json(source: Source, dialect: Dialect, notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the records of a JSON document, in batches; a list of them is never held as a whole.

    Raises:
        InputError: the file does not hold such records; the line is named.
    """
    yield from batch_records(_name_classes(source, dialect, notes), dialect.paths)


def _name_classes(source: Source, dialect: Dialect, notes: list[str]) -> Iterator[tuple[JsonRecord, str]]:
    """Yield the records with the names of their classes, where the document has them elsewhere."""
    for record, written in _parse_document(source, dialect, notes):
        if dialect.coded:
            yield _name_class(record, dialect.coded[0].split("."), dialect.coded[1:], str(source)), written
        else:
            yield record, written


def _name_class(record: JsonRecord, path: Sequence[str], names: Sequence[str], source: str) -> JsonRecord:
    """Return a record with the class of one column by its name; a nested column has a path."""
    if path[0] not in record and len(path) > 1:  # a key may have a point of its own
        path = [".".join(path)]
    value = record.get(path[0])
    if len(path) > 1 and isinstance(value, dict):
        return {**record, path[0]: _name_class(value, path[1:], names, source)}
    return {**record, path[0]: name_class(value, names, source)} if path[0] in record else record


def read_raw_records(source: Source, dialect: Dialect) -> Iterator[str]:
    """Yield the records of JSON lines or a JSON document, as they are written where they stand for themselves.

    Numbers for classes become the names that the document has for them elsewhere.

    Raises:
        InputError: the file does not hold such records; the line is named.
    """
    if dialect.format == "jsonl":
        with source.open() as file, io.TextIOWrapper(file, encoding=dialect.encoding, newline="\n") as lines:
            yield from (written for _, written in _parse_lines(source, lines))
        return
    for _, written in _parse_document(source, dialect, []):
        if dialect.coded:
            named = _name_class(load_json(written), dialect.coded[0].split("."), dialect.coded[1:], str(source))
            yield json.dumps(named, ensure_ascii=False)
        else:
            yield written


def _parse_document(source: Source, dialect: Dialect, notes: list[str]) -> Iterator[tuple[JsonRecord, str]]:
    kind, _, key = dialect.records.partition(":")
    with source.open() as file, io.TextIOWrapper(file, encoding=dialect.encoding, newline="") as text:
        if kind in _TRANSPOSE:
            try:
                document = _load_document(source, text)
                if kind == "lists" and is_by_column(document):
                    document = _leave_columns(source, document, notes)
                yield from _TRANSPOSE[kind](document)
            except (KeyError, TypeError, AttributeError, ValueError):
                raise InputError(f"`{source}` is not a table by {kind} all through", _EXAMPLE) from None
        else:
            yield from _RecordParser(source, text, notes).parse(key if kind == "key" else None, kind == "index")


def _load_document(source: Source, text: TextIO) -> Any:
    try:
        return json.loads(text.read().lstrip("\ufeff"), **_EXACT)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(f"`{source}` is not a JSON array of records: {error}", _EXAMPLE) from None


def batch_records(records: Iterable[tuple[JsonRecord, str]], opened: tuple[str, ...] = ()) -> Iterator[pa.RecordBatch]:
    """Gather (record, as it is written) into batches, all columns met so far in each."""
    columns: dict[str, None] = {}
    held: list[JsonRecord] = []
    characters = 0
    for record, written in records:
        record = open_nested(record, opened) if opened else record
        columns.update(dict.fromkeys(record))
        held.append(record)
        characters += len(written)
        if len(held) == BATCH_ROWS or characters > BATCH_CHARACTERS:
            yield _make_record_batch(list(columns), held)
            held, characters = [], 0
    if held:
        yield _make_record_batch(list(columns), held)


def _make_record_batch(columns: list[str], records: list[JsonRecord]) -> pa.RecordBatch:
    return make_batch(columns, [[_format_value(record.get(name)) for name in columns] for record in records])


def _format_value(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return write_value(value)


def _parse_lines(source: Source, lines: TextIO) -> Iterator[tuple[JsonRecord, str]]:
    for number, line in enumerate(iter(partial(lines.readline, MAX_LINE), ""), start=1):
        line = line.lstrip("\ufeff") if line[:1] == "\ufeff" else line  # files can be put one behind another
        if line.isspace():
            continue
        if len(line) == MAX_LINE:
            raise InputError(f"line {number} of `{source}` has more than {MAX_LINE:,} characters", _EXAMPLE)
        try:
            record = json.loads(line, **_EXACT)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"line {number} of `{source}` is not valid JSON: {error}", _EXAMPLE) from None
        yield _check_record(source, record, number, line), line


class _RecordParser:
    """Takes records out of a JSON document piece by piece, without ever holding the whole."""

    def __init__(self, source: Source, text: TextIO, notes: list[str]) -> None:
        self._source = source
        self._text = text
        self._notes = notes
        self._decoder = json.JSONDecoder(**_EXACT)
        self._buffer, self._place, self._line = "", 0, 1

    def parse(self, key: str | None, by_name: bool) -> Iterator[tuple[JsonRecord, str]]:
        """Yield the records of a list; or those under `key`; or `by_name`, the values of an object."""
        if by_name:
            yield from self._parse_values()
        elif key is not None:
            yield from self._parse_under(key)
        else:
            yield from self._parse_lists()
        if self._peek():
            raise self._explain(self._peek())

    def _parse_lists(self) -> Iterator[tuple[JsonRecord, str]]:
        """Yield the records of lists one behind another, or of objects one behind another."""
        lists = 0
        while letter := self._peek():
            if letter == "[":
                lists += 1
                yield from self._parse_list()
            elif letter == "{":
                yield self._take_record()
                if self._peek() == ",":
                    self._place += 1
            else:
                raise self._explain(letter)
        if lists > 1:
            self._notes.append(f"`{self._source}` holds {lists} lists of records one behind another; all were read")

    def _parse_list(self) -> Iterator[tuple[JsonRecord, str]]:
        self._take("[")
        letter = self._need()
        while letter != "]":
            if letter != "{":
                raise self._explain(letter)
            yield self._take_record()
            if (letter := self._need()) == ",":
                self._place += 1
                letter = self._need()
            elif letter != "]":
                raise self._explain(letter)
        self._take("]")

    def _parse_under(self, key: str) -> Iterator[tuple[JsonRecord, str]]:
        for name in self._list_keys():
            if name == key:
                yield from self._parse_list()
                continue
            if key.startswith(f"{name}{KEY_MARK}") and self._need() == "{":
                yield from self._parse_under(key.removeprefix(f"{name}{KEY_MARK}"))
                continue
            value, _ = self._take_value()
            is_records = isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
            if is_records and not is_beside(name, value):
                raise InputError(
                    f"`{self._source}` has several lists of records: `{key}`, `{name}`",
                    "write each to a file of its own",
                )

    def _parse_values(self) -> Iterator[tuple[JsonRecord, str]]:
        for _ in self._list_keys():
            if self._need() != "{":
                raise self._explain(self._need())
            yield self._take_record()

    def _list_keys(self) -> Iterator[str]:
        """Yield the keys of an object; the caller takes each value."""
        self._take("{")
        while (letter := self._need()) != "}":
            if letter == ",":
                self._place += 1
                continue
            name, _ = self._take_value()
            self._take(":")
            self._need()
            yield str(name)
        self._take("}")

    def _peek(self) -> str:
        """Return the next letter that is no space, "" at the end."""
        while True:
            self._place, self._line = _skip_space(self._buffer, self._place, self._line)
            if self._place < len(self._buffer):
                return self._buffer[self._place]
            self._buffer, self._place = self._text.read(_PIECE), 0
            if not self._buffer:
                return ""

    def _need(self) -> str:
        letter = self._peek()
        if not letter:
            raise InputError(f"`{self._source}` breaks off in line {self._line}: its closing `]` is missing", _EXAMPLE)
        return letter

    def _take(self, wanted: str) -> None:
        letter = self._need()
        if letter != wanted:
            raise self._explain(letter)
        self._place += 1

    def _explain(self, letter: str) -> InputError:
        return InputError(
            f"`{self._source}` is not a JSON array of records: line {self._line} has {letter!r}", _EXAMPLE
        )

    def _take_value(self) -> tuple[Any, str]:
        self._need()
        value, end, self._buffer = _decode_value(
            self._source, self._decoder, self._buffer[self._place :], self._text, self._line
        )
        piece = self._buffer[:end]
        self._line += piece.count("\n")
        self._place = end
        return value, piece

    def _take_record(self) -> tuple[JsonRecord, str]:
        value, piece = self._take_value()
        return _check_record(self._source, value, self._line, piece), piece


def _leave_columns(source: Source, document: Mapping[str, Any], notes: list[str]) -> dict[str, list[Any]]:
    """Return the columns of a document, with the names of classes that it has beside them."""
    columns = find_columns(document)
    others = {name: value for name, value in document.items() if name not in columns}
    samples = [dict(zip(columns, values, strict=True)) for values in islice(zip(*columns.values(), strict=True), 50)]
    coded = find_coded_column(others.items(), samples, str(source))
    if coded:
        column, names = coded[0], coded[1:]
        columns[column] = [name_class(value, names, str(source)) for value in columns[column]]
        notes.append(f"the numbers in `{column}` of `{source}` are named, as the file says beside them")
    left = ", ".join(f"`{name}`" for name, value in others.items() if not is_beside(name, value))
    if left:
        notes.append(f"{left} of `{source}` left out: no columns")
    return columns


def _transpose_columns(document: dict[str, dict[str, Any]]) -> Iterator[tuple[JsonRecord, str]]:
    keys = dict.fromkeys(key for cells in document.values() for key in cells)
    for key in keys:
        yield _write_record({name: cells.get(key) for name, cells in document.items()})


def _transpose_lists(document: dict[str, list[Any]]) -> Iterator[tuple[JsonRecord, str]]:
    if len({len(values) for values in document.values()}) > 1:
        lengths = ", ".join(f"`{name}` has {len(values):,}" for name, values in document.items())
        raise InputError(f"its lists have different lengths: {lengths}", _EXAMPLE)
    for values in zip(*document.values(), strict=True):
        yield _write_record(dict(zip(document, values, strict=True)))


def _transpose_split(document: dict[str, list[Any]]) -> Iterator[tuple[JsonRecord, str]]:
    for row in document["data"]:
        yield _write_record(dict(zip(map(str, document["columns"]), row, strict=True)))


def _transpose_values(document: list[list[Any]]) -> Iterator[tuple[JsonRecord, str]]:
    names = find_names(document)
    columns = names or [f"column_{number}" for number in range(1, max(map(len, document), default=0) + 1)]
    for row in document[bool(names) :]:
        yield _write_record(dict(zip(columns, row, strict=False)))


def _write_record(record: JsonRecord) -> tuple[JsonRecord, str]:
    return record, json.dumps(record, ensure_ascii=False)


_TRANSPOSE: dict[str, Callable[[Any], Iterator[tuple[JsonRecord, str]]]] = {
    "columns": _transpose_columns,
    "lists": _transpose_lists,
    "split": _transpose_split,
    "values": _transpose_values,
}


def _skip_space(buffer: str, place: int, line: int) -> tuple[int, int]:
    while place < len(buffer) and buffer[place] in " \t\r\n":
        line += buffer[place] == "\n"
        place += 1
    return place, line


def _decode_value(
    source: Source, decoder: json.JSONDecoder, buffer: str, text: TextIO, line: int
) -> tuple[Any, int, str]:
    """Decode the value at the start of `buffer`, reading on until it is whole."""
    while True:
        try:
            record, end = decoder.raw_decode(buffer)
            if end < len(buffer) or isinstance(record, dict | list) or buffer[end - 1] == '"':
                return record, end, buffer
            more = text.read(_PIECE)  # a number may go on behind the piece that was read
            if not more:
                return record, end, buffer
            buffer += more
        except (json.JSONDecodeError, RecursionError) as error:
            more = text.read(max(_PIECE, len(buffer))) if len(buffer) < 2 * MAX_CELL else ""
            if not more:
                raise InputError(
                    f"the record in line {line} of `{source}` is not valid JSON: {error}", _EXAMPLE
                ) from None
            buffer += more


def _check_record(source: Source, record: Any, line: int, written: str) -> JsonRecord:
    """Return the record, with nested values as they were before their numbers became strings."""
    if not isinstance(record, dict):
        raise InputError(f"line {line} of `{source}` is not a JSON object", _EXAMPLE)
    if (name := find_repeated_key(written, record)) is not None:
        raise InputError(f"line {line} of `{source}` has the key `{name}` twice, with different values", REPEATED_HINT)
    nested = [name for name, value in record.items() if isinstance(value, dict | list)]
    if nested:
        plain = load_json(written)
        record.update({name: plain[name] for name in nested})
    return record
