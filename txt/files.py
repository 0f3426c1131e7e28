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

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # AT_FDCWD, RENAME_EXCHANGE: the same on all of Linux
_RANDOM_LETTERS = 8  # in the names that tempfile makes
_BLOCK = 65536
_FIRST_BLOCK = 1024


@contextmanager
def atomic_write(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open a file that replaces `path` when the block ends without an error, and is removed otherwise.

    The new content is written beside `path`, flushed to disk and renamed over it. Text is UTF-8 with `\\n` line ends.
    Temporary files that killed processes left for the same `path` are removed.
    """
    # How it works: a rename is atomic, so whoever opens `path` gets either the whole old or the whole new file. The
    # content is flushed before the rename, since a file system may write the rename to disk before the data, and after
    # a power cut the name would then belong to an empty file. The folder is flushed after it, so that the new name
    # lasts as well. The file is made in the folder of `path`, because a rename works only within one file system.
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "\n")
    beside, claim = _create_claimed(path, _create_file)
    try:
        with os.fdopen(claim, mode, encoding=encoding, newline=newline) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.chmod(beside, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_read_umask())
            os.replace(beside, path)  # before the file is closed, which ends the claim
        sync_folder(path.parent)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` that replaces it when the block ends: completely or not at all.

    A folder that exists at `path` is replaced; callers check before whether they may. Temporary folders that killed
    processes left for the same `path` are removed.
    """
    beside, claim = _create_claimed(path, _create_folder)
    os.chmod(beside, 0o777 & ~_read_umask())
    try:
        yield beside
        for file in beside.rglob("*"):
            if file.is_file():
                sync_file(file)
        # A rename cannot replace a folder that is not empty. On Linux the two folders swap their names in one system
        # call, and the old one is deleted afterwards. Elsewhere the old one is moved aside first, so for a moment there
        # is nothing at `path`; after a crash in that moment the old one still exists under a name that ends in `.old`.
        if path.exists() and _exchange_names(beside, path):
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


def _create_claimed(path: Path, make: Callable[[Path], tuple[int, str]]) -> tuple[Path, int]:
    """Make a file or folder beside `path`, and lock it until its descriptor is closed; remove unlocked leftovers."""
    # The lock tells a file that is being written from one that a killed process left: the system releases the locks of
    # a process when it ends, in whatever way. Between making the file and locking it another process may take it for
    # such a leftover and remove it; then the name is gone once the lock is held, and a new file is made.
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.{'?' * _RANDOM_LETTERS}.part"):
        _remove_unclaimed(left)
    while True:
        claim, name = make(path)
        with suppress(OSError):  # a file system without locks: no leftovers are removed there
            fcntl.flock(claim, fcntl.LOCK_EX)
        if os.path.exists(name):
            return Path(name), claim
        os.close(claim)  # another process removed it before it was locked


def _create_file(path: Path) -> tuple[int, str]:
    return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")


def _create_folder(path: Path) -> tuple[int, str]:
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


def _exchange_names(one: Path, other: Path) -> bool:
    """Swap the names of two folders in one step (Linux only), so that both paths exist at every moment."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    paths = os.fsencode(one), os.fsencode(other)
    return rename is not None and rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0


@contextmanager
def temporary_file() -> Iterator[Path]:
    """Yield the path of an empty file in the system's folder for temporary files; it is removed when the block ends.

    Files that killed processes left there are removed.
    """
    path, claim = _create_claimed(Path(tempfile.gettempdir()) / "txt", _create_file)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        os.close(claim)


@contextmanager
def claim_folder(folder: Path) -> Iterator[None]:
    """Make a folder if it does not exist, and keep other processes from claiming it while the block works in it.

    Raises:
        InputError: another process is at work in it.
    """
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        claim = os.open(folder, os.O_RDONLY)
        try:
            if not _try_claim(claim):
                raise InputError(f"another process is at work on `{folder}`", "wait for it, or choose another name")
            if folder.exists():  # else another process has just finished its work there, and removed it
                yield
                return
        finally:
            os.close(claim)


def _try_claim(descriptor: int) -> bool:
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


def encode_line(value: dict[str, Any]) -> bytes:
    """Return `value` as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSONL file; a torn last line (a crash, or a write still under way) is left out."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def read_lines_backwards(path: Path, most: int | None = None) -> Iterator[bytes]:
    """Yield the complete lines of a file from the last to the first, without line ends, reading only what is needed.

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
    """Return this user's cache folder for `txt`."""
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
def explain_os_errors(doing: str) -> Iterator[None]:
    """Turn an OSError in the block into one clear line that begins with what `txt` was `doing`.

    Raises:
        InputError: the disk is full, cannot be written to, or refused otherwise.
    """
    try:
        yield
    except OSError as error:
        raise InputError(*_describe_os_error(doing, error)) from error


def _describe_os_error(doing: str, error: OSError) -> tuple[str, str | None]:
    name = f" `{error.filename}`" if error.filename else ""
    hints = {
        errno.ENOSPC: "free some space, or choose another disk with -o",
        errno.EDQUOT: "free some space, or choose another disk with -o",
        errno.EROFS: "choose a folder that can be written to with -o",
        errno.EACCES: "choose a folder that can be written to with -o",
        errno.EPERM: "choose a folder that can be written to with -o",
    }
    return f"{doing}{name}: {(error.strerror or str(error)).lower()}", hints.get(error.errno or 0)


def _read_umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
