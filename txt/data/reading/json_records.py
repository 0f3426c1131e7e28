"""Reads JSONL and JSON, one object per row; a key that first appears later becomes a column from there on."""

import io
import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, TextIO

import pyarrow as pa

from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_batch
from txt.data.reading.dialect import Dialect
from txt.data.reading.rows import read_json_constant
from txt.data.reading.source import MAX_CELL, MAX_LINE, Source
from txt.errors import InputError

_PIECE = 1 << 16  # characters
_EXACT: dict[str, Any] = {
    "parse_int": str,
    "parse_float": str,
    "parse_constant": read_json_constant,
}  # 007.10 stays as it is written
_EXAMPLE = 'a record looks like {"text": "…", "label": "…"}'

JsonRecord = dict[str, Any]


def read_jsonl(source: Source, dialect: Dialect) -> Iterator[pa.RecordBatch]:
    """Yield the objects of a file with one a line, in batches; blank lines are skipped.

    Raises:
        InputError: a line is not a JSON object; it is named.
    """
    with source.open() as file, io.TextIOWrapper(file, encoding=dialect.encoding, newline="\n") as lines:
        yield from _batch_records(_parse_lines(source, lines))


def read_json(source: Source, dialect: Dialect) -> Iterator[pa.RecordBatch]:
    """Yield the objects of a JSON array, in batches, without ever holding the array.

    Raises:
        InputError: the file is not an array of objects; the line is named.
    """
    with source.open() as file, io.TextIOWrapper(file, encoding=dialect.encoding, newline="\n") as text:
        yield from _batch_records(_parse_array(source, text))


def read_raw_records(source: Source, dialect: Dialect) -> Iterator[str]:
    """Yield the objects of a JSON array as they are written, without ever holding the array.

    Raises:
        InputError: the file is not an array of objects; the line is named.
    """
    with source.open() as file, io.TextIOWrapper(file, encoding=dialect.encoding, newline="") as text:
        for _, written in _parse_array(source, text):
            yield written


def _batch_records(records: Iterable[tuple[JsonRecord, str]]) -> Iterator[pa.RecordBatch]:
    """Gather (record, as it is written) into batches, all columns met so far in each."""
    columns: dict[str, None] = {}
    held: list[JsonRecord] = []
    characters = 0
    for record, written in records:
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
    return json.dumps(value, ensure_ascii=False)


def _parse_lines(source: Source, lines: TextIO) -> Iterator[tuple[JsonRecord, str]]:
    for number, line in enumerate(iter(partial(lines.readline, MAX_LINE), ""), start=1):
        if line.isspace():
            continue
        if len(line) == MAX_LINE:
            raise InputError(f"line {number} of `{source}` has more than {MAX_LINE:,} characters", _EXAMPLE)
        try:
            record = json.loads(line, **_EXACT)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"line {number} of `{source}` is not valid JSON: {error}", _EXAMPLE) from None
        yield _check_record(source, record, number, lambda line=line: json.loads(line)), line


def _parse_array(source: Source, text: TextIO) -> Iterator[tuple[JsonRecord, str]]:
    decoder = json.JSONDecoder(**_EXACT)
    buffer, place, line, wanted = "", 0, 1, "["
    while True:
        place, line = _skip_space(buffer, place, line)
        if place == len(buffer):
            buffer, place = text.read(_PIECE), 0
            if not buffer:
                raise InputError(f"`{source}` breaks off in line {line}: its closing `]` is missing", _EXAMPLE)
            continue
        letter = buffer[place]
        if wanted == "{" and letter == "{":
            record, end, buffer = _decode_object(source, decoder, buffer[place:], text, line)
            line += buffer.count("\n", 0, end)
            piece = buffer[:end]
            yield _check_record(source, record, line, lambda piece=piece: json.loads(piece)), piece
            place, wanted = end, ","
        elif letter == "]" and wanted != "[":
            break
        elif letter == wanted:
            place, wanted = place + 1, "{"
        else:
            raise InputError(f"`{source}` is not a JSON array of records: line {line} has {letter!r}", _EXAMPLE)


def _skip_space(buffer: str, place: int, line: int) -> tuple[int, int]:
    while place < len(buffer) and buffer[place] in " \t\r\n":
        line += buffer[place] == "\n"
        place += 1
    return place, line


def _decode_object(
    source: Source, decoder: json.JSONDecoder, buffer: str, text: TextIO, line: int
) -> tuple[Any, int, str]:
    """Decode the object at the start of `buffer`, reading on until it is whole."""
    while True:
        try:
            record, end = decoder.raw_decode(buffer)
            return record, end, buffer
        except (json.JSONDecodeError, RecursionError) as error:
            more = text.read(max(_PIECE, len(buffer))) if len(buffer) < 2 * MAX_CELL else ""
            if not more:
                raise InputError(
                    f"the record in line {line} of `{source}` is not valid JSON: {error}", _EXAMPLE
                ) from None
            buffer += more


def _check_record(source: Source, record: Any, line: int, again: Any) -> JsonRecord:
    """Return the record, with nested values as they were before their numbers became strings."""
    if not isinstance(record, dict):
        raise InputError(f"line {line} of `{source}` is not a JSON object", _EXAMPLE)
    nested = [name for name, value in record.items() if isinstance(value, dict | list)]
    if nested:
        plain = again()
        record.update({name: plain[name] for name in nested})
    return record
