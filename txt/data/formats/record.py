"""A labeled row in the form that all export and import formats share."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from txt.errors import InputError

RowStatus = Literal["labeled", "skipped", "unlabeled"]

BY_MACHINES = ("rule", "model")
"""The ways in which labels come that no person gave."""

SEPARATOR = "|"
"""Stands between the labels of a row that has several."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one person said of a row: labels, or that they skip it. `time` is UTC in ISO 8601."""

    by: str
    labels: tuple[str, ...] = ()
    skipped: bool = False
    time: str = ""


@dataclass(frozen=True, slots=True)
class LabelRecord:
    """A text with its labels, where they come from, and the row's other columns.

    A row that is `labeled` may have no class at all, where rows have several. `time` is UTC in ISO 8601. `opinions` are
    what other people than `by` said of it.
    """

    text: str
    labels: tuple[str, ...] = ()
    status: RowStatus = "unlabeled"
    by: str = ""
    time: str = ""
    how: str = ""
    confidence: float | None = None
    flagged: bool = False
    note: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    opinions: tuple[Opinion, ...] = ()


@dataclass(frozen=True)
class LabelTask:
    """What the labels are: the classes in their order, and whether a row may have several.

    The columns are those that the user named for an import.
    """

    classes: Sequence[str]
    multi_label: bool = False
    text_column: str | None = None
    label_column: str | None = None


def choose_status(labels: Sequence[str], written: object = None) -> RowStatus:
    """Return what a row is: as it is written, or by its labels."""
    for status in get_args(RowStatus):
        if written == status:
            return cast(RowStatus, status)
    return "labeled" if labels else "unlabeled"


def rename_reserved(columns: Mapping[str, str], reserved: frozenset[str]) -> dict[str, str]:
    """Return columns with a `_` behind the names that the format itself uses."""
    named: dict[str, str] = {}
    for name, value in columns.items():
        while name in reserved or name in named:
            name += "_"
        named[name] = value
    return named


def replace_surrogates(text: str) -> str:
    """Return a text without lone surrogates, which UTF-8 cannot encode."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def collect_provenance(record: LabelRecord) -> dict[str, Any]:
    """Return what is known of a row's labels besides themselves, as JSON, leaving out what is not."""
    known = {
        "by": record.by,
        "time": record.time,
        "how": record.how,
        "confidence": record.confidence,
        "flagged": record.flagged,
        "note": record.note,
    }
    return _leave_out_empty(known)


def collect_opinions(record: LabelRecord) -> list[dict[str, Any]]:
    """Return what others said of a row, as JSON."""
    return [
        {"by": each.by, "labels": list(each.labels), **_leave_out_empty({"skipped": each.skipped, "time": each.time})}
        for each in record.opinions
    ]


def parse_opinions(value: Any) -> tuple[Opinion, ...]:
    """Return what `collect_opinions` wrote; what is not of that form is left out."""
    return tuple(
        Opinion(each["by"], tuple(each["labels"]), each.get("skipped") is True, each.get("time", ""))
        for each in list_objects(value)
        if isinstance(each.get("by"), str)
        and isinstance(each.get("time", ""), str)
        and isinstance(each.get("labels"), list)
        and all(isinstance(label, str) for label in each["labels"])
    )


def _leave_out_empty(known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in known.items() if value is not None and value is not False and value != ""}


def parse_provenance(value: Any) -> dict[str, Any]:
    """Return the fields of a record that `collect_provenance` wrote; values of another type are left out."""
    given = value if isinstance(value, dict) else {}
    kinds: dict[str, type | tuple[type, ...]] = {
        "by": str,
        "time": str,
        "how": str,
        "confidence": (int, float),
        "flagged": bool,
        "note": str,
    }
    return {name: given[name] for name, kind in kinds.items() if isinstance(given.get(name), kind)}


def list_objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects in a list of JSON; none where it is something else."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def convert_to_texts(value: Any, where: str) -> dict[str, str]:
    """Return a JSON object with every value as text.

    Raises:
        InputError: it is not a JSON object.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InputError(f"{where}: it is not a JSON object")
    return {name: each if isinstance(each, str) else _format_value(each) for name, each in value.items()}


def _format_value(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
