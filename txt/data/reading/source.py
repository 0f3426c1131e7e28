"""A data file as bytes: opens and decompresses it, and explains what goes wrong. `-` is standard input."""

import bz2
import glob
import gzip
import hashlib
import io
import json
import lzma
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from txt.data.reading.expansion import CountedFile
from txt.errors import InputError, nearest
from txt.files import sha256, temporary_file

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
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".sav": "statistics",
    ".zsav": "statistics",
    ".por": "statistics",
    ".dta": "statistics",
    ".sas7bdat": "statistics",
    ".xpt": "statistics",
    ".spacy": "documents",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
}
"""The format that a file's ending stands for; what has another ending is judged by its content."""

WRITTEN = ("csv", "jsonl", "json", "parquet")
"""The formats that are written, too."""

WRITTEN_ENDINGS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")
"""What a hint says where a name asks for another format; all but the last may have `.gz` behind."""

READABLE = "txt reads CSV, TSV, JSON, Parquet, Arrow, Excel, SQLite, SPSS, Stata, SAS, folders of texts, also packed"
"""What a hint says where a file is none of these."""

PACKINGS = (".gz", ".bz2", ".xz", ".zst", ".zip")
"""Endings of files that hold data files, packed."""

PART_MARK = "::"
"""Stands between a file and the table, sheet or member that is meant: `reviews.sqlite::comments`."""

CHUNK_BYTES = 1 << 20

MAX_CELL = 5_000_000
"""Characters of the largest cell that is read: a longer one is an unclosed quote, or not a text."""

MAX_LINE = 4 * MAX_CELL
"""Characters of the longest line that is read: a small compressed file can hold one that fills the memory."""
MOST_ENTRIES = 500_000
"""Files and folders that a folder of texts has at most: in `/` or a home nobody wants to wait for more to be listed."""

_MAGIC_OF = {"gzip": b"\x1f\x8b", "bz2": b"BZh", "xz": b"\xfd7zXZ", "zstd": b"\x28\xb5\x2f\xfd"}
_JOINT = "\n"  # no file's name has one
_GLOB = re.compile(r"[*?]|\[[^]]+\]")


@dataclass(frozen=True)
class Source:
    """A file, or another place with rows, that can be read more than once; `name` is what the user knows it by.

    `path` is the user's file or folder, of several files the first. `copy` is where the bytes to read are, if they are
    not there: what was standard input, a member of an archive, or a sheet of a spreadsheet. `part` is the sheet or
    table that is meant. `members` are the files that are read one after the other. `kind` is "excel" where the bytes
    are a copy of a sheet. `notes` are what the user should be told.
    """

    path: Path
    name: str
    copy: Path | None = None
    part: str | None = None
    members: tuple["Source", ...] = ()
    notes: tuple[str, ...] = ()
    kind: str | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def place(self) -> Path:
        """Return the file or folder to read."""
        return self.copy or self.path

    @property
    def ending(self) -> str:
        """The file's ending in lower case, without `.gz` and its like: `.csv`."""
        path = Path(self.name)
        return (Path(path.stem) if path.suffix.lower() in PACKINGS else path).suffix.lower()

    def files(self) -> Iterator[Path]:
        """Yield the user's files that are read; of a folder only itself."""
        if not self.members:
            yield self.path
        for member in self.members:
            yield from member.files()

    def size(self) -> int:
        """Return the bytes of what is read, packed as it is; of a folder 0."""
        if self.members:
            return sum(member.size() for member in self.members)
        return self.place.stat().st_size if self.place.is_file() else 0

    def find_same(self, path: Path) -> Path | None:
        """Return the file read that `path` is, too; None where it is none of them."""
        return next((each for each in self.files() if path.exists() and each.exists() and path.samefile(each)), None)

    def checksums(self) -> dict[str, str]:
        """Return the SHA-256 of what is read, by name."""
        if self.members and self.copy is None:
            return {name: value for member in self.members for name, value in member.checksums().items()}
        if self.path.is_dir():
            return {self.name: _hash_folder(self.path)}
        return {self.name: sha256(self.path if self.path.is_file() else self.place)}

    def checksum(self) -> str:
        """Return one SHA-256 of all that is read."""
        found = self.checksums()
        if len(found) == 1 and self.part is None:
            return next(iter(found.values()))
        return hashlib.sha256(json.dumps([found, self.part]).encode()).hexdigest()

    def packing(self) -> str | None:
        """Return how the content is compressed, whatever the name; None where it is not."""
        head = self.read_start(6)
        return next((name for name, magic in _MAGIC_OF.items() if head.startswith(magic)), None)

    def read_start(self, size: int) -> bytes:
        """Return the first bytes as they are in the file, packed or not."""
        with _translate_errors(self), self.place.open("rb") as file:
            return file.read(size)

    def is_compressed(self) -> bool:
        """Tell whether the content is compressed."""
        return self.packing() is not None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the file for reading, decompressed.

        Raises:
            InputError: it is missing, a directory, cannot be read, or is damaged; also while it is being read.
        """
        with _translate_errors(self), _open_packed(self.place, self.packing(), self.name) as file:
            yield file

    @contextmanager
    def on_disk(self) -> Iterator[Path]:
        """Yield the path of the content, decompressed: of a compressed file that of a temporary copy."""
        if not self.is_compressed():
            yield self.place
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


def check_file(data: Path | str) -> None:
    """Refuse data that cannot be opened, before anything is loaded to read it with; pipes are not looked into.

    Raises:
        InputError: a file is missing or cannot be read.
    """
    for word in split_paths(str(data)):
        path = Path(word) if is_there(Path(word)) else cut_part(word)[0]
        if word != "-" and not is_pattern(word) and not path.is_dir() and not path.is_fifo():
            Source(path, word).packing()


def guess_format(path: Path) -> str | None:
    """Return the format that a file's ending stands for, ignoring `.gz`; None for any other ending."""
    return FORMATS.get(Source(path, path.name).ending)


