"""The classes' names: which labels are classes, which mean no label, and which are several labels; put in order.

A label keeps its spelling. What is read otherwise than it is written is told, and what can be read in two ways refused.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from txt.data.label_kinds import LIST, LabelForm
from txt.data.several_labels import AS_OBJECT, OWN_JOINT, Several, find_doubtful, find_several, split_list
from txt.data.usual_scales import sort_by_scale
from txt.errors import InputError
from txt.json_input import load_json

_WHOLE = re.compile(r"[+-]?\d+(\.0+)?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_MARKS = frozenset(
    {
        "nan",
        "-nan",
        "nat",
        "null",
        "\\n",
        "<na>",
        "#n/a",
        "#na",
        "#ref!",
        "#value!",
        "#div/0!",
        "#name?",
        "#null!",
        "#num!",
        "<null>",
        "(null)",
        "[null]",
    }
)
"""What programs write for a missing value, in lower case."""

_WORDS = frozenset(
    {
        "none",
        "n/a",
        "na",
        "n.a.",
        "nil",
        "-",
        "--",
        "?",
        "undefined",
        "missing",
        "not available",
        "unlabeled",
        "unlabelled",
        "unsup",
        "not labeled",
        "no label",
        "unannotated",
        "todo",
        "tbd",
        "tba",
    }
)
"""What people write for a missing value, and as a class too."""

_CODES = frozenset({97, 98, 99, 100, 999, 9999})
"""Numbers, also below 0, that stand for a missing value where classes are small numbers."""

_LEAST_CLASS, _MOST_CLASS = -10, 20

_INVISIBLE = re.compile("[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_EDGES = "\u200c\u200d"  # they shape letters and emoji inside a word, and mean nothing at its ends
_SHOWN = 5
_FEWEST_STEPS, _MOST_STEPS = 3, 11  # classes that may be steps of a scale


@dataclass(frozen=True)
class LabelRules:
    """How labels are to be read; `source` and `column` are for messages.

    `missing` are the values that mean no label, None where the user named none. With `whole` a label is one class even
    if it looks like several. `people` are classes that people chose by name: they are never marks of missing values.
    """

    source: str = "the file"
    column: str = "label"
    missing: frozenset[str] | None = None
    whole: bool = False
    people: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SetNaming:
    """Which labels each written cell means, none for those that mean nothing; `form` is how the cells are written."""

    names: tuple[str, ...]
    sets_of: Mapping[str, tuple[int, ...]]
    form: LabelForm
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Naming:
    """Which class each written label means, none for those that mean no label; `notes` tell what was not as written."""

    names: tuple[str, ...]
    class_of: Mapping[str, int]
    notes: tuple[str, ...] = ()


def name_classes(written: Mapping[str, int], rules: LabelRules | None = None) -> Naming:
    """Return the classes in order: numbers by value, before words in alphabetical order.

    `written` are the labels with their numbers of rows.

    Raises:
        InputError: labels may or may not mean a missing value, or rows have several labels.
    """
    reading = _Reading(dict(written), rules or LabelRules())
    reading.remove_invisible()
    reading.remove_missing()
    reading.unwrap_lists()
    reading.refuse_several()
    reading.tell_doubtful()
    reading.join_numbers()
    names = sorted(set(reading.names.values()), key=_label_sort_key)
    places = {name: place for place, name in enumerate(names)}
    return Naming(tuple(names), {label: places[name] for label, name in reading.names.items()}, tuple(reading.notes))


def name_label_sets(
    written: Mapping[str, int], form: LabelForm, rules: LabelRules | None = None, notes: Sequence[str] = ()
) -> SetNaming:
    """Return the labels in order, and which of them each written cell means; an empty list means that none holds.

    Raises:
        InputError: cells may or may not mean a missing value, or a label is a JSON object.
    """
    reading = _Reading(dict(written), rules or LabelRules(), list(notes))
    reading.remove_invisible()
    reading.remove_missing()
    found = {label: tuple(map(remove_invisible, form.parse(name))) for label, name in reading.names.items()}
    names = sorted({name for parts in found.values() for name in parts if name}, key=_label_sort_key)
    places = {name: place for place, name in enumerate(names)}
    sets = {label: tuple(sorted({places[name] for name in parts if name})) for label, parts in found.items()}
    return SetNaming(tuple(names), sets, form, tuple(reading.notes))


def order_classes(names: Sequence[str], rules: LabelRules, order: str | None) -> tuple[str, ...]:
    """Return classes from low to high: as `order` lists them, or numbers by their value.

    Raises:
        InputError: the order lacks a class or has one that no row has, or names have none.
    """
    source = f"column `{rules.column}` of `{rules.source}`"
    if order is None:
        word = next((name for name in names if read_number(name) is None), None)
        if word is not None:
            known = ",".join(sort_by_scale(names)[:_SHOWN]) + (",…" if len(names) > _SHOWN else "")
            raise InputError(
                f"--ordered: the class `{word}` in {source} is not a number, so nothing says what stands above what",
                f"--order lists the classes from low to high: --order {_quote(known)}",
            )
        return tuple(names)
    wanted = [part.strip() for part in order.split(",") if part.strip()]
    missing = [name for name in names if name not in wanted]
    unknown = [name for name in wanted if name not in names]
    if missing or unknown:
        raise InputError(
            f"--order lacks {_list_names(missing)}, which rows have as their label in {source}"
            if missing
            else f"--order names {_list_names(unknown)}, which no row has as its label in {source}",
            f"labels are {_list_names(names)}",
        )
    if len(set(wanted)) < len(wanted):
        raise InputError("--order names a class twice", f"labels are {_list_names(names)}")
    return tuple(wanted)


def propose_order(names: Sequence[str]) -> str | None:
    """Return a sentence that proposes `--ordered` where classes are few consecutive numbers; None elsewhere."""
    values = [read_number(name) for name in names]
    if not _FEWEST_STEPS <= len(values) <= _MOST_STEPS or any(value is None for value in values):
        return None
    first = values[0]
    if [value - first for value in values] != list(range(len(values))):  # type: ignore[operator]
        return None
    return (
        f"the classes are the numbers {names[0]} to {names[-1]}: if they are steps, such as stars, --ordered counts "
        "how many an answer is off"
    )


def find_form(written: Mapping[str, int], rules: LabelRules, wanted: bool | None) -> tuple[LabelForm, str] | None:
    """Return how cells write several labels, and a sentence that says so; None where each is one class.

    Args:
        written: the cells with their numbers of rows.
        rules: how labels are to be read; `whole` says that each is one.
        wanted: the user said that rows may have several.

    Raises:
        InputError: they can be read either way.
    """
    reading = _Reading(dict(written), rules)
    reading.remove_invisible()
    cells = [name for name in reading.names.values() if name]
    several = None if rules.whole else find_several(set(cells), rules.people)
    if several is not None and several.how == AS_OBJECT:
        reading.refuse_several(several)
    if several is None and not wanted:
        return None
    if several is None:
        lists = bool(cells) and all(split_list(name) is not None for name in cells if name.lower() not in _MARKS)
        return LabelForm(LIST) if lists else LabelForm(), ""
    if several.sign is not None and not several.is_sure and not wanted:
        reading.refuse_several(several)
    form = LabelForm(LIST) if several.sign is None else LabelForm(sign=several.sign)
    rows = sum(written[label] for label, name in reading.names.items() if name in several.labels)
    total = sum(written[label] for label, name in reading.names.items() if name)
    return form, (
        f"column `{rules.column}` has several labels a row, {several.how}, in {rows:,} of {total:,} rows; "
        "--no-multi-label makes a class of each combination"
    )


def parse_missing(written: str | None) -> frozenset[str] | None:
    """Return the values that `--missing nan,None` names: none of an empty text, None where nothing was said."""
    return None if written is None else frozenset(part.strip() for part in written.split(",") if part.strip())


def find_lookalikes(names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the groups of names that differ only by upper case or spaces."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(" ".join(name.casefold().split()), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def remove_invisible(label: str) -> str:
    """Return a label without characters that nobody sees, in the composed form of its letters."""
    plain = label if label.isascii() else unicodedata.normalize("NFC", _INVISIBLE.sub("", label).replace("\xa0", " "))
    return plain.strip().strip(_EDGES).strip()


def read_label_cell(label: str) -> str:
    """Return what a label cell says where nothing can be asked: "" for what programs write for a missing value.

    What cannot be seen is left out, and a list of labels becomes labels with a `|` between, as the store keeps them.
    """
    name = remove_invisible(label)
    if name.startswith(("[", "{")) and (found := split_list(name)) is not None:
        name = OWN_JOINT.join(map(remove_invisible, found))
    return "" if name.lower() in _MARKS else name


@dataclass
class _Reading:
    """Labels on the way to classes: `names` holds what each written one is read as."""

    rows: dict[str, int]
    rules: LabelRules
    notes: list[str] = field(default_factory=list)
    names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = {label: label for label in sorted(self.rows)}

    def remove_invisible(self) -> None:
        """Read labels without what cannot be seen; a label of nothing else is none."""
        for label in list(self.names):
            self.names[label] = remove_invisible(label)
        changed = [label for label, name in self.names.items() if name and name != label]
        if changed:
            shown = _list_names(dict.fromkeys(self.names[label] for label in changed))
            self.notes.append(
                f"{self._count(changed)} with invisible characters or spaces around the label, which is read without "
                f"them: {shown}"
            )
        self._drop([label for label, name in self.names.items() if not name])

    def remove_missing(self) -> None:
        """Take marks of missing values out: those that the user named, or else those that only programs write."""
        if self.rules.missing is not None:
            self._remove_named(self.rules.missing)
            return
        marks = [label for label in self.names if self._is_mark(label, _MARKS)]
        doubtful = [label for label in self.names if self._is_mark(label, _WORDS)]
        if "-" in doubtful and "+" in self.names:
            doubtful.remove("-")
        others = {self.names[label] for label in self.names if label not in marks} - self.rules.people
        codes = _find_codes_for_missing(sorted(others))
        doubtful += [label for label, name in self.names.items() if name in codes]
        if len(self.names) <= len(marks) + len(doubtful):  # there is nothing else: a message about classes comes later
            return
        if doubtful:
            named = ",".join([*marks, *doubtful])
            raise InputError(
                f"column `{self.rules.column}` of `{self.rules.source}` has {self._list_counts([*marks, *doubtful])}: "
                "no label, or classes?",
                f"--missing {_quote(named)} leaves these rows without a label, --missing '' makes classes of them",
            )
        if _is_code_before_classes(list(self.names.values())):
            below = self._count([label for label, name in self.names.items() if name == "-1"])
            self.notes.append(f"`-1` in {below} is a class; --missing -1 reads it as no label")
        if marks:
            self.notes.append(
                f"{self._list_counts(marks)} in column `{self.rules.column}` are read as no label; --missing '' makes "
                "classes of them"
            )
        self._drop(marks)

    def unwrap_lists(self) -> None:
        """Read lists of one label as that label, and empty ones as none."""
        lists = {label: found for label in self.names if (found := split_list(self.names[label])) is not None}
        if not lists or self.rules.whole or len(lists) < len(self.names) or max(map(len, lists.values())) > 1:
            return
        for label, found in lists.items():
            self.names[label] = remove_invisible(found[0]) if found else ""
        example = next(label for label, found in lists.items() if found) if any(lists.values()) else ""
        if example:
            self.notes.append(f"lists of one label are read as that label: `{example}` as `{self.names[example]}`")
        self._drop([label for label, name in self.names.items() if not name])

    def refuse_several(self, found: Several | None = None) -> None:
        """Refuse labels that are several, where they are to be classes."""
        several = found or (None if self.rules.whole else find_several(set(self.names.values()), self.rules.people))
        if several is None:
            return
        labels = [label for label, name in self.names.items() if name in several.labels]
        total = sum(self.rows[label] for label in self.names)
        example = max(labels, key=lambda label: self.rows[label])
        if several.how == AS_OBJECT:
            raise InputError(
                f"{self._count(labels)} of {total:,} labeled ones in `{self.rules.source}` have an object in column "
                f"`{self.rules.column}`, and not a label: `{example}`",
                f"{self._name_part(example)}; --no-multi-label makes a class of each object",
            )
        separator = "" if several.sign is None else f" --label-separator {_quote(several.sign)} reads them as several,"
        raise InputError(
            f"{self._count(labels)} of {total:,} labeled ones in `{self.rules.source}` have several labels in column "
            f"`{self.rules.column}`, {several.how}: `{example}`",
            f"{separator} --no-multi-label makes each combination a class".strip(),
        )

    def _name_part(self, example: str) -> str:
        """Return a hint that names what in an object may be the label, where the file's columns may be paths."""
        found: Any = None
        if any(ending in self.rules.source.lower() for ending in (".json", ".ndjson", ".parquet")):
            with suppress(ValueError, RecursionError):
                found = load_json(example)
        inside = list(found.items()) if isinstance(found, dict) else []
        plain = [name for name, value in inside if value and isinstance(value, str | list)]
        if not plain:
            return "write the label alone into a column"
        options = [f"--label-column {_quote(f'{self.rules.column}.{name}')}" for name in plain[:3]]
        return " or ".join(options) + " takes a part of it"

    def tell_doubtful(self) -> None:
        """Tell that a label which was taken as one may be several."""
        found = None if self.rules.whole else find_doubtful(set(self.names.values()) - self.rules.people)
        if found is not None and read_number(found[1]) is None:
            self.notes.append(
                f"`{found[0]}` is a class of its own, and `{found[1]}` another: --label-separator {_quote(found[2])} "
                "reads several labels, --no-multi-label says that it is one"
            )

    def join_numbers(self) -> None:
        """Read numbers of the same value, such as `1`, `1.0` and `01`, as one class, written as briefly as possible.

        Whole numbers that all have a point, as spreadsheets and pandas write them, lose it.
        """
        values = {name: value for name in set(self.names.values()) if (value := read_number(name)) is not None}
        groups: dict[Decimal, list[str]] = {}
        for name, value in sorted(values.items()):
            groups.setdefault(value, []).append(name)
        all_whole = bool(values) and all(_WHOLE.fullmatch(name) for name in self.names.values())
        read_as = {
            name: _spell_number(value)
            for value, group in groups.items()
            for name in group
            if len(group) > 1 or (all_whole and "." in name)
        }
        if any(len(group) > 1 for group in groups.values()) and all_whole:
            read_as = {name: _spell_number(value) for name, value in values.items()}
        changed = {name: short for name, short in read_as.items() if name != short}
        if not changed:
            return
        self.names = {label: read_as.get(name, name) for label, name in self.names.items()}
        shown = ", ".join(f"`{name}` as `{short}`" for name, short in sorted(changed.items())[:3])
        what = (
            "whole numbers written with a point are read as integers"
            if all_whole and not any(len(group) > 1 for group in groups.values())
            else "numbers of the same value are one class"
        )
        self.notes.append(f"{what}: {shown}")

    def _remove_named(self, missing: frozenset[str]) -> None:
        unknown = sorted(missing - {*self.names, *self.names.values()})
        if unknown:
            raise InputError(
                f"--missing names {_list_names(unknown)}, which no row of `{self.rules.source}` has as its label",
                f"labels are {_list_names(sorted(self.names))}",
            )
        self._drop([label for label, name in self.names.items() if label in missing or name in missing])
        kept = [label for label in self.names if self._is_mark(label, _MARKS)]
        if kept and missing:
            self.notes.append(f"{_list_names(kept)} is read as a class, since --missing does not name it")

    def _is_mark(self, label: str, marks: frozenset[str]) -> bool:
        name = self.names[label]
        return name.lower() in marks and name not in self.rules.people

    def _drop(self, labels: Iterable[str]) -> None:
        for label in list(labels):
            del self.names[label]

    def _count(self, labels: Iterable[str]) -> str:
        rows = sum(self.rows[label] for label in labels)
        return "1 row" if rows == 1 else f"{rows:,} rows"

    def _list_counts(self, labels: Sequence[str]) -> str:
        return ", ".join(f"`{label}` in {self._count([label])}" for label in labels)


