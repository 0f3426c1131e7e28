"""Exports the data file with its labels: the file byte for byte, with label columns at the end of each row."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from txt.data.reading.added_cells import add_cells, add_cells_to_head
from txt.data.reading.kinds.spreadsheet_copy import ENDINGS, write_copy
from txt.data.reading.label_columns import choose_column_names
from txt.data.reading.open_rows import OpenRows
from txt.data.reading.source import MAX_CELL, PART_MARK, Source, choose_output_format, compress_output, is_read_from
from txt.data.reading.spooling import spool_source
from txt.errors import InputError, TxtError
from txt.files import atomic_write
from txt.labeling.answers import Propose, RowAnswer, answers, propose_nothing
from txt.labeling.probable_labels import ProbableLabels
from txt.labeling.row_states import RowStates
from txt.labeling.store.journal import Journal
from txt.overwriting import is_changed_since, note_made

_LONGEST_RECORD = 2 * MAX_CELL  # bytes
_Writer = Callable[[IO[bytes], OpenRows, Sequence[str], Iterator[RowAnswer]], int]


def export(
    rows: OpenRows,
    states: RowStates,
    journal: Journal,
    target: Path,
    *,
    overwrite: bool = False,
    propose: Propose = propose_nothing,
    probable: ProbableLabels | None = None,
) -> int:
    """Write the data file with label columns to `target`, whole or not at all; returns the number of labeled rows.

    Rows that nobody decided on get what `propose` says; with `probable` the others get what is most probable given all
    annotators. Every cell, delimiter, quote, line end and blank line stays as it is, byte for byte, and so does the
    encoding. A spreadsheet becomes a copy of itself with the columns added. What
    has no lines of its own, or other lines than the target's name asks for, becomes CSV or JSON, as that says.

    Raises:
        InputError: `target` is the data file itself, or another file that no export made.
        TxtError: the data file is still being read, so that its last rows would be missing.
    """
    if not rows.index.complete:
        raise TxtError(f"`{rows.path}` is still being read", "export in a moment")
    names = choose_column_names(rows.form.columns)
    _refuse_overwrite(rows, target, names, overwrite)
    write = _choose_writer(rows, target)
    packed = target.suffix.lower() == ".gz"
    with atomic_write(target, "wb") as raw, compress_output(raw, packed) as file:
        labeled = write(file, rows, names, answers(states, journal, propose, probable))
    note_made(target)
    return labeled


def _choose_writer(rows: OpenRows, target: Path) -> "_Writer":
    """Return what writes the rows: as they stand in the file, or in the format of the target where they cannot."""
    data_format = "csv" if rows.form.csv_options else "jsonl"
    if rows.form.content is None and choose_output_format(target, data_format, str(rows.path)) == data_format:
        return _write
    if target.suffix.lower() in ENDINGS:
        if rows.path.suffix.lower() != target.suffix.lower() and not _is_sheet_of(rows.path, target.suffix):
            raise InputError(
                f"`{target}` is a spreadsheet, and `{rows.path}` is another kind of file",
                f"--export {target.with_suffix('.csv')}",
            )
        return _write_spreadsheet
    form = choose_output_format(target, "csv")
    if form == "parquet":
        raise InputError(f"`{target}` asks for Parquet", f"--format parquet --export {target}")
    return {"csv": _write_csv, "jsonl": _write_json_lines, "json": _write_array}[form]


def _is_sheet_of(data: Path, ending: str) -> bool:
    """Tell whether the data is a sheet that was named, `book.xlsx::Survey`, of a spreadsheet of this kind."""
    return str(data).lower().partition(f"{ending.lower()}{PART_MARK}")[1] != ""


def _refuse_overwrite(rows: OpenRows, target: Path, names: Sequence[str], overwrite: bool) -> None:
    if target.exists() and is_read_from(rows.path, target):
        raise InputError(
            f"the export cannot take the data file's place: `{rows.path.name}`",
            f"--export {rows.path.stem}.labeled.csv",
        )
    if target.is_dir():
        raise InputError(f"`{target}` is a directory", f"--export {target / rows.path.name}")
    if target.exists() and not overwrite and not _is_export(rows, target, names):
        raise InputError(f"`{target}` exists, and is not an export of `{rows.path}`", "--overwrite replaces it")
    if not overwrite and is_changed_since(target):
        raise InputError(f"`{target}` has changed since txt exported it", "--overwrite replaces it")


def _is_export(rows: OpenRows, target: Path, names: Sequence[str]) -> bool:
    """Tell whether a file begins as an export of this data file does."""
    write = _choose_writer(rows, target)
    if write in (_write_json_lines, _write_array) or (write is _write and not rows.form.csv_options):
        return _has_fields(target, {*_list_own_columns(rows), *names})
    if write is _write_csv:
        expected = (",".join((*_list_own_columns(rows), *names)) + "\n").encode()
    else:
        expected = add_cells_to_head(rows.head(), names, rows.form)
    with Source(target, str(target)).open() as file:
        found = file.read(len(expected))
    return bool(found) and found == expected


def _has_fields(target: Path, names: set[str]) -> bool:
    """Tell whether the first record of a JSON file has these fields."""
    with Source(target, str(target)).open() as file:
        line = file.readline(_LONGEST_RECORD)
        if line.strip() == b"[":
            line = file.readline(_LONGEST_RECORD)
    try:
        found = json.loads(line.decode("utf-8-sig").strip().rstrip(","))
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and names <= found.keys()


def _list_own_columns(rows: OpenRows) -> tuple[str, ...]:
    """Return the data file's columns, without the one in which several are joined."""
    return rows.form.columns[: len(rows.form.columns) - bool(rows.form.joined)]


