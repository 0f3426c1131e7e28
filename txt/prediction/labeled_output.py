"""A data file with answers added to every row, in the form of the data: its bytes or values stay as they were."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from txt.data.reading.added_cells import head_with_cells, with_cells, with_fields
from txt.data.reading.batches import BATCH_ROWS
from txt.data.reading.records import raw_records
from txt.data.reading.rows import Form, form_of, records
from txt.data.reading.source import format_named, packed
from txt.data.reading.table import Table
from txt.errors import InputError, TxtError
from txt.files import atomic_write

DIGITS = 4
"""Digits that probabilities are written with."""

Answer = tuple[str | float | None, ...]
"""What is added to a row: the label, the confidence, and with `--probabilities` that of every class."""


def write_answers(table: Table, out: Path, names: Sequence[str], answers: Iterator[Answer]) -> None:
    """Write the data with columns `names` added to `out`, whole or not at all; `.gz` is compressed.

    Raises:
        TxtError: the data has other rows than there are answers.
    """
    written = {"csv": _lines, "jsonl": _lines, "json": _array, "parquet": _parquet}[table.dialect.format]
    with atomic_write(out, "wb") as raw, packed(raw, out.suffix.lower() == ".gz") as target:
        written(table, target, names, answers)
    if next(answers, None) is not None:
        raise _changed(table)


def refuse_format(out: Path, table: Table) -> None:
    """Refuse an output whose name asks for another format than the data's.

    Raises:
        InputError: it does.
    """
    asked = format_named(out) or table.dialect.format
    if asked != table.dialect.format:
        raise InputError(
            f"`{out}` asks for {asked.upper()}, and `{table.source}` is {table.dialect.format.upper()}",
            "the output has the format of the data",
        )


def _lines(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[Answer]) -> None:
    with table.source.on_disk() as path:
        form = form_of(path, replace(table.dialect, compressed=False))
        rows = _raw_rows(path, form)
        target.write(head_with_cells(next(rows), names, form))
        for row in rows:
            answer = _next(answers, table)
            values = answer if form.csv_options is None else tuple(map(_as_cell, answer))
            target.write(with_cells(row, names, values, form))


def _raw_rows(path: Path, form: Form) -> Iterator[bytes]:
    """Yield what stands before the first row, then each row with all that follows up to the next."""
    with path.open("rb") as file:
        before = 0
        for begin, _, _ in records(path, form):
            yield file.read(begin - before)
            before = begin
        yield file.read()


def _array(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[Answer]) -> None:
    for number, record in enumerate(raw_records(table.source, table.dialect)):
        target.write(b",\n" if number else b"[\n")
        fields = dict(zip(names, _next(answers, table), strict=True))
        target.write(with_fields(record.encode("utf-8", "surrogatepass"), fields, "utf-8"))
    target.write(b"\n]\n")


def _parquet(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[Answer]) -> None:
    with table.source.on_disk() as path:
        file = pq.ParquetFile(path)
        kinds = [pa.string(), *[pa.float64()] * (len(names) - 1)]
        schema = file.schema_arrow
        for name, kind in zip(names, kinds, strict=True):
            schema = schema.append(pa.field(name, kind))
        with pq.ParquetWriter(target, schema) as writer:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                rows = [_next(answers, table) for _ in range(len(batch))]
                added = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
                writer.write_batch(pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema))


def _as_cell(value: str | float | None) -> str | None:
    return f"{value:.{DIGITS}f}" if isinstance(value, float) else value


def _next(answers: Iterator[Answer], table: Table) -> Answer:
    answer = next(answers, None)
    if answer is None:
        raise _changed(table)
    return answer


def _changed(table: Table) -> TxtError:
    return TxtError(f"`{table.source}` has changed while it was being read", "predict again")
