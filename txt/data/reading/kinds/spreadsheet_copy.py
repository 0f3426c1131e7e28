"""Writes a copy of a spreadsheet with columns added to a sheet; all other cells and sheets stay as they were."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import IO, Any

from txt.data.reading.kinds.spreadsheet import open_book, read_cells
from txt.data.reading.source import Source
from txt.errors import InputError, TxtError
from txt.extras import say_how_to_install

ENDINGS = (".xlsx", ".xlsm")
"""The spreadsheets that can be written."""

INSTALL = say_how_to_install("openpyxl")
"""What brings the package that writes spreadsheets."""

_MOST_ROWS, _LONGEST_CELL = 1 << 20, 32_767  # as Excel has them

_NOT_KEPT = {  # what openpyxl does not write again
    "xl/charts/chart": "charts",
    "xl/media/": "pictures",
    "xl/slicers/": "slicers",
    "xl/threadedComments/": "threads of comments",
    "xl/embeddings/": "embedded files",
}


def find_losses(source: Source) -> list[str]:
    """Return what a copy will lack: charts, pictures and the like."""
    with zipfile.ZipFile(source.path) as archive:
        names = archive.namelist()
    return [what for beginning, what in _NOT_KEPT.items() if any(name.startswith(beginning) for name in names)]


def write_copy(
    source: Source,
    target: IO[bytes],
    columns: Sequence[str],
    names: Sequence[str],
    rows: Iterable[tuple[Sequence[str | None], Sequence[Any]]],
    *,
    has_header: bool = True,
) -> None:
    """Write a copy of the spreadsheet that `source` is a sheet of.

    Args:
        source: the sheet, whose rows were read.
        target: where the copy goes.
        columns: the columns that were read.
        names: the new columns.
        rows: the cells of each row that was read, in their order, and the values for the new columns.
        has_header: whether the sheet has a row of names, which the new columns' names go to.

    Raises:
        InputError: openpyxl is missing, or the file cannot be written again.
        TxtError: the file has changed since the rows were read.
    """
    assert source.part is not None
    with open_book(Source(source.path, source.name)) as book:
        cells = list(read_cells(book, source.part))
    copy = _load(source)
    sheet = copy[source.part]
    first = sheet.max_column + 1
    begins = None
    for place, values in _match_rows(source, [row for _, row in cells], rows):
        begins = place if begins is None else begins
        _write_row(sheet, cells[place][0], first, values)
    if has_header and begins:
        header = _find_header([row for _, row in cells[:begins]], columns)
        _write_row(sheet, cells[header][0], first, names)
    copy.save(target)


def write_sheet_anew(target: IO[bytes], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a spreadsheet of one sheet; texts stay texts, also those that begin as a formula does.

    Raises:
        InputError: openpyxl is missing, or there are more rows or longer texts than a sheet can hold.
    """
    try:
        import openpyxl
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    except ImportError:
        raise InputError(
            "writing a spreadsheet needs a package that is missing", f"{INSTALL}; or name a .csv"
        ) from None
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    with closing(sheet):
        for number, row in enumerate(chain([names], rows)):
            _refuse_large(number, row)
            cells = []
            for value in row:
                if isinstance(value, str):
                    value = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value))
                    value.data_type = "s"  # else what begins with `=` would be a formula
                cells.append(value)
            sheet.append(cells)
    book.save(target)


def _refuse_large(number: int, row: Sequence[Any]) -> None:
    longest = max((len(value) for value in row if isinstance(value, str)), default=0)
    if number == _MOST_ROWS:
        raise InputError(f"a sheet has at most {_MOST_ROWS:,} rows, and the data has more", "name a .csv")
    if longest > _LONGEST_CELL:
        raise InputError(
            f"row {number} has a text of {longest:,} characters; a cell has at most {_LONGEST_CELL:,}", "name a .csv"
        )


def _load(source: Source) -> Any:
    try:
        import openpyxl
    except ImportError:
        raise InputError(
            "writing a spreadsheet needs a package that is missing", f"{INSTALL}; or name a .csv"
        ) from None
    try:
        return openpyxl.load_workbook(source.path, keep_vba=source.path.suffix.lower() == ".xlsm")
    except Exception as error:  # the package raises what its parts raise: zipfile, its XML parser, its own
        reason = " ".join(str(error).split())
        raise InputError(f"`{source.path}` cannot be written again: {reason}", "name a .csv") from None


def _write_row(sheet: Any, row: int, first: int, values: Sequence[Any]) -> None:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    for column, value in enumerate(values, start=first):
        if isinstance(value, str) and value:
            cell = sheet.cell(row, column)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
            cell.data_type = "s"  # else what begins with `=` would be a formula
        elif value is not None and value != "":
            sheet.cell(row, column, value)


def _find_header(above: Sequence[Sequence[str]], columns: Sequence[str]) -> int:
    """Return which of the rows above the data has the columns' names: the one that has most of them."""
    fits = [sum(cell.strip() == name for cell, name in zip(row, columns, strict=False)) for row in above]
    return fits.index(max(fits))


def _match_rows(
    source: Source, sheet: Sequence[Sequence[str]], rows: Iterable[tuple[Sequence[str | None], Sequence[Any]]]
) -> Iterator[tuple[int, Sequence[Any]]]:
    """Yield the place in the sheet and the new values of each row; what was no row, as a title, is passed over."""
    place = 0
    for cells, values in rows:
        while place < len(sheet) and not _is_same(sheet[place], cells):
            place += 1
        if place == len(sheet):
            raise TxtError(f"`{source.path}` has changed since it was read", "try again")
        yield place, values
        place += 1


def _is_same(cells: Sequence[str], read: Sequence[str | None]) -> bool:
    """Tell whether a row of the sheet is the one that was read, which may have columns of ours behind its own."""
    return all(one.strip() == (other or "").strip() for one, other in zip(cells, read, strict=False))