def _write(file: IO[bytes], rows: OpenRows, names: Sequence[str], found: Iterator[RowAnswer]) -> int:
    file.write(add_cells_to_head(rows.head(), names, rows.form))
    labeled = 0
    for row, answer in enumerate(found):
        file.write(add_cells(rows.raw(row), names, _make_cells(answer), rows.form))
        labeled += answer.status == "labeled"
    return labeled


def _write_csv(file: IO[bytes], rows: OpenRows, names: Sequence[str], found: Iterator[RowAnswer]) -> int:
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="")
    writer = csv.writer(text, lineterminator="\n")
    columns = _list_own_columns(rows)
    writer.writerow([*columns, *names])
    labeled = 0
    for row, answer in enumerate(found):
        writer.writerow([*rows.cells(row)[: len(columns)], *_make_cells(answer)])
        labeled += answer.status == "labeled"
    text.flush()
    text.detach()
    return labeled


def _write_json_lines(file: IO[bytes], rows: OpenRows, names: Sequence[str], found: Iterator[RowAnswer]) -> int:
    labeled = 0
    for row, answer in enumerate(found):
        file.write(_write_record(rows, row, names, answer) + b"\n")
        labeled += answer.status == "labeled"
    return labeled


def _write_array(file: IO[bytes], rows: OpenRows, names: Sequence[str], found: Iterator[RowAnswer]) -> int:
    labeled = 0
    for row, answer in enumerate(found):
        file.write(b",\n" if row else b"[\n")
        file.write(_write_record(rows, row, names, answer))
        labeled += answer.status == "labeled"
    file.write(b"\n]\n")
    return labeled


def _write_record(rows: OpenRows, row: int, names: Sequence[str], answer: RowAnswer) -> bytes:
    """Return a row as a JSON object with the label columns: in JSON as it stands there, and else of its cells."""
    if rows.form.csv_options is None:
        written = add_cells(rows.raw(row), names, _make_cells(answer), rows.form)
        return written.decode(rows.form.codec).strip().encode()
    values = dict(zip((*_list_own_columns(rows), *names), (*rows.cells(row), *_make_cells(answer)), strict=False))
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _write_spreadsheet(file: IO[bytes], rows: OpenRows, names: Sequence[str], found: Iterator[RowAnswer]) -> int:
    labeled = 0

    def add_answers() -> Iterator[tuple[list[str], tuple[str, ...]]]:
        nonlocal labeled
        for row, answer in enumerate(found):
            labeled += answer.status == "labeled"
            yield rows.cells(row), _make_cells(answer)

    has_header = rows.form.settled_options.header is not False
    with spool_source(rows.path) as source:
        write_copy(source, file, rows.form.columns, names, add_answers(), has_header=has_header)
    return labeled


def _make_cells(answer: RowAnswer) -> tuple[str, ...]:
    """Return an answer as the cells of the label columns."""
    return (
        answer.label or "",
        answer.status,
        answer.by,
        answer.time,
        answer.how,
        "" if answer.confidence is None else f"{answer.confidence:g}",
        "flagged" if answer.flagged else "",
        answer.note,
    )
