"""An index of a big file: where each row begins and the hash of its text, made in one read and kept for next time."""

import hashlib
import json
import os
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.data.labels import read_label_cell
from txt.data.reading.delimited_rows import RowTally
from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.rows import Form, add_columns, read_records
from txt.data.reading.source import read_state
from txt.errors import InputError
from txt.files import atomic_write, open_plain
from txt.json_input import parse_json, take_field, take_list

INDEX_FORMAT = 2
UNLABELED = -1
"""The label code of a row whose label cell is empty."""

_MAX_LABELS = 32_000  # label codes are 16 bits wide; a column with more values is not a label
_PROGRESS_ROWS = 20_000


def hash_content(text: str) -> int:
    """Return the 64-bit hash that names a text, the same on every machine and in every version.

    Among a million different texts two share a hash with a probability of 3 in 100 million.
    """
    return int.from_bytes(_digest_text(text), "big")


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

    def find_same_text(self, text_hash: int) -> npt.NDArray[np.int32]:
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
        return int(np.searchsorted(self.find_same_text(int(self.hashes[row])), row))

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


_LONGEST_HEADER = 1 << 24  # bytes of an index's first line, which has the labels


@dataclass(frozen=True)
class ScanProgress:
    """How far a scan has come; with the last one come the index, the form with all columns, and notes for the user."""

    done_bytes: int
    total_bytes: int
    rows: int
    index: RowIndex | None = None
    form: Form | None = None
    notes: tuple[str, ...] = ()


def scan_file(path: Path, form: Form, limit: int | None = None) -> Iterator[ScanProgress]:
    """Read a file and index its rows, the first `limit` of them or all; the last value holds the index.

    Records of JSON lines may bring columns that the form does not have yet: they are added. Where one of them is the
    label, the file is read once more.

    Raises:
        InputError: a row cannot be read.
    """
    total = form.locate(path).stat().st_size
    tally = RowTally()
    growing = _IndexBuilder()
    columns = {name: place for place, name in enumerate(form.columns)}
    text_place = columns[form.text_column]
    label_place = columns.get(form.label_column or "", -1)
    end, complete = form.start, True
    new_columns: dict[str, None] = {}
    for offset, end, cells in read_records(path, form, new_columns=new_columns, tally=tally):
        text = cells[text_place] if text_place < len(cells) else ""
        growing.add(offset, text, read_label_cell(cells[label_place]) if 0 <= label_place < len(cells) else "")
        if len(growing.label_codes) % _PROGRESS_ROWS == 0:
            yield ScanProgress(end, total, len(growing.label_codes))
        if len(growing.label_names) > _MAX_LABELS:
            raise InputError(
                f"column `{form.label_column}` of `{path}` has over {_MAX_LABELS:,} different values",
                "name the label's column with --label-column",
            )
        if limit is not None and len(growing.label_codes) >= limit and end < total:
            complete = False
            break
    whole = add_columns(form, new_columns)
    if whole.label_column != form.label_column:
        yield from scan_file(path, whole, limit)
        return
    notes = tuple(tally.notes(str(path)))
    yield ScanProgress(end, total, len(growing.label_codes), growing.index(end, complete), whole, notes)


def read_index(path: Path, source: Path, asked: ReadingOptions) -> tuple[Form, RowIndex] | None:
    """Return the kept form and index of a data file; None where there is none, or the file has changed since."""
    try:
        with open_plain(path) as file:
            header = parse_json(file.readline(_LONGEST_HEADER), "the index")
            if header["of"] != _describe_source(source, asked):
                return None
            count = take_field(header, "rows", int, "the index")
            if not 0 <= count <= os.fstat(file.fileno()).st_size:
                return None
            offsets = np.fromfile(file, np.int64, count + 1)
            hashes = np.fromfile(file, np.uint64, count)
            order = np.fromfile(file, np.int32, count)
            codes = np.fromfile(file, np.int16, count)
            form = Form.from_json(header["form"])
            labels = tuple(take_list(header, "labels", str, "the index"))
            if form.content is not None and Path(form.content) != name_copy(path):
                return None  # from elsewhere it could name any file, which would be shown, or removed as a copy
            with open_plain(form.locate(source)) as file:
                size = os.fstat(file.fileno()).st_size
    except (OSError, InputError, ValueError, LookupError, TypeError, AttributeError):
        return None
    if len(codes) != count or not _fits(offsets, order, codes, size, len(labels)):
        return None
    return form, RowIndex(offsets, hashes, order, codes, labels, complete=True)


def name_copy(kept: Path) -> Path:
    """Return where the copy with a line a row is kept that an index is of, where the data file has no such lines."""
    return kept.with_suffix(".rows")


def _fits(
    offsets: npt.NDArray[np.int64], order: npt.NDArray[np.int32], codes: npt.NDArray[np.int16], size: int, labels: int
) -> bool:
    """Tell whether an index stays within its file of so many bytes, its rows and its labels."""
    if not len(order):
        return True
    rising = bool(offsets[0] >= 0 and offsets[-1] <= size and (np.diff(offsets) >= 0).all())
    return (
        rising and order.min() >= 0 and order.max() < len(order) and codes.min() >= UNLABELED and codes.max() < labels
    )


def write_index(path: Path, source: Path, asked: ReadingOptions, form: Form, index: RowIndex) -> None:
    """Keep an index for next time, whole or not at all."""
    header = {
        "of": _describe_source(source, asked),
        "form": form.to_json(),
        "rows": len(index),
        "labels": index.label_names,
    }
    with atomic_write(path, "wb") as file:
        file.write(json.dumps(header).encode() + b"\n")
        for values in (index.offsets, index.hashes, index.order, index.label_codes):
            file.write(np.ascontiguousarray(values).data)


@dataclass
class _IndexBuilder:
    """An index while the file is being read."""

    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    digests: bytearray = field(default_factory=bytearray)
    label_codes: "array[int]" = field(default_factory=lambda: array("h"))
    label_names: dict[str, int] = field(default_factory=dict)

    def add(self, offset: int, text: str, label: str) -> None:
        self.offsets.append(offset)
        self.digests += _digest_text(text)
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


def _digest_text(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _describe_source(source: Path, asked: ReadingOptions) -> dict[str, Any]:
    """Return what an index holds for: this file, unchanged, read in this way."""
    size, changed = read_state(source)
    return {"format": INDEX_FORMAT, "size": size, "mtime_ns": changed, "asked": asdict(asked)}
