"""CSV of our own: the columns that an export adds, beside the text and the others."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

from txt.data.formats.record import SEPARATOR, LabelRecord, LabelTask, choose_status
from txt.data.labels import read_label_cell
from txt.data.reading.columns import find_label, find_text
from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.label_columns import COLUMNS, choose_column_names
from txt.data.reading.source import MAX_CELL
from txt.data.reading.spooling import spool_source
from txt.data.several_labels import split_list
from txt.errors import InputError, did_you_mean

RESERVED = frozenset({"text"})

_SAMPLE_ROWS = 200


def write_cells(file: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file in UTF-8 as RFC 4180 has it; lone surrogates, which UTF-8 cannot encode, become `�`."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="replace", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\r\n")  # so that a lone CR in a cell is quoted, as an LF is
    writer.writerow(header)
    writer.writerows(rows)
    text.flush()
    text.detach()


def read_cells(path: Path, needed: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield each row of a CSV file in UTF-8, by column; missing cells at the end are empty.

    Raises:
        InputError: a needed column is missing, or the file cannot be read.
    """
    csv.field_size_limit(MAX_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            for name in needed:
                if name not in header:
                    hint = did_you_mean(name, header, f"it has {', '.join(header) or 'no columns'}")
                    raise InputError(f"`{path}` has no column `{name}`", hint)
            for cells in reader:
                if cells:
                    yield dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=False))
    except UnicodeDecodeError:
        raise InputError(f"`{path}` is not UTF-8 text", "save it as UTF-8") from None
    except csv.Error as error:
        raise InputError(f"`{path}` cannot be read: {error}") from None


def write(file: IO[bytes], records: Iterable[LabelRecord], _task: LabelTask) -> None:
    """Write `text`, the other columns, and those of an export; several labels are joined by `|`."""
    records = iter(records)
    first = next(records, None)
    if first is None:
        return
    others = [name if name not in RESERVED else f"{name}_" for name in first.columns]
    header = ["text", *others, *choose_column_names(others)]
    write_cells(file, header, (_make_cells(record) for each in ([first], records) for record in each))


def read(path: Path, task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the rows of an export, or of any table with a text and a label, read as every command reads it."""
    return _read_export(path, task) if _is_export(path) else _read_table(path, task)


def _is_export(path: Path) -> bool:
    """Tell whether the first line is that of an export: its columns are known, and nothing needs to be found out."""
    csv.field_size_limit(MAX_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (UnicodeDecodeError, csv.Error):
        return False
    return _find_label_columns(header) == tuple(header[-len(COLUMNS) :])


def _read_export(path: Path, task: LabelTask) -> Iterator[LabelRecord]:
    head = list(islice(read_cells(path, ()), _SAMPLE_ROWS))
    sample = {name: [cells[name] for cells in head] for name in (head[0] if head else ())}
    text_column = find_text(sample, None, str(path)).name if sample else "text"
    for cells in read_cells(path, (text_column,)):
        names = _find_label_columns(list(cells))
        yield _make_record(cells, text_column, names, task)


def _read_table(path: Path, task: LabelTask) -> Iterator[LabelRecord]:
    from txt.data.reading.table import make_table  # knows the formats itself

    with spool_source(path) as source:
        table = make_table(source, ReadingOptions(label_column=task.label_column))
        sample = table.sample()
        wanted = task.text_column if task.text_column in sample else None
        text = find_text(sample, wanted, str(path)).name
        label = find_label(sample, text, task.label_column, str(path))
        if label is None:
            raise InputError(f"no column of `{path}` looks like a label", "name it with --label-column")
        about = (f"{label.name}_{name.removeprefix('label_')}" for name in COLUMNS[1:])
        names = (label.name, *(name if name in sample else own for name, own in zip(about, COLUMNS[1:], strict=True)))
        for row in table.rows():
            cells = {name: cell or "" for name, cell in row.items()}
            yield _make_record(cells, text, names, task)


def _make_record(cells: dict[str, str], text_column: str, names: Sequence[str], task: LabelTask) -> LabelRecord:
    label, status, by, time, how, confidence, flagged, note = (cells.pop(name, "") for name in names)
    found = split_list(label.strip())
    if found is not None:
        labels = tuple(found)
    elif task.multi_label and label:
        labels = tuple(label.split(SEPARATOR))
    else:
        labels = (name,) if (name := read_label_cell(label)) else ()
    about = (choose_status(labels, status), by, time, how, _parse_number(confidence), flagged == "flagged", note)
    return LabelRecord(cells.pop(text_column, ""), labels, *about, cells)


def _find_label_columns(header: Sequence[str]) -> Sequence[str]:
    """Return the names of the label columns: those at the end with the prefix that made them unique, or plain ones."""
    last = tuple(header[-len(COLUMNS) :])
    return last if last == choose_column_names(header[: -len(COLUMNS)]) else COLUMNS


def _make_cells(record: LabelRecord) -> list[str]:
    return [
        record.text,
        *record.columns.values(),
        SEPARATOR.join(record.labels),
        record.status,
        record.by,
        record.time,
        record.how,
        "" if record.confidence is None else repr(record.confidence),
        "flagged" if record.flagged else "",
        record.note,
    ]


def _parse_number(cell: str) -> float | None:
    try:
        return float(cell) if cell else None
    except ValueError:
        return None
