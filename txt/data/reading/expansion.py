"""How much a small file may become while it is read: a file that was made to fill the memory or the disk is refused.

Packed text is a fifth to a hundredth of its size, and Parquet with few different values less. What is far beyond that,
and large as well, is no data. Nothing is judged by what a file says of itself: what comes out of it is counted.
"""

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from txt.errors import InputError

try:
    import resource
except ImportError:  # not a POSIX system
    resource = None  # type: ignore[assignment]

ALWAYS_BYTES = 1 << 30
"""What may come out of any file, however small it is."""

PACKED_TIMES = 200
"""How many times its own size a packed file may become; gzip makes at most 1,032 of one byte, and text 3 to 20."""

ROWS_TIMES = 1000
"""How many times the size of its file the rows may become: a column of one value is stored once."""

_BLOCK = 1 << 20
_PIECE_BYTES = 3 << 30  # of addresses, for one piece of rows; libraries reserve more than they use


def refuse_expansion(name: str, found: int, size: int, times: int, hint: str) -> None:
    """Refuse what came out of a file: `found` bytes of a file of `size` bytes.

    Raises:
        InputError: it is large, and more than so many times the size of the file.
    """
    if found > ALWAYS_BYTES and found > times * size:
        raise InputError(
            f"`{name}` holds more than {found >> 20:,} MiB in {size:,} bytes, which no data file does", hint
        )


class CountedFile(io.RawIOBase):
    """The content of a packed file, which is refused where it grows out of all proportion."""

    def __init__(self, file: BinaryIO, name: str, size: int) -> None:
        self._file, self._name, self._size = file, name, size
        self._place = self._furthest = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Tell whether one may go back in it."""
        return self._file.seekable()

    def tell(self) -> int:
        """Return the place in what comes out."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; the end is found by reading, which is counted.

        Raises:
            InputError: it was too much.
        """
        if whence == io.SEEK_END:
            while self.read(_BLOCK):
                pass
            offset, whence = self._place + offset, io.SEEK_SET
        self._place = self._file.seek(offset, whence)
        return self._place

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Read the next piece.

        Raises:
            InputError: it was too much.
        """
        piece = self._file.read(len(target))
        target[: len(piece)] = piece
        self._place += len(piece)
        self._furthest = max(self._furthest, self._place)
        refuse_expansion(self._name, self._furthest, self._size, PACKED_TIMES, "unpack it first, if you trust it")
        return len(piece)


class _Limit:
    """The limit on this process's memory while some of its threads decode pieces of files."""

    lock = threading.Lock()
    users = 0
    before: tuple[int, int] = (0, 0)


@contextmanager
def limit_memory(name: str, size: int) -> Iterator[None]:
    """Let a library that decodes a piece of a file take at most 3 GiB more memory, and twice the size of the file.

    Raises:
        InputError: it needs more.
    """
    _begin_limit(_PIECE_BYTES + 2 * size)
    try:
        yield
    except MemoryError:  # Arrow's own error is one, too
        needed = (_PIECE_BYTES + 2 * size) >> 20
        raise InputError(
            f"`{name}` needs more than {needed:,} MiB of memory for a piece of its rows",
            "write it anew with fewer rows in a piece (Parquet: a row group, a page), or as CSV",
        ) from None
    finally:
        _end_limit()


def _begin_limit(allowed: int) -> None:
    with _Limit.lock:
        _Limit.users += 1
        taken = _read_address_space()
        if _Limit.users > 1 or resource is None or not taken:
            return
        _Limit.before = resource.getrlimit(resource.RLIMIT_AS)
        soft, hard = _Limit.before
        wanted = taken + allowed
        if soft in (resource.RLIM_INFINITY, -1) or soft > wanted:
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _end_limit() -> None:
    with _Limit.lock:
        _Limit.users -= 1
        if _Limit.users == 0 and resource is not None and _Limit.before != (0, 0):
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_AS, _Limit.before)
            _Limit.before = (0, 0)


def _read_address_space() -> int:
    """Return the bytes of addresses that this process has; 0 on systems that do not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
