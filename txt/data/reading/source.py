"""A data file as bytes: opens and decompresses it, and explains what goes wrong. `-` is standard input."""

import gzip
import shutil
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast

from txt.errors import InputError, nearest
from txt.files import temporary_file

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
"""The format that a file's ending stands for; what has another ending is judged by its content."""

CHUNK_BYTES = 1 << 20

MAX_CELL = 5_000_000
"""Characters of the largest cell that is read: a longer one is an unclosed quote, or not a text."""

MAX_LINE = 4 * MAX_CELL
"""Characters of the longest line that is read: a small compressed file can hold one that fills the memory."""
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class Source:
    """A file that can be read more than once, and the name under which the user knows it."""

    path: Path
    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def ending(self) -> str:
        """The file's ending in lower case, without `.gz`: `.csv`."""
        path = Path(self.name)
        return (Path(path.stem) if path.suffix.lower() == ".gz" else path).suffix.lower()

    def is_gzip(self) -> bool:
        """Tell whether the content is gzip, whatever the name."""
        with _translate_errors(self), self.path.open("rb") as file:
            return file.read(2) == _GZIP_MAGIC

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the file for reading, decompressed.

        Raises:
            InputError: it is missing, a directory, cannot be read, or is damaged gzip; also while it is being read.
        """
        opened = gzip.open if self.is_gzip() else open
        with _translate_errors(self), opened(self.path, "rb") as file:
            yield cast(BinaryIO, file)

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Yield the path of the content, decompressed: of a gzipped file that of a temporary copy."""
        if not self.is_gzip():
            yield self.path
            return
        with temporary_file() as copy:
            with self.open() as file, copy.open("wb") as target:
                shutil.copyfileobj(file, target)
            yield copy

    def chunks(self, size: int = CHUNK_BYTES) -> Iterator[bytes]:
        """Yield the decompressed content in pieces of `size` bytes."""
        with self.open() as file:
            while piece := file.read(size):
                yield piece


def check_file(path: Path | str) -> None:
    """Refuse a data file that cannot be opened, before anything is loaded to read it with.

    Raises:
        InputError: it is missing, a directory, or cannot be read.
    """
    if str(path) != "-" and not Path(path).is_fifo():
        Source(Path(path), str(path)).is_gzip()


def guess_format(path: Path) -> str | None:
    """Return the format that a file's ending stands for, ignoring `.gz`; None for any other ending."""
    return FORMATS.get(Source(path, path.name).ending)


@contextmanager
def compress_output(raw: IO[bytes], wanted: bool) -> Iterator[IO[bytes]]:
    """Yield what writes to `raw`, gzipped where that is wanted; the same content gives the same bytes at any time."""
    if not wanted:
        yield raw
        return
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as target:
        yield cast(IO[bytes], target)


@contextmanager
def spool_source(path: Path | str) -> Iterator[Source]:
    """Yield a source for `path`; standard input (`-`) and pipes are first copied to a temporary file."""
    name = "standard input" if str(path) == "-" else str(path)
    if name == str(path) and (Path(path).is_file() or not Path(path).exists() or Path(path).is_dir()):
        yield Source(Path(path), name)
        return
    with temporary_file() as copy:
        with (
            nullcontext(sys.stdin.buffer) if str(path) == "-" else Path(path).open("rb") as stream,
            copy.open("wb") as target,
        ):
            shutil.copyfileobj(stream, target)
        yield Source(copy, name)


@contextmanager
def _translate_errors(source: Source) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"`{source}` does not exist", _suggest_name(source.path)) from None
    except IsADirectoryError:
        raise InputError(f"`{source}` is a directory, not a data file", _list_files(source.path)) from None
    except PermissionError:
        raise InputError(f"`{source}` may not be read", f"`ls -l {source}` shows who may") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise InputError(
            f"`{source}` is damaged: its gzip data is wrong or breaks off", "fetch or make it again"
        ) from None


def _suggest_name(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if not entry.name.startswith("."))
    except OSError:
        return f"there is no folder `{path.parent}`"
    close = nearest(path.name, names)
    if close:
        return f"did you mean `{path.parent / close}`?"
    return f"`{path.parent}` has {', '.join(names[:5]) or 'no files'}" + (" …" if len(names) > 5 else "")


def _list_files(path: Path) -> str:
    names = sorted(entry.name for entry in path.iterdir() if entry.is_file())[:5]
    return f"name one of its files: {', '.join(names)}" if names else "it holds no files"
