"""Reads any row of a big data file at once, through an index of the whole file or, at first, of its head."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.row_index import RowIndex, ScanProgress, name_copy, read_index, scan_file, write_index
from txt.data.reading.rows import Form, find_form, parse_row
from txt.data.reading.source import read_state

_SMALL_BYTES = 4_000_000  # read at once; of a bigger file only the head, until another process has read it all
_HEAD_ROWS = 2000


class OpenRows:
    """A data file whose rows can be read in any order. It is only ever read; `notes` say what to tell about it."""

    def __init__(self, path: Path, form: Form, index: RowIndex) -> None:
        self.path = path
        self.form = form
        self.index = index
        self._file = os.open(form.locate(path), os.O_RDONLY)
        self.notes: tuple[str, ...] = form.warnings

    def __len__(self) -> int:
        return len(self.index)

    def close(self) -> None:
        """Close the file; a copy that was made for this time is thrown away."""
        os.close(self._file)
        if self.form.content is not None and Path(self.form.content).parent == Path(tempfile.gettempdir()):
            Path(self.form.content).unlink(missing_ok=True)

    def raw(self, row: int) -> bytes:
        """Return a row as it stands in the file, with its line end and empty lines behind it."""
        start, end = (int(offset) for offset in self.index.offsets[row : row + 2])
        return os.pread(self._file, end - start, start)

    def head(self) -> bytes:
        """Return what stands in the file before the first row."""
        return os.pread(self._file, int(self.index.offsets[0]), 0)

    def cells(self, row: int) -> list[str]:
        """Return the cells of a row, one a column; missing ones at the end are empty."""
        cells = parse_row(self.raw(row), self.form)
        return cells + [""] * (len(self.form.columns) - len(cells))

    def text(self, row: int) -> str:
        """Return the text of a row."""
        return self.cells(row)[self.form.columns.index(self.form.text_column)]

    def metadata(self, row: int) -> dict[str, str]:
        """Return the other columns of a row, by name."""
        return {
            name: cell
            for name, cell in zip(self.form.columns, self.cells(row), strict=False)
            if name != self.form.text_column
        }


def open_rows(path: Path, asked: ReadingOptions, kept: Path) -> OpenRows:
    """Open a data file with the index kept in the file `kept`, if that still holds; else with one of the head.

    Raises:
        InputError: the file cannot be read, or its text column is not clear.
    """
    if found := read_index(kept, path, asked):
        return OpenRows(path, *found)
    form = find_form(path, asked, _choose_copy(path, kept))
    limit = None if form.locate(path).stat().st_size <= _SMALL_BYTES else _HEAD_ROWS
    *_, last = scan_file(path, form, limit)
    assert last.index is not None
    rows = OpenRows(path, last.form or form, last.index)
    rows.notes = (*form.warnings, *last.notes)
    return rows


def _choose_copy(path: Path, kept: Path) -> Path:
    """Return where a copy with a line a row is made: of a big file where it is found again, else for this time only."""
    if read_state(path)[0] > _SMALL_BYTES:
        return name_copy(kept)
    descriptor, name = tempfile.mkstemp(prefix=f"txt-{os.getpid()}-", suffix=".rows")
    os.close(descriptor)
    os.unlink(name)  # most files need no copy
    return Path(name)


def read_to_end(rows: OpenRows, asked: ReadingOptions, kept: Path) -> Iterator[ScanProgress]:
    """Complete the index of a file that was opened with its head only, and keep it; yields how far it has come.

    Raises:
        InputError: a row cannot be read.
    """
    if rows.index.complete:
        return
    for scanned in scan_file(rows.path, rows.form):
        yield scanned
        if scanned.index is not None:
            rows.index, rows.form = scanned.index, scanned.form or rows.form
            rows.notes = (*rows.form.warnings, *scanned.notes)
            with suppress(OSError):  # in a folder that may not be written it is made again next time
                write_index(kept, rows.path, asked, rows.form, scanned.index)
