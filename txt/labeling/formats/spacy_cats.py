"""JSON lines as spaCy's text classifier takes them: `text` and `cats`, each class with 1 or 0."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from txt.errors import InputError
from txt.labeling.answers import Status
from txt.labeling.formats.json_lines import json_bytes, objects, text_of
from txt.labeling.formats.record import LabelTask, Record, as_texts


def write(file: IO[bytes], records: Iterable[Record], task: LabelTask) -> None:
    """Write a record a line; unlabeled ones have no `cats`, other columns stand under `meta`."""
    for record in records:
        value: dict[str, Any] = {"text": record.text}
        if record.status == "labeled":
            value["cats"] = {name: float(name in record.labels) for name in task.classes}
        if record.columns:
            value["meta"] = dict(record.columns)
        file.write(json_bytes(value) + b"\n")


def read(path: Path, _task: LabelTask) -> Iterator[Record]:
    """Yield the records of a file; a class counts from one half up.

    Raises:
        InputError: a line has no text, or cats that are no numbers.
    """
    for where, value in objects(path):
        cats = value.get("cats")
        if cats is not None and not (
            isinstance(cats, dict) and all(isinstance(each, int | float) for each in cats.values())
        ):
            raise InputError(f"{where} has `cats` that are no numbers", '"cats": {"positive": 1.0, "negative": 0.0}')
        labels = tuple(name for name, score in (cats or {}).items() if score >= 0.5)
        status: Status = "unlabeled" if cats is None else "labeled"
        yield Record(text_of(value, where), labels, status, columns=as_texts(value.get("meta"), where))