def choose_output_format(out: Path, format: str, data: str = "") -> str:
    """Return the format of an output: the one that its name asks for, else that of the data, or CSV.

    Where the name ends as that of the `data` does, it is the data's: JSON lines in a `.json` stay JSON lines.

    Raises:
        InputError: its name asks for a format that is only read, or that is not known.
    """
    if out.suffix.lower() in PACKINGS and out.suffix.lower() != ".gz":
        raise InputError(f"`{out}` asks for {out.suffix}, which is only read", f"-o {out.with_suffix('.gz')}")
    asked, ending = guess_format(out), Source(out, str(out)).ending
    as_data = bool(data) and ending == Source(out, data).ending
    if asked is None and ending and not as_data:
        others = ", ".join(WRITTEN_ENDINGS[:-1])
        raise InputError(
            f"`{out}` ends in {ending}, which txt does not write",
            f"it writes {others} and {WRITTEN_ENDINGS[-1]}: {out.with_suffix('.csv').name}",
        )
    if asked is None or (as_data and format in WRITTEN):
        return format if format in WRITTEN else "csv"
    if asked not in WRITTEN:
        raise InputError(
            f"`{out}` asks for a format that is only read", f"name a .csv, .jsonl or .parquet: {out.stem}.csv"
        )
    return asked


def name_output(data: str, word: str, kept: Sequence[str] = ()) -> Path:
    """Return the default name of an output, a word before the endings: `reviews.predicted.csv.gz`.

    It ends as the data where that format can be written or the ending is among `kept`, and else in `.csv`.
    """
    path = name_beside(data)
    file, part = cut_part(data)
    inner = path.with_suffix("") if path.suffix.lower() in PACKINGS[1:] else path
    name, dot, ending = inner.name.partition(".")
    if file.suffix.lower() in kept:
        return path.with_name(f"{name}.{word}{file.suffix}")
    is_kept = bool(dot) and part is None and guess_format(inner) in (None, *WRITTEN)
    if len(split_paths(data)) > 1 or is_pattern(data) or Path(data).is_dir() or not is_kept:
        return path.with_name(f"{name}.{word}.csv")
    return path.with_name(f"{name}.{word}{dot}{ending}")


@contextmanager
def compress_output(raw: IO[bytes], wanted: bool) -> Iterator[IO[bytes]]:
    """Yield what writes to `raw`, gzipped where that is wanted; the same content gives the same bytes at any time."""
    if not wanted:
        yield raw
        return
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as target:
        yield cast(IO[bytes], target)


def split_paths(data: str) -> list[str]:
    """Return the files that one argument stands for: several are joined by `join_paths`."""
    return [each for each in data.split(_JOINT) if each] or [data]


def join_paths(paths: Sequence[str]) -> str:
    """Return several files as one argument."""
    return _JOINT.join(paths)


def name_beside(data: Path | str) -> Path:
    """Return a path beside the data, in whose name no character has a meaning: for files that belong to it."""
    words = split_paths(str(data))
    path = Path(words[0].rstrip("/") or words[0])
    if path.name in ("", ".."):  # `.`, `..` or `/`, which have no name to build on
        path = path.resolve()
    name = _GLOB.sub("_", path.name.replace(PART_MARK, "."))
    if len(words) > 1:
        name = f"{name}+{len(words) - 1}"
    return path.with_name(name) if name else path / "root"


