"""Files that appear whole or not at all, JSON with a format number, and append-only JSONL."""

import ctypes
import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from txt.errors import InputError
from txt.json_input import MOST_BYTES, has_kind, parse_json

FORMAT = 1

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # AT_FDCWD, RENAME_EXCHANGE: the same on all of Linux
_RANDOM_LETTERS = 8  # in the names of temporary files
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_"
_LEFTOVER = re.compile(rf"\..+\.[{_LETTERS}]{{{_RANDOM_LETTERS}}}\.(part|old)", re.DOTALL)
_BLOCK = 65536
_FIRST_BLOCK = 1024


class LinkedError(InputError):
    """In the place of a file or folder that is to be written there is a link, a pipe, or something else."""


def open_own(path: Path | str, flags: int, mode: int = 0o666, *, folder: int | None = None) -> int:
    """Open a plain file by exactly this name, relative to the descriptor `folder` where one is given.

    A link in its place is not followed, and a pipe, a socket or a device in its place is neither read nor waited for.

    Raises:
        LinkedError: there is something else than a plain file.
        OSError: it is missing, may not be opened, or the disk is full.
    """
    # O_NONBLOCK makes opening a pipe return at once; for a plain file it means nothing. O_TRUNC is done here after the
    # type was checked, since opening alone must change nothing.
    try:
        descriptor = os.open(
            path, (flags & ~os.O_TRUNC) | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode, dir_fd=folder
        )
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):  # a link, a pipe without a reader, a folder
            raise _describe_what_is_there(path, folder) from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _describe_what_is_there(path, folder)
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_plain(path: Path) -> BufferedReader:
    """Open a plain file for reading, as `path.open("rb")` does, but never wait for a pipe or read a device without end.

    Raises:
        OSError: it is missing, may not be read, or is not a plain file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a plain file", str(path))
    return os.fdopen(descriptor, "rb")


def open_folder(path: Path, *, make: bool = False, links: bool = True) -> int:
    """Return a descriptor of a folder, so that all that is done in it stays in it; `make` makes it where it is missing.

    With `links=False` the folder itself may not be a link: nothing in a folder from elsewhere decides where we write.

    Raises:
        LinkedError: it is a link, and may not be one.
        OSError: it is missing, or not a folder.
    """
    if make:
        with suppress(FileExistsError):
            path.mkdir(parents=True)
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW))
    except OSError as error:
        if path.is_symlink() and not links:
            raise LinkedError(
                f"`{path}` is a link, and nothing is written through it", "put a folder in its place"
            ) from None
        raise error


def _describe_what_is_there(path: Path | str, folder: int | None) -> LinkedError:
    try:
        mode = os.stat(path, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        mode = 0
    kinds = {stat.S_IFLNK: "a link", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder"}
    kind = kinds.get(stat.S_IFMT(mode), "not a plain file")
    return LinkedError(f"`{path}` is {kind}, and is not written to", "put a plain file in its place, or remove it")


def refuse_links_below(root: Path, path: Path) -> None:
    """Refuse a path in the folder `root` where it goes through a link: it could lead anywhere.

    Raises:
        LinkedError: one of its parts below `root` is a link.
    """
    for part in (path, *path.parents):
        if part == root or root not in part.parents:
            return
        if part.is_symlink():
            raise LinkedError(f"`{part}` is a link, and nothing is written through it", "put a folder in its place")


def refuse_link(path: Path) -> None:
    """Refuse a path that is a link, before a library opens it by its name.

    Raises:
        LinkedError: it is a link.
    """
    if path.is_symlink():
        raise _describe_what_is_there(path, None)


@contextmanager
def atomic_write(
    path: Path, mode: str = "w", *, links: bool = True, make_folder: bool = True, durable: bool = True
) -> Iterator[IO[Any]]:
    """Open a file that replaces `path` when the block ends without an error, and is removed otherwise.

    The new content is written beside `path`, flushed to disk and renamed over it. Text is UTF-8 with `\\n` line ends.
    Temporary files that killed processes left for the same `path` are removed. A link at `path` is replaced, and what
    it points to stays as it was.

    Args:
        path: what to write.
        mode: `w` or `wb`.
        links: whether the folder of `path` may be a link.
        make_folder: whether a missing folder is made.
        durable: whether to wait until the content is on the disk.

    Raises:
        LinkedError: the folder is a link, and may not be one.
    """
    # How it works: a rename is atomic, so whoever opens `path` gets either the whole old or the whole new file. The
    # content is flushed before the rename, since a file system may write the rename to disk before the data, and after
    # a power cut the name would then belong to an empty file. The folder is flushed after it, so that the new name
    # lasts as well. The file is made in the folder of `path`, because a rename works only within one file system. It
    # has a name that nobody can guess and is made with O_EXCL, and all is done by the descriptor of the folder: whoever
    # may write there, or swaps the folder for a link meanwhile, cannot turn the writing to another place.
    encoding, newline = (None, None) if "b" in mode else ("utf-8", "\n")
    folder = open_folder(path.parent, make=make_folder, links=links)
    try:
        beside, claim = _create_claimed(path.name, folder, _create_file)
        try:
            with os.fdopen(claim, mode, encoding=encoding, newline=newline) as file:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
                os.fchmod(file.fileno(), _choose_mode(path.name, folder))
                os.replace(beside, path.name, src_dir_fd=folder, dst_dir_fd=folder)  # before closing ends the claim
            if durable:
                sync_descriptor(folder)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(beside, dir_fd=folder)
            raise
    except OSError as error:
        if isinstance(error.filename, str) and os.path.basename(error.filename) == error.filename:
            error.filename = str(path.parent / error.filename)  # a name relative to the descriptor tells nobody where
        raise
    finally:
        os.close(folder)


def _choose_mode(name: str, folder: int) -> int:
    """Return the rights of the plain file that is there, else those that a new file has."""
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError:
        there = 0
    return there & 0o777 if stat.S_ISREG(there) else 0o666 & ~_read_umask()


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` that replaces it when the block ends: completely or not at all.

    A folder that exists at `path` is replaced; callers check before whether they may. A link there is replaced, and
    what it points to stays as it was. Temporary folders that killed processes left for the same `path` are removed.
    """
    parent = open_folder(path.parent, make=True)
    try:
        name, claim = _create_claimed(path.name, parent, _create_folder)
    finally:
        os.close(parent)
    beside = path.parent / name
    try:
        os.chmod(beside, 0o777 & ~_read_umask())
        yield beside
        for file in beside.rglob("*"):
            if file.is_file() and not file.is_symlink():
                os.chmod(file, 0o666 & ~_read_umask())  # safetensors makes files that only their owner may read
                sync_file(file)
        # A rename cannot replace a folder that is not empty. On Linux the two folders swap their names in one system
        # call, and the old one is deleted afterwards. Elsewhere the old one is moved aside first, so for a moment there
        # is nothing at `path`; after a crash in that moment the old one still exists under a name that ends in `.old`.
        taken = path.is_symlink() or path.exists()
        if taken and _exchange_names(beside, path):
            if beside.is_symlink():
                beside.unlink()
            shutil.rmtree(beside, ignore_errors=True)
        elif taken:
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


