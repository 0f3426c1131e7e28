"""A data file at a glance, from its first bytes: columns, and whether rows have labels; no file is read whole."""

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

from txt.data.reading.columns import find_label, find_text
from txt.data.reading.dialect import detect
from txt.data.reading.source import FORMATS, Source
from txt.data.reading.table import Table
from txt.errors import InputError

ENDINGS = tuple(ending for ending in FORMATS if ending != ".txt")  # most of those are prose
_HEAD_BYTES = 1 << 18
_SAMPLED_ROWS = 200


@dataclass(frozen=True)
class Glance:
    """What the first rows show. `labeled` is their share with a label; `problem` says why a file cannot be used."""

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

    def is_gzip(self) -> bool:
        """Tell that what is given is decompressed."""
        return False

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the beginning."""
        yield io.BytesIO(self.content)


def is_data_name(name: str) -> bool:
    """Tell whether a file is called as data files are."""
    return name.lower().removesuffix(".gz").endswith(ENDINGS) and not name.startswith(".")


def glance(path: Path) -> Glance:
    """Look at the first rows of a data file; what is wrong with it is told, never raised."""
    try:
        known = path.stat()
    except OSError as error:
        return Glance(problem=f"cannot be read: {error.strerror}".lower())
    return _glance(path, known.st_size, known.st_mtime_ns)


@lru_cache(maxsize=1000)
def _glance(path: Path, _size: int, _modified: int) -> Glance:
    try:
        head = _head(path)
        if head.content.startswith(b"PAR1"):
            return Glance(columns=len(detect(path).columns))
        table = Table(head, detect(head))
        return _looked_at(_sample(table), path.name)
    except InputError as error:
        return Glance(problem=error.message)
    except (OSError, EOFError, zlib.error) as error:
        return Glance(problem=f"cannot be read: {getattr(error, 'strerror', None) or error}".lower())


def _head(path: Path) -> _Head:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path) if packed else path.open("rb") as stream:
        content = stream.read(_HEAD_BYTES)
    if len(content) == _HEAD_BYTES:
        content = content[: content.rfind(b"\n") + 1] or content
    return _Head(path, path.name, content)


def _sample(table: Table) -> dict[str, list[str | None]]:
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


def _looked_at(sample: dict[str, list[str | None]], name: str) -> Glance:
    rows = max(map(len, sample.values()), default=0)
    try:
        text = find_text(sample, source=name).name
    except InputError as error:
        return Glance(len(sample), rows, problem=error.message)
    try:
        label = find_label(sample, text, source=name, by_content=False)
    except InputError:
        label = None
    if label is None:
        return Glance(len(sample), rows, text)
    values = sample[label.name]
    filled = sum(1 for value in values if value is not None and value.strip())
    return Glance(len(sample), rows, text, label.name, filled / max(1, len(values)))
