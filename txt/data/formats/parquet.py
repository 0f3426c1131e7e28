"""Parquet as Hugging Face's `datasets` reads it: labels as numbers of a ClassLabel, whose names the file holds."""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from txt.data.formats.record import (
    LabelRecord,
    LabelTask,
    RowStatus,
    choose_status,
    rename_reserved,
    replace_surrogates,
)
from txt.data.reading.parquet import explain_damage
from txt.errors import InputError
from txt.json_input import load_json

_ABOUT = ("label_status", "label_by", "label_time", "label_how", "label_confidence", "label_flagged", "label_note")
RESERVED = frozenset({"text", "label", *_ABOUT})
_ROWS = 10_000  # a row group; as many are held at once


def write(file: IO[bytes], records: Iterable[LabelRecord], task: LabelTask) -> None:
    """Write the columns `text`, `label`, the others, and where labels come from; no label is null."""
    codes = {name: code for code, name in enumerate(task.classes)}
    rows = iter(records)
    batch = list(islice(rows, _ROWS))
    if not batch:
        return
    schema = _make_schema(list(rename_reserved(batch[0].columns, RESERVED)), task)
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while batch:
            writer.write_table(
                pa.Table.from_arrays(_make_arrays(batch, codes, task.multi_label, schema), schema=schema)
            )
            batch = list(islice(rows, _ROWS))


def read(path: Path, _task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the rows of a file with `text` and `label`, a ClassLabel, a list of them, or plain strings.

    Raises:
        InputError: it is damaged, or has no text.
    """
    with explain_damage(path):
        file = pq.ParquetFile(path)
    if "text" not in file.schema_arrow.names:
        raise InputError(f"`{path}` has no column `text`", f"it has {', '.join(file.schema_arrow.names)}")
    names = _read_class_names(file.schema_arrow)
    with explain_damage(path):
        for batch in file.iter_batches(_ROWS):
            for row in batch.to_pylist():
                yield _make_record(row, names)


def is_readable(path: Path) -> bool:
    """Tell whether a file has the columns `text` and `label`, so that it needs no table to be found out."""
    try:
        return {"text", "label"} <= set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return False


def _make_schema(others: list[str], task: LabelTask) -> pa.Schema:
    label = pa.list_(pa.int64()) if task.multi_label else pa.int64()
    kinds = {"label_confidence": pa.float64(), "label_flagged": pa.bool_()}
    fields = [("text", pa.string()), ("label", label), *((name, pa.string()) for name in others)]
    fields += [(name, kinds.get(name, pa.string())) for name in _ABOUT]
    class_label: dict[str, Any] = {"names": list(task.classes), "_type": "ClassLabel"}
    features: dict[str, Any] = {name: {"dtype": _name_dtype(kind), "_type": "Value"} for name, kind in fields}
    features["label"] = {"feature": class_label, "_type": "Sequence"} if task.multi_label else class_label
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _name_dtype(kind: pa.DataType) -> str:
    return {"double": "float64"}.get(str(kind), str(kind))


def _make_arrays(
    batch: list[LabelRecord], codes: dict[str, int], multi_label: bool, schema: pa.Schema
) -> list[pa.Array]:
    def label(record: LabelRecord) -> Any:
        if record.status != "labeled":
            return None
        numbers = [codes[name] for name in record.labels]
        return numbers if multi_label else numbers[0] if numbers else None

    columns = [
        [replace_surrogates(record.text) for record in batch],
        [label(record) for record in batch],
        *zip(*([replace_surrogates(value) for value in record.columns.values()] for record in batch), strict=True),
        [record.status for record in batch],
        [replace_surrogates(record.by) for record in batch],
        [record.time for record in batch],
        [record.how for record in batch],
        [record.confidence for record in batch],
        [record.flagged for record in batch],
        [replace_surrogates(record.note) for record in batch],
    ]
    return [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]


def _read_class_names(schema: pa.Schema) -> list[str] | None:
    """Return the names of the ClassLabel, None where the labels are none."""
    try:
        written = load_json((schema.metadata or {})[b"huggingface"])["info"]["features"]["label"]
        return [str(name) for name in written.get("feature", written)["names"]]
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _make_record(row: dict[str, Any], names: list[str] | None) -> LabelRecord:
    given = row.pop("label", None)
    numbers = [] if given is None else given if isinstance(given, list) else [given]
    labels = tuple(names[each] if names and isinstance(each, int) else str(each) for each in numbers if each != -1)
    about = {name: row.pop(name, None) for name in _ABOUT}
    none_of_several = isinstance(given, list) and about["label_status"] is None
    status: RowStatus = "labeled" if none_of_several else choose_status(labels, about["label_status"])
    return LabelRecord(
        row.pop("text") or "",
        labels,
        status,
        about["label_by"] or "",
        about["label_time"] or "",
        about["label_how"] or "",
        about["label_confidence"],
        bool(about["label_flagged"]),
        about["label_note"] or "",
        {name: "" if value is None else str(value) for name, value in row.items()},
    )