def _create_claimed(name: str, folder: int, make: Callable[[str, int], int]) -> tuple[str, int]:
    """Make a file or folder for `name` in a folder, and lock it until its descriptor is closed; remove leftovers."""
    # The lock tells a file that is being written from one that a killed process left: the system releases the locks of
    # a process when it ends, in whatever way. Between making the file and locking it another process may take it for
    # such a leftover and remove it; then the name is gone once the lock is held, and a new file is made.
    begins, ends = f".{name}.", ".part"
    for left in os.listdir(folder):
        if left.startswith(begins) and left.endswith(ends) and len(left) == len(begins + ends) + _RANDOM_LETTERS:
            _remove_unclaimed(left, folder)
    while True:
        beside = begins + "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_LETTERS)) + ends
        try:
            claim = make(beside, folder)
        except FileExistsError:
            continue
        with suppress(OSError):  # a file system without locks: no leftovers are removed there
            fcntl.flock(claim, fcntl.LOCK_EX)
        if _is_same_file(beside, folder, claim):
            return beside, claim
        os.close(claim)  # another process removed it before it was locked


def _create_file(name: str, folder: int) -> int:
    return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)


def _create_folder(name: str, folder: int) -> int:
    os.mkdir(name, 0o700, dir_fd=folder)
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def _is_same_file(name: str, folder: int, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.stat(name, dir_fd=folder, follow_symlinks=False), os.fstat(descriptor))
    return False


