"""Finds out how the records lie in a JSON file: a list, lists one behind another, inside of a key, or by columns.

`Dialect.records` names what was found:

""          a list of objects, several lists, or objects one behind another
key:NAME    a list of objects under a key: {"version": 1, "data": [{...}, ...]}; in objects, the keys have a / between
index       objects by their row's name: {"0": {"text": ...}, "1": ...}; pandas: orient="index"
columns     cells by column and row: {"text": {"0": ..., "1": ...}, ...}; pandas: to_json()
lists       lists by column: {"text": [...], "label": [...]}; pandas: orient="list"
split       names and rows apart: {"columns": [...], "data": [[...], ...]}; pandas: orient="split"
values      rows without names, or with names in the first: [[...], ...]
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from txt.data.reading.coded_classes import find_coded_column, find_entries_behind, is_beside
from txt.data.reading.columns import has_text_name
from txt.data.reading.header import judge_header
from txt.data.reading.how_read import Dialect, Guess
from txt.data.reading.quoting import read_last_lines
from txt.data.reading.source import Source
from txt.errors import InputError
from txt.json_input import parse_long_int

KEY_MARK = "/"
"""Stands between the keys of objects within each other, where the records are below several."""

_DEEPEST = 3
_MANY_KEYS = 20  # of one object: more than a record has
_LIST, _OBJECT, _SCALAR = "list of objects", "object", "value"
_EXAMPLE = 'a list of records looks like [{"text": "…", "label": "…"}]'


def find_layout(source: Source, dialect: Dialect, text: str, columns: tuple[str, ...] = ()) -> Dialect:
    """Add where the records are in a JSON file, and which objects in them are opened; `columns` were asked for.

    Raises:
        InputError: it has no records, or more than one list of them.
    """
    if dialect.format == "json":
        dialect = _find_records(source, dialect, text)
    samples = list(_take_samples(text, dialect))
    if len(samples) == 1 and len(samples[0]) > _MANY_KEYS and _has_texts_for_keys(samples[0]):
        raise InputError(f"`{source}` is one JSON object with texts for its keys, not a list of records", _EXAMPLE)
    opened = list_nested(samples, columns)
    if opened:
        because = "the text is inside" if not columns else "a column of it was asked for"
        guess = Guess("nested objects", ", ".join(f"`{name}`" for name in opened), because, None)
        dialect = replace(dialect, paths=tuple(opened), guesses=(*dialect.guesses, guess))
    if dialect.records.startswith("key:"):
        samples = [open_nested(record, dialect.paths) for record in samples]
        dialect = _find_coded(source, dialect, list(_list_entries(text.lstrip())), samples)
    return dialect


def _find_coded(
    source: Source, dialect: Dialect, entries: list[tuple[str, Any]], samples: Sequence[Mapping[str, Any]]
) -> Dialect:
    """Add the names of classes that stand before or behind the records for their numbers."""
    behind = find_entries_behind(read_last_lines(source, dialect.encoding))
    coded = find_coded_column([*entries, *behind], samples, str(source))
    if not coded:
        return dialect
    names = ", ".join(f"`{name}`" for name in coded[1:4]) + (" …" if len(coded) > 4 else "")
    guess = Guess("class names", names, f"they stand beside the numbers of `{coded[0]}`", None, told=True)
    warning = f"the numbers in `{coded[0]}` of `{source}` are named {names}, as the file says beside its records"
    return replace(dialect, coded=coded, guesses=(*dialect.guesses, guess), warnings=(*dialect.warnings, warning))


def list_nested(samples: list[dict[str, Any]], columns: tuple[str, ...]) -> list[str]:
    """Return the keys whose objects are opened into columns: where no text is outside, or one inside was asked for."""
    nested = list(dict.fromkeys(name for each in samples for name, value in each.items() if isinstance(value, dict)))
    asked = [name for name in nested if any(column.startswith(f"{name}.") for column in columns)]
    return asked or ([] if any(map(_has_text, samples)) else nested)


def read_json_constant(name: str) -> str | None:
    """Return what a number that JSON does not have stands for: NaN, as pandas writes it, for a missing value."""
    return None if name == "NaN" else name


def write_value(value: Any) -> str:
    """Return a nested value as JSON, and a text in pieces, some of them with marks, as the text: what chats export."""
    if isinstance(value, list) and any(isinstance(each, str) for each in value):
        pieces = [each.get("text") if isinstance(each, dict) else each for each in value]
        if any(isinstance(each, dict) for each in value) and all(isinstance(piece, str) for piece in pieces):
            return "".join(map(str, pieces))
    return json.dumps(value, ensure_ascii=False)


def flatten(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values inside a nested object with their paths: `data.title`."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flatten(f"{name}.{key}", each)
    else:
        yield name, value


def open_nested(record: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return a record in which the objects under these keys are opened into columns."""
    opened: dict[str, Any] = {}
    for name, value in record.items():
        opened.update(flatten(name, value) if name in names else ((name, value),))
    return opened


