"""Files of spaCy's documents, `.spacy`: a row for each, with its text, its `cats` as label, and its `meta`."""

import json
from collections.abc import Iterator

import pyarrow as pa

from txt.data.formats import spacy_bin
from txt.data.formats.record import LabelRecord, LabelTask, rename_reserved
from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_batch
from txt.data.reading.how_read import Dialect
from txt.data.reading.source import Source

_RESERVED = frozenset({"text", "label"})


def detect_documents(source: Source) -> Dialect:
    """Return the columns of a file of documents: `text`, what stands under `meta`, `label`.

    Raises:
        InputError: spaCy is missing, or the file is damaged.
    """
    names = dict.fromkeys(name for record in _read_records(source) for name in _rename_columns(record))
    return Dialect("documents", ("text", *names, "label"), source.is_compressed())


def read_documents(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows; several labels are a list as JSON.

    Raises:
        InputError: the file is damaged.
    """
    rows: list[list[str | None]] = []
    characters = 0
    for record in _read_records(source):
        columns = _rename_columns(record)
        rows.append([record.text, *(columns.get(name) for name in dialect.columns[1:-1]), _write_label(record)])
        characters += len(record.text)
        if len(rows) == BATCH_ROWS or characters > BATCH_CHARACTERS:
            yield make_batch(dialect.columns, rows)
            rows, characters = [], 0
    if rows:
        yield make_batch(dialect.columns, rows)


def _read_records(source: Source) -> Iterator[LabelRecord]:
    with source.on_disk() as path:
        yield from spacy_bin.read(path, LabelTask(()))


def _rename_columns(record: LabelRecord) -> dict[str, str]:
    return rename_reserved(record.columns, _RESERVED)


def _write_label(record: LabelRecord) -> str | None:
    """Return a label as it is, several as a list, and None for no class."""
    if len(record.labels) > 1:
        return json.dumps(record.labels, ensure_ascii=False)
    return record.labels[0] if record.labels else None
