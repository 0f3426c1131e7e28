"""JSON from files, within limits: what is too large, too deep or no number of this world is refused by name.

Every small file that `txt` reads goes through here: config.json, manifest.json, study.json, lrfind.json, notes.json and
the like. Any of them may come from elsewhere. What is wrong is one InputError that names the file and the field.
"""

import json
import math
from collections.abc import Mapping
from types import UnionType
from typing import Any

from txt.errors import InputError

MOST_BYTES = 256 << 20
"""The largest file of JSON that is read whole; a report on a large test split has some tens of megabytes."""

_MOST_DIGITS = 20  # of a whole number: enough for 64 bits; a longer one is a number with an exponent
_LONGEST_DIGITS = 300  # which that holds; tokenizers say 10**30 for a length without limit
_MOST_INT_DIGITS = 4000  # Python makes none of more than 4,300
_MISSING = object()

Kind = type | UnionType
"""A type of JSON: `str`, `int | None`; a boolean is not a number, and a whole number is a `float`."""


def parse_json(content: bytes | str, source: str) -> dict[str, Any]:
    """Return the JSON object that `content` holds; `source` names it in errors.

    Raises:
        InputError: it is not UTF-8, not JSON, not an object, too deeply nested, or has a number or a letter that cannot
            be kept: more than 300 digits, infinite, or half of a surrogate pair. One of more than 20 becomes a float.
    """
    value = parse_json_value(content, source)
    if not isinstance(value, dict):
        raise InputError(f"{source} is not a JSON object")
    return value


def parse_json_value(content: bytes | str, source: str) -> Any:
    """Return the JSON value that `content` holds, as `parse_json` does for objects.

    Raises:
        InputError: as for `parse_json`.
    """
    # The parser in C counts how deep it is and raises RecursionError long before the stack ends. Python refuses to make
    # integers of more than 4,300 digits, and one of 400 digits fails later, where it becomes a float: both end here.
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        value = json.loads(text, parse_int=_parse_int, parse_float=_parse_float, parse_constant=_refuse_constant)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise InputError(f"{source} is not valid JSON: it is nested too deeply") from None
    except UnicodeEncodeError:
        raise InputError(f"{source} is not valid JSON: it has half of a surrogate pair") from None
    except ValueError as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise InputError(f"{source} is not valid JSON: {error}") from None
    return value


def load_json(text: str | bytes) -> Any:
    """Return what `json.loads` does; a whole number of thousands of digits, which Python refuses to make, stays text.

    For what people have in data files: what is wrong is not told here.

    Raises:
        json.JSONDecodeError: it is not JSON, or nested too deeply.
        UnicodeDecodeError: it is not UTF-8.
    """
    try:
        return json.loads(text, parse_int=parse_long_int)
    except RecursionError:
        raise json.JSONDecodeError("it is nested too deeply", "", 0) from None


def find_repeated_key(text: str, value: Mapping[str, Any]) -> str | None:
    """Return a key that the object in `text` has twice with different values, None where there is none.

    `value` is what it was read as: where it has as many keys as the text has colons behind quotes, none is lost.
    """
    if text.count('":') + text.count('" :') <= len(value):
        return None
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        whole = dict(pairs)
        found[:] = [name for name, each in pairs if each != whole[name]]
        return whole

    json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=look)
    return found[0] if found else None


def parse_long_int(digits: str) -> int | str:
    """Return a whole number of JSON, or its digits where Python refuses to make a number of so many."""
    return int(digits) if len(digits) <= _MOST_INT_DIGITS else digits


def take_field(value: Mapping[str, Any], name: str, kind: Kind, source: str, default: Any = _MISSING) -> Any:
    """Return a field of an object, checked to be of a kind; `default` where it is missing.

    A boolean is not a number here, and a whole number is a float. A string has no NUL, which no path can have.

    Raises:
        InputError: it is missing without a default, or of another kind; the message names file and field.
    """
    found = value.get(name, _MISSING)
    if found is _MISSING:
        if default is _MISSING:
            raise InputError(f"{source} has no `{name}`")
        return default
    if not has_kind(found, kind):
        raise InputError(f"{source}: `{name}` is {_describe_kind(found)}, and must be {_spell_kind(kind)}")
    if isinstance(found, str) and "\0" in found:
        raise InputError(f"{source}: `{name}` has a NUL character")
    return found


def take_list(value: Mapping[str, Any], name: str, kind: Kind, source: str, default: Any = _MISSING) -> Any:
    """Return a field that is a list whose items are of a kind; `default` where it is missing.

    Raises:
        InputError: it is missing without a default, not a list, or an item is of another kind.
    """
    found = take_field(value, name, list, source, default)
    for place, item in enumerate(found if isinstance(found, list) else ()):
        if not has_kind(item, kind):
            raise InputError(f"{source}: `{name}[{place}]` is {_describe_kind(item)}, and must be {_spell_kind(kind)}")
    return found


def has_kind(found: Any, kind: Kind) -> bool:
    """Tell whether a JSON value is of a kind: a boolean is not a number, and a whole number is a float too."""
    kinds = kind.__args__ if isinstance(kind, UnionType) else (kind,)
    if isinstance(found, bool):
        return bool in kinds
    return isinstance(found, tuple(kinds)) or (isinstance(found, int) and float in kinds)


def _describe_kind(found: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(found), "a number")


def _spell_kind(kind: Kind) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a string",
        bool: "true or false",
        type(None): "null",
        int: "a whole number",
        float: "a number",
    }
    kinds = kind.__args__ if isinstance(kind, UnionType) else (kind,)
    return " or ".join(names.get(each, each.__name__) for each in kinds)


def _parse_int(digits: str) -> int | float:
    if len(digits) > _LONGEST_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits, and at most {_LONGEST_DIGITS} are read")
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _parse_float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"the number {digits[:20]} is too large")
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")
