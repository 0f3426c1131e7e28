"""Writes a data file with predictions added to every row; format, bytes and values of the data are unchanged."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from txt.data.arrow_arrays import build_floats, build_strings
from txt.data.reading.added_cells import add_cells, add_cells_to_head, add_fields
from txt.data.reading.batches import BATCH_ROWS
from txt.data.reading.json_records import read_raw_records
from txt.data.reading.kinds.spreadsheet_copy import ENDINGS, write_copy
from txt.data.reading.rows import Form, find_bare_form, read_records
from txt.data.reading.source import WRITTEN, choose_output_format, compress_output
from txt.data.reading.table import Table
from txt.data.row_facts import get_column
from txt.errors import InputError, TxtError
from txt.files import atomic_write

DIGITS = 4
"""Digits that probabilities are written with."""

LABEL_SET = "label_set"
"""The column of `--coverage`."""

AnswerCells = tuple[str | float | list[str] | None, ...]
"""What is added to a row: the label, the confidence; with `--probabilities` that of every class, then the set."""

CellKind = Literal["name", "list", "flag", "number"]
"""What a new column holds: a name, a list of names, 0 or 1, a number."""

_TYPES = {"name": pa.string(), "list": pa.list_(pa.string()), "flag": pa.int64(), "number": pa.float64()}


def write_answers(
    table: Table,
    out: Path,
    names: Sequence[str],
    answers: Iterator[AnswerCells],
    kinds: Sequence[CellKind] | None = None,
) -> None:
    """Write the data with columns `names` added to `out`, whole or not at all; `.gz` is compressed.

    `kinds` says what each of them holds: by default the first a name, the others numbers.

    Raises:
        TxtError: the data has other rows than there are answers.
    """
    written = _choose_writer(out, table)
    if written in (_write_parquet, _write_new_parquet):
        types = [_TYPES[kind] for kind in kinds] if kinds else [pa.string(), *[pa.float64()] * (len(names) - 1)]
        written = partial(written, kinds=types)
    with atomic_write(out, "wb") as raw, compress_output(raw, out.suffix.lower() == ".gz") as target:
        written(table, target, names, answers)
    if next(answers, None) is not None:
        raise _changed_error(table)


def refuse_format(out: Path, table: Table) -> None:
    """Refuse an output whose name asks for another format than the data's, where the data's can be written.

    Raises:
        InputError: it does.
    """
    if table.dialect.format == "excel" and out.suffix.lower() in ENDINGS:
        if out.suffix.lower() != table.source.path.suffix.lower():
            raise InputError(
                f"`{out}` is to be a copy of `{table.source.path}`, which is another kind of spreadsheet",
                f"-o {out.with_suffix('.csv')}",
            )
        return
    asked = choose_output_format(out, table.dialect.format, table.source.name)
    if table.dialect.format in WRITTEN and asked != table.dialect.format:
        raise InputError(
            f"`{out}` asks for {asked.upper()}, and `{table.source}` is {table.dialect.format.upper()}",
            f"the output has the format of the data: -o {_rename(out, table.dialect.format)}",
        )
    if asked == "json" and table.dialect.format != "json":
        raise InputError(f"`{out}` asks for JSON, which only JSON becomes", f"-o {out.with_suffix('.jsonl')}")


def _rename(out: Path, format: str) -> Path:
    """Return the name of an output with the ending of a format."""
    plain = out.with_suffix("") if out.suffix.lower() == ".gz" else out
    return plain.with_suffix(f".{format}")


def _choose_writer(out: Path, table: Table) -> Callable[[Table, IO[bytes], Sequence[str], Iterator[AnswerCells]], None]:
    """Return what keeps the data as it is and adds columns; what cannot be written so becomes a file of its own."""
    kept = {"csv": _write_lines, "jsonl": _write_lines, "json": _write_json_array, "parquet": _write_parquet}
    if table.dialect.format == "excel" and out.suffix.lower() in ENDINGS:
        return _write_spreadsheet
    if table.dialect.format in kept:
        return kept[table.dialect.format]
    anew = {"csv": _write_new_csv, "jsonl": _write_new_json_lines, "parquet": _write_new_parquet}
    return anew[choose_output_format(out, table.dialect.format)]


def _write_spreadsheet(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]) -> None:
    rows = ((list(row.values()), _next_answer(answers, table)) for row in table.rows())
    has_header = table.dialect.has_header
    write_copy(table.source, target, table.dialect.columns, names, rows, has_header=has_header)


def _write_new_csv(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]) -> None:
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
    columns = list_columns(table)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, *names])
    for row in table.rows():
        answer = _next_answer(answers, table)
        writer.writerow([*(row.get(name) for name in columns), *map(_format_cell, answer)])
    text.detach()


def _write_new_json_lines(
    table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]
) -> None:
    for row in table.rows():
        record = {**row, **dict(zip(names, _next_answer(answers, table), strict=True))}
        target.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def _write_new_parquet(
    table: Table,
    target: IO[bytes],
    names: Sequence[str],
    answers: Iterator[AnswerCells],
    kinds: Sequence[pa.DataType] = (),
) -> None:
    columns = list_columns(table)
    fields = [(name, pa.string()) for name in columns] + list(zip(names, kinds, strict=True))
    with pq.ParquetWriter(target, pa.schema(fields)) as writer:
        for batch in table.batches():
            rows = [_next_answer(answers, table) for _ in range(len(batch))]
            added = _build_columns(rows, kinds)
            own = [get_column(batch, name) for name in columns]
            writer.write_batch(pa.RecordBatch.from_arrays([*own, *added], schema=pa.schema(fields)))


def list_columns(table: Table) -> list[str]:
    """Return all columns of a table, those too that only later rows of JSON have."""
    names = dict.fromkeys(table.dialect.columns)
    if not names or table.dialect.format == "several":
        for batch in table.batches():
            names.update(dict.fromkeys(batch.schema.names))
    return list(names)


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
    with form.locate(path).open("rb") as file:
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


def _write_parquet(
    table: Table,
    target: IO[bytes],
    names: Sequence[str],
    answers: Iterator[AnswerCells],
    kinds: Sequence[pa.DataType] = (),
) -> None:
    with table.source.on_disk() as path:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
        for name, kind in zip(names, kinds, strict=True):
            schema = schema.append(pa.field(name, kind))
        with pq.ParquetWriter(target, schema) as writer:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                rows = [_next_answer(answers, table) for _ in range(len(batch))]
                added = _build_columns(rows, kinds)
                writer.write_batch(pa.RecordBatch.from_arrays([*batch.columns, *added], schema=schema))


def _build_columns(rows: Sequence[AnswerCells], kinds: Sequence[pa.DataType]) -> list[pa.Array]:
    """Return what is added to some rows, column by column."""
    build: dict[pa.DataType, Callable[[Iterable[Any]], pa.Array]] = {
        pa.string(): build_strings,
        pa.float64(): build_floats,
    }
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [()] * len(kinds)
    return [
        build[kind](values) if kind in build else pa.array(values, kind)
        for values, kind in zip(columns, kinds, strict=True)
    ]


def _format_cell(value: str | float | list[str] | None) -> str | None:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return f"{value:.{DIGITS}f}" if isinstance(value, float) else None if value is None else str(value)


def _next_answer(answers: Iterator[AnswerCells], table: Table) -> AnswerCells:
    answer = next(answers, None)
    if answer is None:
        raise _changed_error(table)
    return answer


def _changed_error(table: Table) -> TxtError:
    return TxtError(f"`{table.source}` has changed while it was being read", "predict again")
