"""doccano's JSON lines and CSV for classification of texts."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from txt.labeling.formats.json_lines import json_bytes, names_of, objects, text_of
from txt.labeling.formats.record import LabelTask, Record, as_texts, renamed, status_of
from txt.labeling.formats.table import read_cells, write_cells

RESERVED = frozenset({"id", "text", "label", "labels", "Comments"})
JOINT = "#"
"""Stands between several labels in doccano's CSV."""


def write(file: IO[bytes], records: Iterable[Record], _task: LabelTask) -> None:
    """Write a record a line, its labels as a list, its columns beside them."""
    for record in records:
        columns = renamed(record.columns, RESERVED)
        file.write(json_bytes({"text": record.text, "label": list(record.labels), **columns}) + b"\n")


def read(path: Path, _task: LabelTask) -> Iterator[Record]:
    """Yield the records of a file that doccano exported; `id` and `Comments` are its own affair."""
    for where, value in objects(path):
        labels = names_of(value.get("label", value.get("labels")), where)
        others = {name: each for name, each in value.items() if name not in RESERVED}
        yield Record(text_of(value, where), labels, status_of(labels), columns=as_texts(others, where))


def write_csv(file: IO[bytes], records: Iterable[Record], _task: LabelTask) -> None:
    """Write the columns `text` and `label`, and the others behind them."""
    first = next(records := iter(records), None)
    if first is None:
        return
    names = list(renamed(first.columns, RESERVED))
    rows = ([record.text, JOINT.join(record.labels), *record.columns.values()] for record in _with(first, records))
    write_cells(file, ["text", "label", *names], rows)


def read_csv(path: Path, task: LabelTask) -> Iterator[Record]:
    """Yield the rows of a CSV file with the columns `text` and `label`."""
    for cells in read_cells(path, ("text", "label")):
        written = cells.pop("label")
        labels = tuple(written.split(JOINT)) if task.multi_label and written else (written,) if written else ()
        others = {name: cell for name, cell in cells.items() if name not in RESERVED}
        yield Record(cells["text"], labels, status_of(labels), columns=others)


def _with(first: Record, rest: Iterable[Record]) -> Iterator[Record]:
    yield first
    yield from rest
