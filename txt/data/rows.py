"""Any row of a big data file at once: an index of where rows begin and what their texts hash to, kept for next time.

Reading a file of a million rows takes seconds, so `scan` is meant for a process of its own; meanwhile the rows at the
head of the file are there already.
"""

import codecs
import csv
import hashlib
import io
import json
import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from txt.data.batches import MAX_CELL
from txt.data.dialect import Dialect
from txt.data.encoding import line_of
from txt.data.source import Source
from txt.errors import InputError
from txt.files import atomic_write

INDEX_FORMAT = 1
UNLABELED = -1
"""The label code of a row whose label cell is empty."""

_MAX_LABELS = 32_000  # label codes are 16 bits wide; a column with more values is no label
_PROGRESS_ROWS = 20_000
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32-le",  # begins like the UTF-16 mark, so it comes first
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def content_hash(text: str) -> int:
    """Return the 64-bit hash that names a text, the same on every machine and in every version.

    Among a million different texts two share a hash with a probability of 3 in 100 million.
    """
    return int.from_bytes(_digest(text), "big")


@dataclass(frozen=True)
class Form:
    """How to take rows out of a file: a CSV dialect or JSON lines, and which columns are the text and the label.

    `csv_options` is None for JSON lines. `start` is where the rows begin, behind a byte order mark.
    """

    columns: tuple[str, ...]
    text_column: str
    label_column: str | None = None
    codec: str = "utf-8"
    start: int = 0
    has_header: bool = True
    csv_options: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the form as a JSON object."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Form":
        """Make a form of what `to_json` returned."""
        return cls(**{**value, "columns": tuple(value["columns"])})


