"""doccano's JSON lines and CSV for classification of texts."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from txt.data.formats.json_lines import encode_json, get_text, read_label_names, read_objects
from txt.data.formats.record import LabelRecord, LabelTask, choose_status, convert_to_texts, rename_reserved
from txt.data.formats.table import read_cells, write_cells

RESERVED = frozenset({"id", "text", "label", "labels", "Comments"})
JOINT = "#"
"""Stands between several labels in doccano's CSV."""


def write(file: IO[bytes], records: Iterable[LabelRecord], _task: LabelTask) -> None:
    """Write a record a line, its labels as a list, its columns beside them."""
    for record in records:
        columns = rename_reserved(record.columns, RESERVED)
        file.write(encode_json({"text": record.text, "label": list(record.labels), **columns}) + b"\n")


def read(path: Path, _task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the records of a file that doccano exported; `id` and `Comments` are ignored."""
    for where, value in read_objects(path):
        labels = read_label_names(value.get("label", value.get("labels")), where)
        others = {name: each for name, each in value.items() if name not in RESERVED}
        yield LabelRecord(
            get_text(value, where), labels, choose_status(labels), columns=convert_to_texts(others, where)
        )


def write_csv(file: IO[bytes], records: Iterable[LabelRecord], _task: LabelTask) -> None:
    """Write the columns `text` and `label`, and the others behind them."""
    first = next(records := iter(records), None)
    if first is None:
        return
    names = list(rename_reserved(first.columns, RESERVED))
    rows = ([record.text, JOINT.join(record.labels), *record.columns.values()] for record in _prepend(first, records))
    write_cells(file, ["text", "label", *names], rows)


def read_csv(path: Path, task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the rows of a CSV file with the columns `text` and `label`."""
    for cells in read_cells(path, ("text", "label")):
        written = cells.pop("label")
        labels = tuple(written.split(JOINT)) if task.multi_label and written else (written,) if written else ()
        others = {name: cell for name, cell in cells.items() if name not in RESERVED}
        yield LabelRecord(cells["text"], labels, choose_status(labels), columns=others)


def _prepend(first: LabelRecord, rest: Iterable[LabelRecord]) -> Iterator[LabelRecord]:
    yield first
    yield from rest