def _has_texts_for_keys(record: Mapping[str, Any]) -> bool:
    return sum(" " in name.strip() for name in record) > len(record) / 2


def _has_text(record: Mapping[str, Any]) -> bool:
    return any(
        isinstance(value, str) and (has_text_name(name) or " " in value.strip()) for name, value in record.items()
    )


def _find_records(source: Source, dialect: Dialect, text: str) -> Dialect:
    start = text.lstrip()
    if start.startswith("["):
        inside = start[1:].lstrip()
        return _describe_values(dialect, inside) if inside.startswith("[") else dialect
    if not start.startswith("{"):
        return dialect
    entries = list(_list_entries(start))
    kinds = {name: _describe(value) for name, value in entries}
    records, because = "", "its values are plain"
    beside = {name for name, value in entries if is_beside(name, value)}
    lists = [name for name, kind in kinds.items() if kind == _LIST and name not in beside] or _list_inner(entries)
    objects = {name: value for name, value in entries if isinstance(value, dict)}
    if {"columns", "data"} <= kinds.keys() and kinds["data"] == "list of lists":
        records, because = "split", "it has `columns` and `data`"
    elif len(lists) == 1:
        records, because = f"key:{lists[0]}", f"`{lists[0]}` is a list of objects"
    elif lists:
        raise InputError(
            f"`{source}` has several lists of records: {', '.join(f'`{name}`' for name in lists)}",
            "write each to a file of its own",
        )
    elif objects and len(objects) == len(kinds):
        records, because = _find_orientation(source, objects)
    elif kinds and all(kind == "list of values" for kind in kinds.values()):
        records, because = "lists", "each key has a list of values"
    elif is_by_column(dict(entries)):
        records, because = "lists", "its lists of texts and of values are equally long"
    if not records:
        if any("list" in kind for kind in kinds.values()) and not _has_text(dict(entries)):
            raise InputError(f"`{source}` is one JSON object, not a list of records", _EXAMPLE)
        return dialect
    guess = Guess("records", _SPOKEN.get(records.split(":")[0], "{}").format(records.partition(":")[2]), because, None)
    return replace(dialect, records=records, guesses=(*dialect.guesses, guess))


def is_by_column(document: Mapping[str, Any]) -> bool:
    """Tell whether a document has columns, one of texts, among other things: what scikit-learn's data sets are."""
    lists = find_columns(document)
    return len(lists) > 1 and any(
        sum(isinstance(each, str) and " " in each.strip() for each in values[:50]) > len(values[:50]) / 2
        for values in lists.values()
    )