@dataclass(frozen=True)
class RowIndex:
    """Where rows begin and which have the same text, for all rows or for those at the head of the file.

    `offsets` (N+1,) are bytes, the last one where the last row ends; `hashes` (N,) belong to the texts; `order` (N,)
    are the rows sorted by hash, rows with the same text in the file's order; `label_codes` (N,) say which of
    `label_names` stands in the label column.
    """

    offsets: npt.NDArray[np.int64]
    hashes: npt.NDArray[np.uint64]
    order: npt.NDArray[np.int32]
    label_codes: npt.NDArray[np.int16]
    label_names: tuple[str, ...]
    complete: bool

    def __len__(self) -> int:
        return len(self.hashes)

    def same_text(self, text_hash: int) -> npt.NDArray[np.int32]:
        """Return the rows whose text has this hash, in the file's order."""
        low, high = (
            int(np.searchsorted(self.hashes, np.uint64(text_hash), side, sorter=self.order))
            for side in ("left", "right")
        )
        return self.order[low:high]

    def groups(self, hashes: npt.NDArray[np.uint64]) -> Iterator[npt.NDArray[np.int32]]:
        """Yield the rows of each text that stands more than once in the file, of the texts with these hashes."""
        wanted = np.unique(hashes)
        low = np.searchsorted(self.hashes, wanted, "left", sorter=self.order)
        high = np.searchsorted(self.hashes, wanted, "right", sorter=self.order)
        for first, last in zip(low[high - low > 1].tolist(), high[high - low > 1].tolist(), strict=True):
            yield self.order[first:last]

    def occurrence(self, row: int) -> int:
        """Return how many rows with the same text stand before this one."""
        return int(np.searchsorted(self.same_text(int(self.hashes[row])), row))

    def occurrences(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return `occurrence` for many rows at once."""
        places = np.empty(len(self), np.int32)
        places[self.order] = np.arange(len(self), dtype=np.int32)
        first = np.searchsorted(self.hashes, self.hashes[rows], "left", sorter=self.order)
        return places[rows] - first

    def find(self, hashes: npt.NDArray[np.uint64], occurrences: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the row of each pair of text hash and occurrence; -1 where the file has no such row."""
        low = np.searchsorted(self.hashes, hashes, "left", sorter=self.order)
        places = np.minimum(low + occurrences, max(len(self) - 1, 0))
        if not len(self):
            return np.full(len(hashes), -1, np.int64)
        rows = self.order[places].astype(np.int64)
        return np.where((self.hashes[rows] == hashes) & (low + occurrences < len(self)), rows, -1)


@dataclass
class _Growing:
    """An index while the file is being read."""

    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    digests: bytearray = field(default_factory=bytearray)
    label_codes: "array[int]" = field(default_factory=lambda: array("h"))
    label_names: dict[str, int] = field(default_factory=dict)

    def add(self, offset: int, text: str, label: str) -> None:
        self.offsets.append(offset)
        self.digests += _digest(text)
        self.label_codes.append(self.label_names.setdefault(label, len(self.label_names)) if label else UNLABELED)

    def index(self, end: int, complete: bool) -> RowIndex:
        hashes = np.frombuffer(bytes(self.digests), dtype=">u8").astype(np.uint64)
        return RowIndex(
            offsets=np.append(np.frombuffer(self.offsets, np.int64), end),
            hashes=hashes,
            order=np.argsort(hashes, kind="stable").astype(np.int32),
            label_codes=np.array(self.label_codes, np.int16),
            label_names=tuple(self.label_names),
            complete=complete,
        )


@dataclass(frozen=True)
class Scanned:
    """How far a scan has come; `index` comes with the last one."""

    done_bytes: int
    total_bytes: int
    rows: int
    index: RowIndex | None = None


def scan(path: Path, form: Form, limit: int | None = None) -> Iterator[Scanned]:
    """Read a file and index its rows, the first `limit` of them or all; the last value holds the index.

    Raises:
        InputError: a row cannot be read.
    """
    total = path.stat().st_size
    growing = _Growing()
    columns = {name: place for place, name in enumerate(form.columns)}
    text_place = columns[form.text_column]
    label_place = columns.get(form.label_column or "", -1)
    end, complete = form.start, True
    for offset, end, cells in records(path, form):
        text = cells[text_place] if text_place < len(cells) else ""
        growing.add(offset, text, cells[label_place].strip() if 0 <= label_place < len(cells) else "")
        if len(growing.label_codes) % _PROGRESS_ROWS == 0:
            yield Scanned(end, total, len(growing.label_codes))
        if len(growing.label_names) > _MAX_LABELS:
            raise InputError(
                f"column `{form.label_column}` of `{path}` has over {_MAX_LABELS:,} different values",
                "name the label's column with --label-column",
            )
        if limit is not None and len(growing.label_codes) >= limit and end < total:
            complete = False
            break
    yield Scanned(end, total, len(growing.label_codes), growing.index(end, complete))


def records(
    path: Path, form: Form, start: int | None = None, stop: int | None = None
) -> Iterator[tuple[int, int, list[str]]]:
    """Yield each row's first byte, the byte behind it, and its cells; empty lines and the header are left out.

    `start` and `stop` are offsets of rows: with them, only the rows between are read.

    Raises:
        InputError: a row cannot be read, or has more or fewer cells than there are columns.
    """
    csv.field_size_limit(MAX_CELL)
    skip = form.has_header and form.csv_options is not None and start is None
    width = len(form.columns)
    with path.open("rb") as file:
        file.seek(form.start if start is None else start)
        lines = _Lines(file, form, stop)
        begin = lines.position
        try:
            for cells in _rows(lines, form):
                if len(cells) == width and not skip:
                    yield begin, lines.position, cells
                elif not _is_blank(cells) and not skip:
                    raise ValueError(f"it has {len(cells)} cells for {width} columns")
                skip = skip and _is_blank(cells)
                begin = lines.position
        except (csv.Error, ValueError) as error:
            line = line_of(Source(path, str(path)), begin, form.codec)
            raise InputError(f"line {line} of `{path}` cannot be read: {error}", _hint(form)) from None


def row_at(data: bytes, form: Form) -> list[str]:
    """Return the cells of the row that `data` holds."""
    text = data.decode(form.codec, "replace")
    if form.csv_options is None:
        return _json_cells(text, form.columns)
    return next(csv.reader(io.StringIO(text, newline=""), **form.csv_options), [])


class Rows:
    """A data file whose rows can be read in any order. The file is only ever read."""

    def __init__(self, path: Path, form: Form, index: RowIndex) -> None:
        self.path = path
        self.form = form
        self.index = index
        self._file = os.open(path, os.O_RDONLY)
        self._text_place = form.columns.index(form.text_column)

    def __len__(self) -> int:
        return len(self.index)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def raw(self, row: int) -> bytes:
        """Return a row as it stands in the file, with its line end and empty lines behind it."""
        start, end = (int(offset) for offset in self.index.offsets[row : row + 2])
        return os.pread(self._file, end - start, start)

    def cells(self, row: int) -> list[str]:
        """Return the cells of a row, one a column; missing ones at the end are empty."""
        cells = row_at(self.raw(row), self.form)
        return cells + [""] * (len(self.form.columns) - len(cells))

    def text(self, row: int) -> str:
        """Return the text of a row."""
        return self.cells(row)[self._text_place]

    def metadata(self, row: int) -> dict[str, str]:
        """Return the other columns of a row, by name."""
        return {
            name: cell
            for name, cell in zip(self.form.columns, self.cells(row), strict=False)
            if name != self.form.text_column
        }


def form_of(path: Path, dialect: Dialect, text_column: str, label_column: str | None, columns: Sequence[str]) -> Form:
    """Return how to take rows out of a file of this dialect; `columns` are the names that its rows have.

    Raises:
        InputError: the format has no rows that can be read one by one.
    """
    if dialect.compressed or dialect.format not in ("csv", "jsonl"):
        kind = "compressed" if dialect.compressed else f"{dialect.format.upper()}"
        raise InputError(f"`{path}` is {kind}, and labeling reads CSV, TSV and JSON lines", "make CSV of it first")
    with path.open("rb") as file:
        codec, start = _codec(dialect.encoding, file.read(4))
    options = dialect.csv_options() if dialect.format == "csv" else None
    return Form(tuple(columns), text_column, label_column, codec, start, dialect.has_header, options)


def read_index(path: Path, source: Path, form: Form) -> RowIndex | None:
    """Return the kept index of a data file, or None where there is none or the file has changed since."""
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline())
            if header["of"] != _fingerprint(source, form):
                return None
            count = header["rows"]
            offsets = np.fromfile(file, np.int64, count + 1)
            hashes = np.fromfile(file, np.uint64, count)
            order = np.fromfile(file, np.int32, count)
            codes = np.fromfile(file, np.int16, count)
    except (OSError, ValueError, KeyError):
        return None
    if len(codes) != count:
        return None
    return RowIndex(offsets, hashes, order, codes, tuple(header["labels"]), complete=True)