def is_pattern(data: str) -> bool:
    """Tell whether an argument is a pattern of names, as `2024-*.csv`, and not the name of a file."""
    return _GLOB.search(data) is not None and not is_there(Path(data))


def read_state(data: Path | str) -> tuple[int, int]:
    """Return the bytes of what is read and when it was last changed (nanoseconds), of all files together.

    Raises:
        FileNotFoundError: there is none.
    """
    paths = _list_read(data)
    files = [each for path in paths for each in (walk_folder(path) if path.is_dir() else [path])]
    states = [each.stat() for each in files]
    return sum(state.st_size for state in states), max((state.st_mtime_ns for state in states), default=0)


def walk_folder(folder: Path) -> list[Path]:
    """Return the files below a folder, at any depth; links to folders are not followed.

    Raises:
        InputError: so many files and folders are there that it cannot be meant.
    """
    files: list[Path] = []
    seen = 0
    for place, folders, names in os.walk(folder):
        seen += len(folders) + len(names)
        if seen > MOST_ENTRIES:
            raise InputError(
                f"`{folder}` has more than {MOST_ENTRIES:,} files and folders in it, too many for a folder of texts",
                "name a folder or a file in it",
            )
        files += [path for name in names if (path := Path(place, name)).is_file()]
    return files


def is_read_from(data: Path | str, path: Path) -> bool:
    """Tell whether a file is the data, or one of the files of the data."""
    return any(each.exists() and path.samefile(each) for each in _list_read(data))


def list_files(pattern: str, without: str) -> list[str]:
    """Return the files that a pattern stands for, in order, without those that `name_output` made with this word.

    Raises:
        InputError: there is none.
    """
    found = [name for name in sorted(glob.glob(pattern)) if f".{without}." not in Path(name).name]
    if not found:
        raise InputError(f"no file is called `{pattern}`", "quotes keep the shell from filling the pattern in itself")
    return found


def _list_read(data: Path | str) -> list[Path]:
    """Return the files or folders that an argument stands for."""
    words = [name for word in split_paths(str(data)) for name in (glob.glob(word) if is_pattern(word) else [word])]
    return [cut_part(word)[0] for word in words]


def exists(data: str) -> bool:
    """Tell whether an argument names data that is there."""
    return all(is_there(Path(each)) or is_pattern(each) or is_there(cut_part(each)[0]) for each in split_paths(data))


def cut_part(data: str) -> tuple[Path, str | None]:
    """Return the file and the part of `FILE::PART`; a name without the mark has no part."""
    path, mark, part = data.rpartition(PART_MARK)
    return (Path(path), part) if mark and is_there(Path(path)) else (Path(data), None)


def is_there(path: Path) -> bool:
    """Tell whether a path exists; one that cannot be a name does not."""
    try:
        return path.exists()
    except (OSError, ValueError):  # longer than a name may be
        return False


@contextmanager
def _open_packed(path: Path, packing: str | None, name: str) -> Iterator[BinaryIO]:
    if packing == "zstd":
        import pyarrow as pa

        with pa.CompressedInputStream(pa.OSFile(str(path)), "zstd") as stream:
            yield _count(cast(BinaryIO, stream), path, name)
        return
    openers: dict[str | None, Callable[..., Any]] = {None: open, "gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}
    with openers[packing](path, "rb") as file:
        yield file if packing is None else _count(file, path, name)


def _count(file: BinaryIO, path: Path, name: str) -> BinaryIO:
    """Return a packed file's content, of which no more is read than a file of data holds."""
    return cast(BinaryIO, io.BufferedReader(CountedFile(file, name, path.stat().st_size), CHUNK_BYTES))


def _hash_folder(folder: Path) -> str:
    """Return a SHA-256 of the names and contents of all files of a folder."""
    found = hashlib.sha256()
    for path in sorted(walk_folder(folder)):
        found.update(f"{path.relative_to(folder)}\0{sha256(path)}\n".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


@contextmanager
def _translate_errors(source: Source) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"`{source}` does not exist", suggest_name(source.path)) from None
    except IsADirectoryError:
        raise InputError(f"`{source}` is a directory, not a data file", _list_files(source.path)) from None
    except PermissionError:
        raise InputError(f"`{source}` may not be read", f"`ls -l {source}` shows who may") from None
    except (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError):
        raise _damaged_error(source) from None
    except OSError as error:  # what bz2 and zstd raise has no number
        if error.errno is None:
            raise _damaged_error(source) from None
        raise


def _damaged_error(source: Source) -> InputError:
    return InputError(
        f"`{source}` is damaged: its {source.packing()} data is wrong or breaks off", "fetch or make it again"
    )


def suggest_name(path: Path) -> str:
    """Return a hint for a path that does not exist: the name nearest to it, or what its folder has."""
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
