"""Makes a source of what a user names: a file, a folder, several files, a part of one, or standard input."""

import glob
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from txt.data.reading.source import PART_MARK, Source, cut_part, is_pattern, is_there, split_paths, suggest_name
from txt.errors import InputError
from txt.files import temporary_file


@contextmanager
def spool_source(path: Path | str) -> Iterator[Source]:
    """Yield a source for a file, a folder, a pattern of names, several files, or `FILE::PART`.

    Standard input (`-`), pipes, sheets and members of archives are first copied to temporary files.

    Raises:
        InputError: no file matches, or an archive or a spreadsheet cannot be read.
    """
    with ExitStack() as opened:
        yield _spool_argument(str(path), opened)


def _spool_argument(data: str, opened: ExitStack) -> Source:
    words = split_paths(data)
    if len(words) == 1 and is_pattern(data):
        words = sorted(glob.glob(data, recursive=True))
        if not words:
            raise InputError(f"no file is called `{data}`", suggest_name(Path(data)))
    if len(words) > 1:
        members = tuple(_spool_argument(word, opened) for word in words)
        return Source(Path(words[0]), _name_several(data, words), members=members)
    data = words[0]
    if data == "-":
        return _unpack(Source(Path("-"), "standard input", _copy_stream(sys.stdin.buffer, opened)), opened)
    path, part = Path(data), None
    if not is_there(path):
        path, part = cut_part(data)
    if path.exists() and not path.is_file() and not path.is_dir():
        with path.open("rb") as stream:
            return _unpack(Source(path, data, _copy_stream(stream, opened)), opened)
    return _unpack(Source(path, data, part=part), opened)


def _unpack(source: Source, opened: ExitStack) -> Source:
    """Return a source whose bytes can be read: of a spreadsheet or an archive those of what is in it."""
    if not source.place.is_file():
        return source
    head = source.read_start(8)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        from txt.data.reading.kinds.unpacking import unpack  # few files need it

        return unpack(source, opened)
    if source.part is not None and not head.startswith(b"SQLite"):
        raise InputError(
            f"`{source.path}` has no parts that `{PART_MARK}{source.part}` could name",
            f"leave it out: {source.path}",
        )
    return source


def _copy_stream(stream: IO[bytes], opened: ExitStack) -> Path:
    copy = opened.enter_context(temporary_file())
    with copy.open("wb") as target:
        shutil.copyfileobj(stream, target)
    return copy


def _name_several(data: str, words: Sequence[str]) -> str:
    return data if is_pattern(data) else f"{words[0]} and {len(words) - 1} more"
