"""CSV of our own: the columns that an export adds, beside the text and the others."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

from txt.data.reading.columns import find_text
from txt.data.reading.label_columns import COLUMNS, choose_column_names
from txt.data.reading.source import MAX_CELL
from txt.errors import InputError, did_you_mean
from txt.labeling.formats.record import LabelRecord, LabelTask, choose_status
from txt.labeling.store.decision import SEPARATOR

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
    """Yield the rows of an export, or of any CSV file with a text and `label`."""
    head = list(islice(read_cells(path, ()), _SAMPLE_ROWS))
    sample = {name: [cells[name] for cells in head] for name in (head[0] if head else ())}
    text_column = find_text(sample, None, str(path)).name if sample else "text"
    for cells in read_cells(path, (text_column,)):
        names = _find_label_columns(list(cells))
        label, status, by, time, how, confidence, flagged, note = (cells.pop(name, "") for name in names)
        text = cells.pop(text_column)
        labels = tuple(label.split(SEPARATOR)) if task.multi_label and label else (label,) if label else ()
        sure = _parse_number(confidence)
        yield LabelRecord(
            text, labels, choose_status(labels, status), by, time, how, sure, flagged == "flagged", note, cells
        )


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
