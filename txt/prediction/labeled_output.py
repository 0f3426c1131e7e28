"""Writes a data file with predictions added to every row.

Format, bytes and values of the data are unchanged, unless the output's name asks for another format.
"""

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
from txt.data.reading.kinds.spreadsheet_copy import ENDINGS, write_copy, write_sheet_anew
from txt.data.reading.rows import Form, find_bare_form, read_records
from txt.data.reading.source import Source, choose_output_format, compress_output
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
    """Refuse an output whose name asks for a format that is only read.

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
    _choose_writer(out, table)


Writer = Callable[[Table, IO[bytes], Sequence[str], Iterator[AnswerCells]], None]


def _choose_writer(out: Path, table: Table) -> Writer:
    """Return what keeps the data as it is and adds columns; another format, or what is only read, is written anew."""
    ending, format = out.suffix.lower(), table.dialect.format
    if ending in ENDINGS:
        return _write_spreadsheet if format == "excel" else _write_new_spreadsheet
    asked = choose_output_format(out, format, table.source.name)
    kept = {"csv": _write_lines, "jsonl": _write_lines, "json": _write_json_array, "parquet": _write_parquet}
    if asked == format and not (asked == "csv" and _asks_for_other_cells(out, table)):
        return kept[format]
    if asked in ("json", "jsonl") and format in ("json", "jsonl"):
        return _write_json_array if asked == "json" else _write_json_lines
    anew: dict[str, Writer] = {
        "csv": partial(_write_new_csv, delimiter="\t") if _is_tab_separated(out) else _write_new_csv,
        "jsonl": _write_new_json_lines,
        "json": _write_new_json_array,
        "parquet": _write_new_parquet,
    }
    return anew[asked]


def _asks_for_other_cells(out: Path, table: Table) -> bool:
    """Tell whether the name of an output stands for tabs and the data has none, or the other way round."""
    source = table.source
    if Source(out, str(out)).ending == Source(out, source.name).ending:
        return False
    return _is_tab_separated(out) != (table.dialect.delimiter == "\t") and Source(out, str(out)).ending != ".txt"


def _is_tab_separated(out: Path) -> bool:
    return Source(out, str(out)).ending in (".tsv", ".tab")


def _write_spreadsheet(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]) -> None:
    rows = ((list(row.values()), _next_answer(answers, table)) for row in table.rows())
    has_header = table.dialect.has_header
    write_copy(table.source, target, table.dialect.columns, names, rows, has_header=has_header)


def _write_new_spreadsheet(
    table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]
) -> None:
    columns = list_columns(table)
    rows = ([*(row.get(name) for name in columns), *_next_answer(answers, table)] for row in table.rows())
    cells = ([_format_cell(cell) if isinstance(cell, list) else cell for cell in row] for row in rows)
    write_sheet_anew(target, [*columns, *names], cells)


def _write_new_csv(
    table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells], delimiter: str = ","
) -> None:
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=True)
    columns = list_columns(table)
    writer = csv.writer(text, lineterminator="\n", delimiter=delimiter)
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


def _write_new_json_array(
    table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]
) -> None:
    for number, row in enumerate(table.rows()):
        record = {**row, **dict(zip(names, _next_answer(answers, table), strict=True))}
        target.write((b",\n" if number else b"[\n") + json.dumps(record, ensure_ascii=False).encode())
    target.write(b"\n]\n")


def _write_json_lines(table: Table, target: IO[bytes], names: Sequence[str], answers: Iterator[AnswerCells]) -> None:
    for record in read_raw_records(table.source, table.dialect):
        line = json.dumps(json.loads(record), ensure_ascii=False) if "\n" in record else record
        fields = dict(zip(names, _next_answer(answers, table), strict=True))
        target.write(add_fields(line.encode("utf-8", "surrogatepass"), fields, "utf-8") + b"\n")


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
