"""Recognizes the files of other tools by their content, whatever their names."""

from collections.abc import Mapping, Sequence
from typing import Any

from txt.data.formats.fasttext import MARK

SAMPLE = 50
"""So many records are looked at."""


def recognize_records(records: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the tool whose records these are: a name of FORMATS or `argilla`; None for a table of plain values."""
    for name, looks_like in _SIGNS.items():
        if any(map(looks_like, records)):
            return name
    return None


def is_fasttext(text: str) -> bool:
    """Tell whether the first lines of a file are fastText's: a label, or several, before half of the texts."""
    lines = [line for line in text.splitlines()[:SAMPLE] if line.strip()]
    return bool(lines) and 2 * sum(line.lstrip("\ufeff \t").startswith(MARK) for line in lines) >= len(lines)


def _is_label_studio(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("data"), dict) and any(
        isinstance(record.get(name), list) for name in ("annotations", "predictions", "completions")
    )


def _is_argilla(record: Mapping[str, Any]) -> bool:
    new = isinstance(record.get("fields"), dict) and isinstance(record.get("responses"), dict)
    old = "annotation" in record and isinstance(record.get("inputs"), dict) and "status" in record
    return new or old


def _is_prodigy(record: Mapping[str, Any]) -> bool:
    answered = record.get("answer") in ("accept", "reject", "ignore") and not isinstance(record["answer"], dict)
    offered = isinstance(record.get("options"), list) and all(isinstance(each, dict) for each in record["options"])
    return "text" in record and (answered or offered or isinstance(record.get("accept"), list))


def _is_spacy(record: Mapping[str, Any]) -> bool:
    cats = record.get("cats")
    return "text" in record and isinstance(cats, dict) and all(isinstance(each, int | float) for each in cats.values())


def _is_own(record: Mapping[str, Any]) -> bool:
    return record.get("label_status") in ("labeled", "skipped", "unlabeled") and (
        "label_about" in record or "label_by" not in record
    )


_SIGNS = {
    "label-studio": _is_label_studio,
    "argilla": _is_argilla,
    "prodigy": _is_prodigy,
    "spacy": _is_spacy,
    "jsonl": _is_own,
}
