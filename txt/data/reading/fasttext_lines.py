"""Reads fastText's lines as a table of `text` and `label`; several labels of a line are a list."""

import io
import json
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from txt.data.formats.fasttext import parse_line
from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_batch
from txt.data.reading.how_read import Dialect
from txt.data.reading.source import MAX_LINE, Source

COLUMNS = ("text", "label")


def read_fasttext(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the lines of a file in batches; blank ones are skipped."""
    rows: list[tuple[str, str | None]] = []
    characters = 0
    with source.open() as file, io.TextIOWrapper(file, encoding=dialect.encoding, newline="\n") as lines:
        for number, line in enumerate(iter(partial(lines.readline, MAX_LINE), "")):
            if not line.strip():
                continue
            record = parse_line(line.lstrip("\ufeff") if number == 0 else line)
            label = record.labels[0] if len(record.labels) == 1 else json.dumps(record.labels, ensure_ascii=False)
            rows.append((record.text, label if record.labels else None))
            characters += len(line)
            if len(rows) == BATCH_ROWS or characters > BATCH_CHARACTERS:
                yield make_batch(COLUMNS, rows)
                rows, characters = [], 0
    if rows:
        yield make_batch(COLUMNS, rows)
