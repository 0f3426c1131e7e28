"""The predictions for a file's rows on disk, so that interrupted work can continue."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats
from txt.errors import InputError
from txt.files import open_own, open_plain

_CHUNK_ROWS = 8192
_TOLERANCE = 1e-3  # probabilities in float32 sum to one but for rounding

Records = npt.NDArray[np.float32]


class PredictionLog:
    """A file with one line of JSON that identifies the model and data, followed by a fixed number of bytes per row.

    A row is its C probabilities, and 1 where the text was longer than the model reads; NaN where there is no text. The
    probabilities `sum_to_one` unless rows have several labels.
    """

    def __init__(self, path: Path, of: str, classes: int, sum_to_one: bool = True) -> None:
        self.path = path
        self._header = _header(of)
        self._width = classes + 1
        self._sum_to_one = sum_to_one
        self._file = open_own(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise InputError(f"another process is at work on `{path}`", "wait for it, or name another file") from None
        self.rows = self._count_whole_rows()
        if self.rows == 0:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, self._header, 0)
        os.ftruncate(self._file, self._byte_offset(self.rows))

    @staticmethod
    def is_about(path: Path, of: str) -> bool:
        """Tell whether a file holds answers of this kind."""
        with open_plain(path) as file:
            return file.readline() == _header(of)

    def append(self, probabilities: Floats, long: Floats) -> None:
        """Add the answers of more rows: probabilities (N, C), and which texts are long (N,); they are on disk then."""
        records = np.column_stack([probabilities, long]).astype(np.float32)  # (N, C + 1)
        content = memoryview(records.tobytes())
        place = self._byte_offset(self.rows)
        while content:
            written = os.pwrite(self._file, content, place)
            content, place = content[written:], place + written
        os.fsync(self._file)
        self.rows += len(records)

    def read(self) -> Iterator[Records]:
        """Yield all answers, (N, C + 1) at a time."""
        for start in range(0, self.rows, _CHUNK_ROWS):
            count = min(_CHUNK_ROWS, self.rows - start)
            yield self._read_records(start, count)

    def remove(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file; what is in it stays."""
        os.close(self._file)

    def _count_whole_rows(self) -> int:
        """Return how many rows from the start are whole: a power cut can leave zeros where the rest was to come."""
        size = os.fstat(self._file).st_size - len(self._header)
        if os.pread(self._file, len(self._header), 0) != self._header:
            return 0
        rows = size // (4 * self._width)
        for start in range(0, rows, _CHUNK_ROWS):
            records = self._read_records(start, min(_CHUNK_ROWS, rows - start))
            sums = records[:, :-1].sum(1)
            wrong = np.abs(sums - 1) > _TOLERANCE if self._sum_to_one else sums <= 0
            broken = np.flatnonzero(wrong & ~np.isnan(records[:, 0]))
            if len(broken):
                return start + int(broken[0])
        return rows

    def _read_records(self, start: int, count: int) -> Records:
        content = os.pread(self._file, 4 * self._width * count, self._byte_offset(start))
        return np.frombuffer(content, np.float32).reshape(count, self._width)

    def _byte_offset(self, row: int) -> int:
        return len(self._header) + 4 * self._width * row


def _header(of: str) -> bytes:
    return json.dumps({"of": of}).encode() + b"\n"
