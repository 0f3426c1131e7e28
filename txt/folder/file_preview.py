"""A preview of a data file from its first bytes: its columns, and whether rows have labels."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from txt.config import PrepareConfig
from txt.data.reading.columns import find_label, find_text
from txt.data.reading.dialect import detect_dialect
from txt.data.reading.source import FORMATS, Source, guess_format
from txt.data.reading.table import Table, open_table
from txt.errors import InputError
from txt.files import open_plain

ENDINGS = tuple(ending for ending in FORMATS if ending != ".txt")  # most of those are prose
_FROM_HEAD = ("csv", "jsonl", "json", "parquet")
_QUICK = ("arrow", "sqlite")  # whose columns can be read without the rows
_SMALL_BYTES = 2_000_000
_HEAD_BYTES = 1 << 18
_SAMPLED_ROWS = 200


@dataclass(frozen=True)
class FilePreview:
    """What the first rows show. `labeled` is their share with a label; `problem` says why a file cannot be used.

    A big file that has to be read whole is not looked into: it has no columns here.
    """

    columns: int = 0
    rows: int = 0
    text: str | None = None
    label: str | None = None
    labeled: float = 0.0
    problem: str | None = None


@dataclass(frozen=True)
class _Head(Source):
    """The beginning of a file, cut at the end of a line, as if it were all of it."""

    content: bytes = b""

    def packing(self) -> None:
        """Tell that what is given is decompressed."""

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the beginning."""
        yield io.BytesIO(self.content)


def is_data_name(name: str) -> bool:
    """Tell whether a file has a data file's name."""
    endings = tuple(ending for ending in FORMATS if ending != ".txt")  # most of those are prose
    return name.lower().removesuffix(".gz").endswith(endings) and not name.startswith(".")


def preview_file(path: Path) -> FilePreview:
    """Look at the first rows of a data file; problems are returned in the preview, never raised."""
    try:
        known = path.stat()
    except OSError as error:
        return FilePreview(problem=f"cannot be read: {error.strerror}".lower())
    return _preview_cached(path, known.st_size, known.st_mtime_ns)


def read_first_rows(path: Path) -> dict[str, list[str | None]]:
    """Return the first rows of a data file by column; nothing of a big one that has to be read as a whole.

    Raises:
        InputError: it is not a data file that can be read.
        OSError: it cannot be opened.
    """
    if guess_format(path) not in _FROM_HEAD or (head := _read_head(path)).content.startswith(b"PAR1"):
        if path.stat().st_size > _SMALL_BYTES and guess_format(path) not in _QUICK:
            return {}
        with open_table(path, PrepareConfig()) as table:
            return _read_sample(table)
    return _read_sample(Table(head, detect_dialect(head)))


@lru_cache(maxsize=1000)
def _preview_cached(path: Path, size: int, _modified: int) -> FilePreview:
    try:
        if guess_format(path) not in _FROM_HEAD:
            return _preview_whole(path, size)
        head = _read_head(path)
        if head.content.startswith(b"PAR1"):
            return FilePreview(columns=len(detect_dialect(path).columns))
        table = Table(head, detect_dialect(head))
        return _describe_sample(_read_sample(table), path.name)
    except InputError as error:
        return FilePreview(problem=error.message)
    except (OSError, EOFError, zlib.error) as error:
        return FilePreview(problem=f"cannot be read: {getattr(error, 'strerror', None) or error}".lower())


def _preview_whole(path: Path, size: int) -> FilePreview:
    """Look at a file that is read from its end, or as a whole; of a big one only the columns, if those are quick."""
    if size > _SMALL_BYTES and guess_format(path) not in _QUICK:
        return FilePreview()
    with open_table(path, PrepareConfig()) as table:
        if size > _SMALL_BYTES:
            return FilePreview(columns=len(table.dialect.columns))
        return _describe_sample(_read_sample(table), path.name)


def _read_head(path: Path) -> _Head:
    with open_plain(path) as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else open_plain(path) as stream:
        content = stream.read(_HEAD_BYTES)
    if len(content) == _HEAD_BYTES:
        content = content[: content.rfind(b"\n") + 1] or content
    return _Head(path, path.name, content=content)


def _read_sample(table: Table) -> dict[str, list[str | None]]:
    """Return the first rows by column; those before the place where the beginning was cut, if that is within a row."""
    sample: dict[str, list[str | None]] = {name: [] for name in table.dialect.columns}
    rows = islice(table.rows(), _SAMPLED_ROWS)
    try:
        for row in rows:
            for name, value in row.items():
                sample.setdefault(name, []).append(value)
    except InputError:
        if not any(sample.values()):
            raise
    return sample


def _describe_sample(sample: dict[str, list[str | None]], name: str) -> FilePreview:
    rows = max(map(len, sample.values()), default=0)
    try:
        text = find_text(sample, source=name).name
    except InputError as error:
        return FilePreview(len(sample), rows, problem=error.message)
    try:
        label = find_label(sample, text, source=name, by_content=False)
    except InputError:
        label = None
    if label is None:
        return FilePreview(len(sample), rows, text)
    values = sample[label.name]
    filled = sum(1 for value in values if value is not None and value.strip())
    return FilePreview(len(sample), rows, text, label.name, filled / max(1, len(values)))