def write_index(path: Path, source: Path, form: Form, index: RowIndex) -> None:
    """Keep an index for next time, whole or not at all."""
    header = {"of": _fingerprint(source, form), "rows": len(index), "labels": index.label_names}
    with atomic_write(path, "wb") as file:
        file.write(json.dumps(header).encode() + b"\n")
        for values in (index.offsets, index.hashes, index.order, index.label_codes):
            file.write(np.ascontiguousarray(values).data)


class _Lines:
    """The lines of a file as text; `position` is the byte behind the last line taken."""

    def __init__(self, file: BinaryIO, form: Form, stop: int | None) -> None:
        self.position = file.tell()
        self._text = io.TextIOWrapper(file, encoding=form.codec, newline="" if form.csv_options else "\n")
        self._codec = form.codec
        self._stop = stop
        self._single = not form.codec.startswith(("utf-16", "utf-32"))

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            if self._stop is not None and self.position >= self._stop:
                return
            self.position += len(line) if self._single and line.isascii() else len(line.encode(self._codec))
            yield line


def _rows(lines: Iterable[str], form: Form) -> Iterator[list[str]]:
    if form.csv_options is not None:
        return csv.reader(lines, **form.csv_options)
    return (_json_cells(line, form.columns) if line.strip() else [] for line in lines)


def _is_blank(cells: Sequence[str]) -> bool:
    return not cells or (len(cells) == 1 and not cells[0].strip())


def _json_cells(line: str, columns: Sequence[str]) -> list[str]:
    """Return the values of a JSON object, numbers as they are written."""
    record = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
    if not isinstance(record, dict):
        raise ValueError("it is not a JSON object")
    nested = any(isinstance(value, dict | list) for value in record.values())
    plain = json.loads(line) if nested else {}
    return [_as_text(record.get(name), plain.get(name)) for name in columns]


def _as_text(value: Any, plain: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else json.dumps(plain, ensure_ascii=False)


def _codec(encoding: str, head: bytes) -> tuple[str, int]:
    """Return the codec that reads from any row on, and the length of the byte order mark."""
    if encoding in ("utf-8", "utf-8-sig"):
        return "utf-8", len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    if encoding in ("utf-16", "utf-32"):
        mark = next(mark for mark in _WIDE if head.startswith(mark))
        return _WIDE[mark], len(mark)
    return encoding, 0


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _fingerprint(source: Path, form: Form) -> dict[str, Any]:
    """Return what an index holds for: this file, unchanged, read in this way."""
    state = source.stat()
    return {"format": INDEX_FORMAT, "size": state.st_size, "mtime_ns": state.st_mtime_ns, "form": form.to_json()}


def _hint(form: Form) -> str:
    if form.csv_options is None:
        return 'a line looks like {"text": "…", "label": "…"}'
    return "a quote or a cell may be missing there, or the delimiter is another one: --delimiter"
