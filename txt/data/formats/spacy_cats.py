"""JSON lines as spaCy's text classifier takes them: `text` and `cats`, each class with 1 or 0."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from txt.data.formats.json_lines import encode_json, get_text, read_objects
from txt.data.formats.record import LabelRecord, LabelTask, RowStatus, convert_to_texts
from txt.errors import InputError


def write(file: IO[bytes], records: Iterable[LabelRecord], task: LabelTask) -> None:
    """Write a record a line; unlabeled ones have no `cats`, other columns stand under `meta`."""
    for record in records:
        value: dict[str, Any] = {"text": record.text}
        if record.status == "labeled":
            value["cats"] = {name: float(name in record.labels) for name in task.classes}
        if record.columns:
            value["meta"] = dict(record.columns)
        file.write(encode_json(value) + b"\n")


def read(path: Path, _task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the records of a file; a class counts from one half up.

    Raises:
        InputError: a line has no text, or cats that are not numbers.
    """
    return (parse(value, where) for where, value in read_objects(path))


def parse(value: dict[str, Any], where: str) -> LabelRecord:
    """Return a record as a labeled row."""
    cats = value.get("cats")
    if cats is not None and not (
        isinstance(cats, dict) and all(isinstance(each, int | float) for each in cats.values())
    ):
        raise InputError(f"{where} has `cats` that are not numbers", '"cats": {"positive": 1.0, "negative": 0.0}')
    labels = tuple(name for name, score in (cats or {}).items() if score >= 0.5)
    status: RowStatus = "unlabeled" if cats is None else "labeled"
    return LabelRecord(get_text(value, where), labels, status, columns=convert_to_texts(value.get("meta"), where))