def find_columns(document: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the lists of values that are as long as the longest of them, where only names of classes are shorter."""
    lists = {name: value for name, value in document.items() if _describe(value) == "list of values"}
    longest = max(map(len, lists.values()), default=0)
    columns = {name: values for name, values in lists.items() if len(values) == longest}
    others = {name: value for name, value in lists.items() if name not in columns}
    if longest < 2 or not all(is_beside(name, value) for name, value in others.items()):
        return {}
    return columns


_SPOKEN = {
    "key": "the list under `{}`",
    "index": "the objects, one a row",
    "columns": "by column, as pandas writes them",
    "lists": "by column, a list each",
    "split": "names and rows apart, as pandas writes them",
}


def _describe_values(dialect: Dialect, inside: str) -> Dialect:
    """Return the dialect of rows without names; whether the first has names is told."""
    decoder = json.JSONDecoder(strict=False)
    rows: list[Any] = []
    place = 0
    with suppress(json.JSONDecodeError, RecursionError):
        while len(rows) < 50 and inside[place : place + 1] == "[":
            row, place = decoder.raw_decode(inside, place)
            rows.append(row)
            place = _skip(inside, place, " \t\r\n,")
    names = find_names(rows)
    chosen = f"the first row: {', '.join(f'`{name}`' for name in names[:3])}" if names else "none"
    guess = Guess("header", chosen, "by what stands below" if names else "the first row is like those below", None)
    return replace(dialect, records="values", guesses=(*dialect.guesses, guess))


def find_names(rows: Sequence[Any]) -> list[str]:
    """Return the names of columns that the first of some rows has, [] where it has data."""
    if len(rows) < 2 or not all(isinstance(row, list) for row in rows[:50]):
        return []
    first = rows[0]
    if not first or not all(isinstance(cell, str) and cell.strip() for cell in first) or len(set(first)) < len(first):
        return []
    below = [["" if cell is None else str(cell) for cell in row] for row in rows[1:50]]
    return list(first) if judge_header(first, below).is_header else []


def _list_inner(entries: list[tuple[str, Any]], depth: int = 1) -> list[str]:
    """Return the paths of the lists of objects that stand in objects in objects."""
    found = []
    for name, value in entries:
        if isinstance(value, dict) and KEY_MARK not in name and not all(map(str.isdigit, value)):
            inner = [(key, each) for key, each in value.items() if KEY_MARK not in key]
            found += [f"{name}{KEY_MARK}{key}" for key, each in inner if _describe(each) == _LIST]
            if depth < _DEEPEST:
                found += [f"{name}{KEY_MARK}{path}" for path in _list_inner(inner, depth + 1)]
    return found


def _find_orientation(source: Source, objects: dict[str, dict[str, Any]]) -> tuple[str, str]:
    inner = [set(value) for value in objects.values()]
    if all(name.isdigit() for name in objects):
        return "index", "its keys are row numbers"
    if all(key.isdigit() for keys in inner for key in keys) and inner[0]:
        return "columns", "the keys inside are row numbers"
    if len(objects) > 2 and all(keys == inner[0] for keys in inner[:-1]):
        return "index", "all objects have the same keys"
    raise InputError(f"`{source}` is one JSON object, not a list of records", _EXAMPLE)


def _list_entries(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the keys of the object that a text begins with, and as much of their values as the text holds."""
    decoder = json.JSONDecoder(strict=False, parse_int=parse_long_int)
    place = 1
    while True:
        place = _skip(text, place, " \t\r\n,")
        if place >= len(text) or text[place] != '"':
            return
        try:
            name, place = decoder.raw_decode(text, place)
        except json.JSONDecodeError:
            return
        place = _skip(text, place, " \t\r\n:")
        try:
            value, end = decoder.raw_decode(text, place)
        except (json.JSONDecodeError, RecursionError):
            if place < len(text):
                yield name, _decode_beginning(text, place)
            return
        yield name, value
        place = end


def _decode_beginning(text: str, place: int) -> Any:
    """Return the beginning of a value that the end of the text cuts: a list's first entries, an object's first keys."""
    if text[place] == "{":
        return dict(_list_entries(text[place:]))
    if text[place] != "[":
        return None
    inside = _skip(text, place + 1, " \t\r\n")
    opening = text[inside : inside + 1]
    return [{}] if opening == "{" else [[]] if opening == "[" else [None]


def _describe(value: Any) -> str:
    if isinstance(value, list):
        if value and all(isinstance(each, dict) for each in value[:50]):
            return _LIST
        return "list of lists" if value and isinstance(value[0], list) else "list of values"
    return _OBJECT if isinstance(value, dict) else _SCALAR


def _skip(text: str, place: int, letters: str) -> int:
    while place < len(text) and text[place] in letters:
        place += 1
    return place


def _take_samples(text: str, dialect: Dialect, most: int = 50) -> Iterator[dict[str, Any]]:
    """Yield the first records of JSON lines, of a list, or of a list under a key."""
    decoder = json.JSONDecoder(strict=False, parse_int=parse_long_int)
    if dialect.records.startswith("key:"):
        key = dialect.records[4:].rpartition(KEY_MARK)[2]
        place = text.find("[", text.find(json.dumps(key, ensure_ascii=False)))
    elif dialect.records:
        return
    else:
        place = 0
    for _ in range(most):
        place = _skip(text, max(place, 0), " \t\r\n,[]")
        try:
            value, place = decoder.raw_decode(text, place)
        except (json.JSONDecodeError, RecursionError):
            return
        if isinstance(value, dict):
            yield value
