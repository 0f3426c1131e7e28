"""Files that appear whole or not at all, JSON with a format number, and append-only JSONL."""

import ctypes
import errno
import fcntl
import glob
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from txt.errors import InputError

FORMAT = 1

_HERE, _EXCHANGE = -100, 2  # AT_FDCWD, RENAME_EXCHANGE: the same on all of Linux
_RANDOM_LETTERS = 8  # in the names that tempfile makes
_BLOCK = 65536
_FIRST_BLOCK = 1024


@contextmanager
def atomic_write(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that takes the place of `path` when the block ends without an error, and leaves no trace otherwise.

    The new content is written beside `path`, flushed to disk and renamed over it. Text is UTF-8 with `\\n` line ends.
    What killed processes left of the same is removed.
    """
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "\n")
    beside, claim = _claimed_beside(path, _new_file)
    try:
        with os.fdopen(claim, mode, encoding=encoding, newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.chmod(beside, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            os.replace(beside, path)  # before the file is closed, which ends the claim
        sync_folder(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` that takes its place when the block ends, whole or not at all.

    A folder already at `path` is replaced; callers decide beforehand whether they may. What killed processes left of
    the same is removed.
    """
    beside, claim = _claimed_beside(path, _new_folder)
    os.chmod(beside, 0o777 & ~_umask())
    try:
        yield beside
        for file in beside.rglob("*"):
            if file.is_file():
                sync_file(file)
        if path.exists() and _exchanged(beside, path):
            shutil.rmtree(beside, ignore_errors=True)
        elif path.exists():
            old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".old"))
            os.replace(path, old / "old")
            os.replace(beside, path)
            shutil.rmtree(old)
        else:
            os.replace(beside, path)
        sync_folder(path.parent)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    finally:
        os.close(claim)


def _claimed_beside(path: Path, make: Callable[[Path], tuple[int, str]]) -> tuple[Path, int]:
    """Make a file or folder beside `path` and claim it until the descriptor is closed; what nobody claims is swept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'?' * _RANDOM_LETTERS}.part"):
        _remove_unclaimed(left)
    while True:
        claim, name = make(path)
        with suppress(OSError):  # a file system without locks: nothing is ever swept there
            fcntl.flock(claim, fcntl.LOCK_EX)
        if os.path.exists(name):
            return Path(name), claim
        os.close(claim)  # swept by another process before the claim


def _new_file(path: Path) -> tuple[int, str]:
    return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")


def _new_folder(path: Path) -> tuple[int, str]:
    name = tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    return os.open(name, os.O_RDONLY), name


def _remove_unclaimed(path: Path) -> None:
    """Remove what a process was writing when it was killed; what cannot be removed, or is being written, stays."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        finally:
            os.close(descriptor)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders trade their names in one step, so that there is one at each at any moment, where Linux can."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    paths = os.fsencode(one), os.fsencode(other)
    return rename is not None and rename(_HERE, paths[0], _HERE, paths[1], _EXCHANGE) == 0


@contextmanager
def temporary_file() -> Iterator[Path]:
    """Yield the path of an empty file in the system's folder for such, which is gone when the block ends.

    What killed processes left there is removed.
    """
    path, claim = _claimed_beside(Path(tempfile.gettempdir()) / "txt", _new_file)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        os.close(claim)


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make a folder, or find it there, and keep other processes from claiming it while the block works in it.

    Raises:
        InputError: another process is at work in it.
    """
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        claim = os.open(folder, os.O_RDONLY)
        try:
            if not _has_claimed(claim):
                raise InputError(f"another process is at work on `{folder}`", "wait for it, or choose another name")
            if folder.exists():  # else another process has just finished its work there, and removed it
                yield
                return
        finally:
            os.close(claim)


def _has_claimed(descriptor: int) -> bool:
    """Claim a file or folder; True also where the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half-written in `folder`."""
    for pattern in (".*.part", ".*.old"):
        for path in folder.glob(pattern):
            _remove_unclaimed(path)


def sync_file(path: Path) -> None:
    """Wait until the content of the file at `path` is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the names in the folder at `path` are on disk, where the file system can do that."""
    try:
        sync_file(path)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EACCES, errno.ENOTSUP):
            raise


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path` atomically, indented, with non-ASCII letters as they are; NaN is refused."""
    with atomic_write(path) as file:
        json.dump(value, file, ensure_ascii=False, indent=2, allow_nan=False)
        file.write("\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object written by `txt`, refusing one of a newer format.

    Raises:
        InputError: the file is missing, is not a JSON object, or was written by a newer `txt`.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"`{path}` does not exist") from None
    except OSError as error:
        raise InputError(f"cannot read `{path}`: {error.strerror}") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"`{path}` is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise InputError(f"`{path}` is not a JSON object")
    written = value.get("format", FORMAT)
    if not isinstance(written, int) or written > FORMAT:
        raise InputError(
            f"`{path}` has format {written}, and this txt reads up to {FORMAT}", "update txt, or make it again"
        )
    return value


def json_line(value: dict[str, Any]) -> bytes:
    """Return `value` as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSONL file; a torn last line (a crash, or a write still under way) is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def lines_from_end(path: Path, most: int | None = None) -> Iterator[bytes]:
    """Yield the whole lines of a file from the last to the first, without their ends, reading no further than asked.

    A torn last line is left out; with `most`, so is what lies further than that many bytes from the end.
    """
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        first = 0 if most is None else max(0, end - most)
        position, rest, torn, block = end, b"", True, _FIRST_BLOCK
        while position > first:
            block = min(4 * block, _BLOCK, position - first)
            position -= block
            file.seek(position)
            begun, *whole = (file.read(block) + rest).split(b"\n")
            for line in reversed(whole):
                if not torn:
                    yield line
                torn = False
            rest = begun
        if first == 0 and not torn:
            yield rest


def mend_torn_line(path: Path) -> None:
    """Cut a JSONL file back to its last newline, so that the next append starts a line of its own."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        content_end = file.seek(0, os.SEEK_END)
        position, tail = content_end, b""
        while position > 0 and b"\n" not in tail:
            position = max(0, position - _BLOCK)
            file.seek(position)
            tail = file.read(content_end - position)
        file.truncate(position + tail.rfind(b"\n") + 1)


def cache_folder() -> Path:
    """Return the folder where this user's programs keep what they can make again."""
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named) / "txt"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "txt"
    return Path(os.environ.get("LOCALAPPDATA") or Path.home() / ".cache") / "txt"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def told_plainly(doing: str) -> Iterator[None]:
    """Turn the operating system's errors into one clear line that names what `txt` was `doing`.

    Raises:
        InputError: the disk is full, cannot be written to, or refused otherwise.
    """
    try:
        yield
    except OSError as error:
        raise InputError(*_explained(doing, error)) from error


def _explained(doing: str, error: OSError) -> tuple[str, str | None]:
    name = f" `{error.filename}`" if error.filename else ""
    hints = {
        errno.ENOSPC: "free some space, or choose another disk with -o",
        errno.EDQUOT: "free some space, or choose another disk with -o",
        errno.EROFS: "choose a folder that can be written to with -o",
        errno.EACCES: "choose a folder that can be written to with -o",
        errno.EPERM: "choose a folder that can be written to with -o",
    }
    return f"{doing}{name}: {(error.strerror or str(error)).lower()}", hints.get(error.errno or 0)


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