def _remove_unclaimed(name: str, folder: int) -> None:
    """Remove what a process was writing when it was killed; what cannot be removed, or is being written, stays."""
    # A pipe with such a name would block whoever opens it, and is none of ours: it stays.
    with suppress(OSError):
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        try:
            kind = os.fstat(descriptor).st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                return
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISDIR(kind):
                shutil.rmtree(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)
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
    place = Path(tempfile.gettempdir())
    folder = open_folder(place)
    try:
        name, claim = _create_claimed("txt", folder, _create_file)
        try:
            yield place / name
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            os.close(claim)
    finally:
        os.close(folder)


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
    """Remove what killed processes left half-written in `folder`; `.bashrc.old` and the like are none of that."""
    try:
        descriptor = open_folder(folder)
    except FileNotFoundError:
        return
    try:
        for name in os.listdir(descriptor):
            if _LEFTOVER.fullmatch(name):
                _remove_unclaimed(name, descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Wait until the content of the file at `path` is on disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Wait until the names in the folder at `path` are on disk, where the file system can do that."""
    folder = open_folder(path)
    try:
        sync_descriptor(folder)
    finally:
        os.close(folder)


def sync_descriptor(folder: int) -> None:
    """Wait until the names in an open folder are on disk, where the file system can do that."""
    try:
        os.fsync(folder)
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
    value = parse_json(read_small_file(path), f"`{path}`")
    written = value.get("format", FORMAT)
    if not has_kind(written, int) or written > FORMAT:
        raise InputError(
            f"`{path}` has format {str(written)[:20]}, and this txt reads up to {FORMAT}",
            "update txt, or make it again",
        )
    return value


def read_small_file(path: Path, most: int = MOST_BYTES) -> bytes:
    """Return the content of a plain file; a pipe or device in its place is not waited for.

    Raises:
        InputError: it is missing, not a plain file, may not be read, or is larger than `most` bytes.
    """
    return read_small_file_about(path, most)[0]


def read_small_file_about(path: Path, most: int = MOST_BYTES) -> tuple[bytes, os.stat_result]:
    """Return the content of a plain file, and what the system says of that very file.

    Raises:
        InputError: see `read_small_file`.
    """
    try:
        with open_plain(path) as file:
            about, content = os.fstat(file.fileno()), file.read(most + 1)
    except FileNotFoundError:
        raise InputError(f"`{path}` does not exist") from None
    except OSError as error:
        raise InputError(f"cannot read `{path}`: {error.strerror}") from None
    except ValueError:  # a NUL, which a name in a file from elsewhere may have
        raise InputError(f"`{path}` cannot be the name of a file") from None
    if len(content) > most:
        raise InputError(f"`{path}` has more than {most:,} bytes, and is not read")
    return content, about


def encode_line(value: dict[str, Any]) -> bytes:
    """Return `value` as one line of JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def read_lines_backwards(path: Path, most: int | None = None) -> Iterator[bytes]:
    """Yield the complete lines of a file from the last to the first, without line ends, reading only what is needed.

    A torn last line is left out; with `most`, so is what lies further than that many bytes from the end.
    """
    with open_plain(path) as file:
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
    """Cut a JSONL file back to its last newline, so that the next append starts a line of its own.

    Raises:
        LinkedError: it is a link, a pipe or something else than a plain file.
    """
    try:
        descriptor = open_own(path, os.O_RDWR)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "rb+") as file:
        content_end = file.seek(0, os.SEEK_END)
        position, tail = content_end, b""
        while position > 0 and b"\n" not in tail:
            position = max(0, position - _BLOCK)
            file.seek(position)
            tail = file.read(content_end - position)
        file.truncate(position + tail.rfind(b"\n") + 1)


def cache_folder() -> Path:
    """Return this user's cache folder for `txt`; one that version 0.1.0 made elsewhere stays in use."""
    from platformdirs import user_cache_path  # takes longer to import than most commands need

    folder = user_cache_path("txt", appauthor=False)
    older = Path(os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache") / "txt"
    return older if older.is_dir() and not folder.is_dir() else folder


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with open_plain(path) as file:
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