def _find_codes_for_missing(names: Sequence[str]) -> list[str]:
    """Return the numbers that programs and surveys write for a missing value, far from all others: -100, 99."""
    values = {name: value for name in names if (value := read_number(name)) is not None}
    codes = [name for name, value in values.items() if abs(value) in _CODES]
    others = [value for name, value in values.items() if name not in codes]
    near = len(others) > 1 and all(_LEAST_CLASS <= value <= _MOST_CLASS for value in others)
    return codes if near and len(values) == len(names) and len(codes) < len(others) else []


def _is_code_before_classes(names: Sequence[str]) -> bool:
    """Tell whether classes are 0, 1, 2 … with -1 before them, which can mean that there is none."""
    values = [read_number(name) for name in names]
    return len(names) > 3 and sorted(value for value in values if value is not None) == list(range(-1, len(names) - 1))


def read_number(name: str) -> Decimal | None:
    """Return the value of a class that is a number, None for any other."""
    return Decimal(name) if _NUMBER.fullmatch(name) else None


def _spell_number(value: Decimal) -> str:
    whole = value.to_integral_value()
    return str(int(whole)) if value == whole else format(value.normalize(), "f")


def _label_sort_key(name: str) -> tuple[bool, float, str]:
    number = _NUMBER.fullmatch(name.strip())
    return (number is None, float(name) if number else 0.0, name)


def _list_names(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(f"`{name}`" for name in listed[:_SHOWN]) + (" …" if len(listed) > _SHOWN else "")


def _quote(value: str) -> str:
    plain = value.replace(",", "").replace(".", "").replace("/", "")
    return value if plain.isalnum() else "'" + value.replace("'", "'\\''") + "'"
