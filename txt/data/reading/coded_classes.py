"""Names of classes that stand beside the records of a JSON document, whose labels are numbers in their list.

`{"label_names": ["neg", "pos"], "data": [{"text": "…", "label": 1}]}` has `pos`. The names are a list, an object from
number to name or from name to number, or the features that `datasets` writes.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from txt.data.reading.column_names import CLASS_NAME_KEYS, LABEL_NAMES, LIKELY_CLASS_NAME_KEYS, fold_name
from txt.errors import InputError

_FEATURES = "features"
_CODE = re.compile(r"-?\d+")
_OTHER_NAMES = frozenset(("y", "target"))


def is_beside(name: str, value: Any) -> bool:
    """Tell whether an entry of a document is about its classes or columns, and not records."""
    if fold_name(name) == _FEATURES and _read_features(value):
        return True
    return fold_name(name) in CLASS_NAME_KEYS | LIKELY_CLASS_NAME_KEYS and bool(_read_names(value))


def find_coded_column(
    entries: Iterable[tuple[str, Any]], samples: Sequence[Mapping[str, Any]], source: str
) -> tuple[str, ...]:
    """Return the column whose numbers have names among the entries of a document, and the names; () where none has.

    Raises:
        InputError: there are names, and it is not clear which numbers they are for.
    """
    for key, value in entries:
        folded = fold_name(key)
        if folded == _FEATURES and (features := _read_features(value)):
            found = [name for name in _list_columns(samples) if _last(name) in features and _fits(samples, name)]
            if len(found) == 1:
                return (found[0], *features[_last(found[0])])
            continue
        names = _read_names(value) if folded in CLASS_NAME_KEYS | LIKELY_CLASS_NAME_KEYS else ()
        if not names:
            continue
        coded = [name for name in _list_columns(samples) if _is_label(name) and _fits(samples, name)]
        fitting = [
            name for name in coded if _fits_names(samples, name, len(names), all_used=folded in LIKELY_CLASS_NAME_KEYS)
        ]
        if len(fitting) == 1:
            return (fitting[0], *names)
        if coded and folded in CLASS_NAME_KEYS:
            columns = ", ".join(f"`{name}`" for name in coded)
            raise InputError(
                f"`{source}` has {len(names)} names of classes under `{key}`, and they do not clearly belong to the "
                f"numbers in {columns}",
                "write the name of each record's class into it",
            )
    return ()


def name_class(value: Any, names: Sequence[str], source: str) -> Any:
    """Return the name that a number stands for, None for -1, as `datasets` writes where there is none.

    Raises:
        InputError: the number has no name.
    """
    if isinstance(value, list):
        return [each for each in (name_class(each, names, source) for each in value) if each is not None]
    if value is None or value == "" or isinstance(value, bool) or not _CODE.fullmatch(str(value)):
        return value
    place = int(value)
    if place == -1:
        return None
    if not 0 <= place < len(names) or not names[place]:
        raise InputError(
            f"`{source}` has the label {place}, and no name for it among its {len(names)} names of classes",
            "add its name, or write the name of each record's class into it",
        )
    return names[place]


def find_entries_behind(text: str) -> list[tuple[str, Any]]:
    """Return the keys and values that end a document, behind the list of its records; `text` is its end."""
    decoder = json.JSONDecoder(strict=False)
    for found in re.finditer(r"\]\s*,\s*(?=\")", text):
        with suppress(ValueError, RecursionError):
            value, end = decoder.raw_decode("{" + text[found.end() :].rstrip())
            if end == len(text[found.end() :].rstrip()) + 1:
                return list(value.items())
    return []


def read_class_names(feature: Any) -> tuple[str, ...]:
    """Return the class names of a feature of `datasets`, or of the items of a list; none for any other feature."""
    if isinstance(feature, list) and len(feature) == 1:  # how older versions describe a list
        return read_class_names(feature[0])
    if not isinstance(feature, dict):
        return ()
    if feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list):
        return tuple(map(str, feature["names"]))
    return read_class_names(feature.get("feature"))


def _read_names(value: Any) -> tuple[str, ...]:
    """Return the names of classes in the order of their numbers; none for anything else."""
    if isinstance(value, list):
        is_names = len(value) > 1 and all(isinstance(each, str) and not _CODE.fullmatch(each) for each in value)
        return tuple(value) if is_names and len(set(value)) == len(value) else ()
    if not isinstance(value, dict) or not value:
        return ()
    pairs: list[tuple[Any, Any]] = list(value.items())
    if all(not isinstance(each, str) for _, each in pairs):
        pairs = [(each, name) for name, each in pairs]
    if not all(
        _CODE.fullmatch(str(code)) and isinstance(name, str) and 0 <= int(code) < 10_000 for code, name in pairs
    ):
        return ()
    named = {int(code): name for code, name in pairs}
    return tuple(named.get(code, "") for code in range(max(named) + 1)) if len(named) == len(pairs) > 1 else ()


def _read_features(value: Any) -> dict[str, tuple[str, ...]]:
    """Return the class names of the columns that a list or object of features of `datasets` describes."""
    if isinstance(value, list):
        value = {each["name"]: each.get("type") for each in value if isinstance(each, dict) and "name" in each}
    if not isinstance(value, dict):
        return {}
    named = {str(name): read_class_names(feature) for name, feature in value.items()}
    return {name: names for name, names in named.items() if names}


def _list_columns(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for record in samples for name in record))


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _is_label(name: str) -> bool:
    folded = fold_name(_last(name))
    return folded in LABEL_NAMES or folded.rsplit("_", 1)[-1] in LABEL_NAMES | _OTHER_NAMES


def _list_codes(samples: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    values = [record.get(name) for record in samples]
    return [each for value in values for each in (value if isinstance(value, list) else [value]) if each is not None]


def _fits(samples: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Tell whether a column has whole numbers and nothing else."""
    codes = _list_codes(samples, name)
    return bool(codes) and all(not isinstance(each, bool) and _CODE.fullmatch(str(each)) for each in codes)


def _fits_names(samples: Sequence[Mapping[str, Any]], name: str, count: int, *, all_used: bool) -> bool:
    codes = [int(each) for each in _list_codes(samples, name)]
    return min(codes) >= -1 and (max(codes) == count - 1 if all_used else max(codes) < count)
