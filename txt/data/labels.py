"""The classes' names: kept as they are written, put in order, and checked for likely mistakes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_WHOLE = re.compile(r"[+-]?\d+(\.0+)?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True)
class Naming:
    """Which class each written label means; `note` says what the user may not expect, if anything."""

    names: tuple[str, ...]
    class_of: Mapping[str, int]
    note: str | None = None


def name_classes(written: Iterable[str]) -> Naming:
    """Return the classes in order: numbers by value, before words in alphabetical order.

    Labels that are all whole numbers, some written like `1.0` (spreadsheets and pandas do that), lose the `.0`.
    """
    labels = sorted(set(written))
    renamed = {label: label for label in labels}
    note = None
    if labels and all(_WHOLE.fullmatch(label.strip()) for label in labels):
        as_whole = {label: str(int(float(label))) for label in labels}
        changed = [label for label in labels if "." in label]
        if changed:
            renamed = as_whole
            shown = ", ".join(f"`{label}` as `{as_whole[label]}`" for label in changed[:3])
            note = f"whole numbers written with a point are read as integers: {shown}"
    names = sorted(set(renamed.values()), key=_label_sort_key)
    places = {name: place for place, name in enumerate(names)}
    return Naming(tuple(names), {label: places[name] for label, name in renamed.items()}, note)


def find_lookalikes(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the groups of names that differ only by upper case or spaces."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(" ".join(name.casefold().split()), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def _label_sort_key(name: str) -> tuple[bool, float, str]:
    number = _NUMBER.fullmatch(name.strip())
    return (number is None, float(name) if number else 0.0, name)
