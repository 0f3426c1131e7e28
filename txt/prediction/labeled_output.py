"""Writes a data file with predictions added to every row; format, bytes and values of the data are unchanged."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from txt.data.arrow_arrays import build_floats, build_strings
from txt.data.reading.added_cells import add_cells, add_cells_to_head, add_fields
from txt.data.reading.batches import BATCH_ROWS
from txt.data.reading.json_records import read_raw_records
from txt.data.reading.rows import Form, find_bare_form, read_records
from txt.data.reading.source import compress_output, guess_format
from txt.data.reading.table import Table
from txt.errors import InputError, TxtError
from txt.files import atomic_write

DIGITS = 4
"""Digits that probabilities are written with."""

AnswerCells = tuple[str | float | None, ...]
"""What is added to a row: the label, the confidence, and with `--probabilities` that of every class."""


def write_answers(table: Table, out: Path, names: Sequence[str], answers: Iterator[AnswerCells]) -> None:
    """Write the data with columns `names` added to `out`, whole or not at all; `.gz` is compressed.

    Raises:
        TxtError: the data has other rows than there are answers.
    """
    written = {"csv": _write_lines, "jsonl": _write_lines, "json": _write_json_array, "parquet": _write_parquet}[
        table.dialect.format
    ]
    with atomic_write(out, "wb") as raw, compress_output(raw, out.suffix.lower() == ".gz") as target:
        written(table, target, names, answers)
    if next(answers, None) is not None:
        raise _changed_error(table)


def refuse_format(out: Path, table: Table) -> None:
    """Refuse an output whose name asks for another format than the data's.

    Raises:
        InputError: it does.
    """
    asked = guess_format(out) or table.dialect.format
    if asked != table.dialect.format:
        raise InputError(
            f"`{out}` asks for {asked.upper()}, and `{table.source}` is {table.dialect.format.upper()}",
            "the output has the format of the data",
        )


def _write_lines(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]) -> None:
    with table.source.on_disk() as path:
        form = find_bare_form(path, replace(table.dialect, compressed=False))
        rows = _read_raw_rows(path, form)
        target.write(add_cells_to_head(next(rows), names, form))
        for row in rows:
            answer = _next_answer(answers, table)
            values = answer if form.csv_options is None else tuple(map(_format_cell, answer))
            target.write(add_cells(row, names, values, form))


def _read_raw_rows(path: Path, form: Form) -> Iterator[bytes]:
    """Yield what stands before the first row, then each row with all that follows up to the next."""
    with path.open("rb") as file:
        before = 0
        for begin, _, _ in read_records(path, form):
            yield file.read(begin - before)
            before = begin
        yield file.read()


def _write_json_array(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]) -> None:
    for number, record in enumerate(read_raw_records(table.source, table.dialect)):
        target.write(b",\n" if number else b"[\n")
        fields = dict(zip(names, _next_answer(answers, table), strict=True))
        target.write(add_fields(record.encode("utf-8", "surrogatepass"), fields, "utf-8"))
    target.write(b"\n]\n")


def _write_parquet(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]) -> None:
    with table.source.on_disk() as path:
        file = pq.ParquetFile(path)
        kinds = [pa.string(), *[pa.float64()] * (len(names) - 1)]
        schema = file.schema_arrow
        for name, kind in zip(names, kinds, strict=True):
            schema = schema.append(pa.field(name, kind))
        with pq.ParquetWriter(target, schema) as writer:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                rows = [_next_answer(answers, table) for _ in range(len(batch))]
                labels, *numbers = zip(*rows, strict=True)
                added = [build_strings(labels), *map(build_floats, numbers)]
                writer.write_batch(pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema))


def _format_cell(value: str | float | None) -> str | None:
    return f"{value:.{DIGITS}f}" if isinstance(value, float) else value


def _next_answer(answers: Iterator[AnswerCells], table: Table) -> AnswerCells:
    answer = next(answers, None)
    if answer is None:
        raise _changed_error(table)
    return answer


def _changed_error(table: Table) -> TxtError:
    return TxtError(f"`{table.source}` has changed while it was being read", "predict again")
