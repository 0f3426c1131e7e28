"""Tells a label that is several labels: a list, names joined by a sign, or columns of 0 and 1."""

import ast
import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from txt.errors import InputError
from txt.json_input import load_json

OWN_JOINT = "|"
"""What `txt label` puts between several labels."""

_STRONG = (OWN_JOINT, ";", "#", "\n", "\t")
_WEAK = (",", "/", "+", "&")  # they stand inside the names of single classes too
_NAMES = {"\n": "line breaks", "\t": "tabs"}
_DECIMAL = re.compile(r"[+-]?\d+,\d+")
_USUAL_DECIMAL = re.compile(r"[+-]?\d+,(0|5|00|25|50|75)")
_ADJACENT = re.compile(r"""(['"])\s+(['"])""")  # numpy writes ['a' 'b']
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_BINARY = frozenset({"0", "1", "0.0", "1.0", "true", "false", "True", "False", "TRUE", "FALSE"})
_FEWEST_COLUMNS = 2
AS_OBJECT = "as an object"
"""How cells are written that say more than which labels a row has."""


@dataclass(frozen=True)
class Several:
    """The labels that are several, and how they are written."""

    labels: frozenset[str]
    how: str
    sign: str | None = None

    @property
    def is_sure(self) -> bool:
        """Whether it can hardly be meant otherwise: a list, or a sign that names of single classes rarely have."""
        return self.how == "as a list" or self.sign in _STRONG


def find_several(labels: Collection[str], single: Collection[str] = ()) -> Several | None:
    """Return the labels that are several, None where each is one; those in `single` are one by name.

    A sign joins labels if the parts occur again, alone or joined otherwise: `late|negative` beside `negative`. A part
    that is always first, as in `Food/Fruit` beside `Food/Bread`, is a level above, not a label.
    """
    labels = {label for label in labels if label not in single}
    objects = {
        label for label in labels if label.startswith(("{", "[")) and split_list(label) is None and _has_object(label)
    }
    if objects:
        return Several(frozenset(objects), AS_OBJECT)
    lists = {label: found for label in labels if (found := split_list(label)) is not None}
    longer = frozenset(label for label, found in lists.items() if len(found) > 1)
    if longer:
        return Several(longer, "as a list")
    for sign in (*_STRONG, *_WEAK):
        joined = {label: parts for label in labels if len(parts := _split(label, sign)) > 1}
        if joined and _are_labels(joined, labels - joined.keys(), sign):
            return Several(frozenset(joined), f"joined by {_NAMES.get(sign, f'`{sign}`')}", sign)
    return None


def find_doubtful(labels: Collection[str]) -> tuple[str, str, str] | None:
    """Return a label that may be several, the part of it that stands alone elsewhere, and the sign; None for none.

    Such labels are taken as one each, since their other parts stand nowhere else: `billing, login` beside `login`.
    """
    for label in sorted(labels):
        for sign in (",", "&", "+"):
            parts = _split(label, sign)
            alone = [part for part in parts if part in labels]
            if len(parts) > 1 and alone:
                return label, alone[0], sign
    return None


def split_list(label: str) -> list[str] | None:
    """Return the labels of a list as JSON, Python or numpy write it, None for what is not a list of labels."""
    if label.startswith('{"choices"'):  # Label Studio, in CSV and JSON-MIN
        label = _read_choices(label)
    if not (label.startswith("[") and label.endswith("]")) and not (label.startswith("{'") and label.endswith("'}")):
        return None
    inner = label[1:-1].strip()
    if not inner:
        return []
    if _ADJACENT.search(inner) and "," not in _QUOTED.sub("", inner):
        return list(dict.fromkeys(first or second for first, second in _QUOTED.findall(inner)))
    found = _parse_literal(label)
    if found is None:
        found = None if any(sign in inner for sign in "[]{}'\"") else [part.strip() for part in inner.split(",")]
    if found is None or not all(isinstance(each, str | int | float) and each == each for each in found):
        return None
    return list(dict.fromkeys(str(each) for each in found))


def refuse_one_hot(sample: Mapping[str, Sequence[str | None]], source: str) -> None:
    """Refuse a table in which several columns of 0 and 1 are the labels.

    Raises:
        InputError: there are at least two such columns.
    """
    columns = [name for name, values in sample.items() if _is_binary(values)]
    if len(columns) < _FEWEST_COLUMNS:
        return
    ones = Counter(
        sum(_is_one(value) for value in row) for row in zip(*(sample[name] for name in columns), strict=True)
    )
    shown = ", ".join(f"`{name}`" for name in columns[:8]) + (" …" if len(columns) > 8 else "")
    often = sum(count for number, count in ones.items() if number > 1)
    each = f"{often:,} of the first {ones.total():,} rows have several" if often else "no row has more than one"
    raise InputError(
        f"`{source}` has no label column, but {len(columns)} columns of 0 and 1, a label each: {shown}; {each}",
        f"--label-columns {_quote_list(columns)} learns them all, --label-column {_quote(columns[0])} one of them",
    )


def _are_labels(joined: Mapping[str, Sequence[str]], alone: Collection[str], sign: str) -> bool:
    """Tell whether the parts of joined labels are labels themselves."""
    if sign == OWN_JOINT:
        return True
    if sign == "," and (
        (not alone and all(map(_DECIMAL.fullmatch, joined))) or all(map(_USUAL_DECIMAL.fullmatch, joined))
    ):
        return False  # decimal commas
    used: Counter[str] = Counter(part for parts in joined.values() for part in set(parts))
    places: dict[str, set[int]] = {}
    for parts in joined.values():
        for place, part in enumerate(parts):
            places.setdefault(part, set()).add(place)
    standing = [part for part in used if part in alone]
    moving = [part for part, where in places.items() if len(where) > 1 and used[part] > 1]
    if sign in _STRONG:
        crossed = {place for part, where in places.items() if used[part] > 1 for place in where}
        return bool(standing or moving or len(crossed) > 1)
    known = sum(part in alone or used[part] > 1 for part in used)
    return bool(standing or moving) and known >= 0.8 * len(used)


def _split(label: str, sign: str) -> list[str]:
    return [part.strip() for part in label.split(sign) if part.strip()]


def _read_choices(label: str) -> str:
    try:
        return json.dumps(load_json(label)["choices"])
    except (ValueError, KeyError, TypeError):
        return label


def _parse_literal(label: str) -> list[Any] | None:
    for read in (load_json, ast.literal_eval):
        try:
            found = read(label)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        return list(found) if isinstance(found, list | tuple | set) else None
    return None


def _has_object(label: str) -> bool:
    """Tell whether a cell is an object as JSON or Python writes it, or a list with one, as of ratings and spans."""
    for read in (load_json, ast.literal_eval):
        try:
            found = read(label)
        except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
            continue
        return isinstance(found, dict) or (isinstance(found, list) and any(isinstance(each, dict) for each in found))
    return False


def _is_binary(values: Sequence[str | None]) -> bool:
    present = {value.strip() for value in values if value and value.strip()}
    return bool(present) and present <= _BINARY and len({_is_one(value) for value in present}) == 2


def _is_one(value: str | None) -> bool:
    return (value or "").strip().lower() in ("1", "1.0", "true")


def _quote(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() else repr(name)


def _quote_list(names: Sequence[str]) -> str:
    joined = ",".join(names)
    return joined if all(_quote(name) == name for name in names) else repr(joined)
