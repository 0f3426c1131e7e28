"""Spreadsheets (.xlsx, .xlsm, .xlsb, .xls, .ods): a sheet becomes a delimited file, which is read as any other."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txt.data.reading.kinds.limited_process import EndedError, call_limited
from txt.data.reading.source import PART_MARK, Source
from txt.errors import InputError, nearest
from txt.extras import say_how_to_install
from txt.files import temporary_file

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

INSTALL = say_how_to_install("python-calamine")
"""What brings the package that reads spreadsheets, the same that pandas reads them with."""


_ALWAYS_BYTES = 2 << 30  # of memory for a sheet
_MOST_MERGED = 2_000_000  # cells: more than a sheet has rows
_TIMES = 200  # and so many times its file: a cell takes some 2 bytes there, and 300 as an object of Python


def open_sheet(source: Source, opened: ExitStack) -> Source:
    """Return the source of a sheet: the one that `source.part` names, or the only one with cells.

    Raises:
        InputError: a package is missing, the file is damaged or protected, or a sheet has to be named.
    """
    _require_calamine(source)
    copy = opened.enter_context(temporary_file())
    memory = _ALWAYS_BYTES + _TIMES * source.size()
    about = [str(source.path), source.name, str(source.copy) if source.copy else None, source.part]
    try:
        sheet, filled = call_limited(__name__, "write_sheet", [*about, str(copy)], memory)
    except EndedError:
        raise InputError(
            f"`{source}` is damaged, or needs more than {memory >> 30} GiB of memory to be read as a spreadsheet",
            "save it again, or as CSV",
        ) from None
    rows = "1 row" if filled == 1 else f"{filled:,} rows"
    told = (f"merged cells of `{source}` hold for all their rows: {rows} got the value of the row above",)
    return replace(source, copy=copy, part=sheet, kind="excel", notes=(*source.notes, *(told if filled else ())))


def write_sheet(path: str, name: str, copied: str | None, part: str | None, target: str) -> tuple[str, int]:
    """Write the cells of a sheet into a delimited file; returns its name, and how many rows merged cells filled.

    Called in a process of its own: a sheet of two cells far apart is a few bytes in its file, and fills the memory.

    Raises:
        InputError: see `open_sheet`.
    """
    source = Source(Path(path), name, Path(copied) if copied else None, part)
    with open_book(source) as book:
        sheet = _choose_sheet(source, book)
        with Path(target).open("w", encoding="utf-8", errors="replace", newline="") as file:
            writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
            last = 0
            for number, cells in read_cells(book, sheet):
                writer.writerows([[]] * (last > 0 and number > last + 1))  # an empty line can part two tables
                writer.writerow(cells)
                last = number
        filled = _list_filled(book, sheet)
    return sheet, len({row for row, _ in filled})


def _require_calamine(source: Source) -> None:
    if find_spec("python_calamine") is None:
        raise InputError(f"`{source}` is a spreadsheet, and the package that reads it is missing", INSTALL)


def open_book(source: Source) -> "CalamineWorkbook":
    """Open a spreadsheet.

    Raises:
        InputError: a package is missing, or the file is damaged or protected.
    """
    _require_calamine(source)
    from python_calamine import CalamineWorkbook

    try:
        return CalamineWorkbook.from_path(str(source.place))
    except Exception as error:  # the package has an error for each kind of file, and no class for all
        if "encrypt" in str(error).lower() or "password" in str(error).lower():
            raise InputError(f"`{source}` is protected by a password", "save it without one") from None
        reason = " ".join(str(error).split())
        raise InputError(f"`{source}` cannot be read as a spreadsheet: {reason}", "save it again, or as CSV") from None


def read_cells(book: "CalamineWorkbook", sheet: str, most: int | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the number, from 1, and the cells of each row with any, without the columns that are empty."""
    try:
        found = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False, nrows=most)
    except Exception as error:  # as above
        reason = " ".join(str(error).split())
        raise InputError(f"sheet `{sheet}` cannot be read: {reason}", "save it again, or as CSV") from None
    rows = [[write_value(value) for value in row] for row in found]
    for (place, column), first in _list_filled(book, sheet).items():
        if place < len(rows) and column < len(rows[place]) and not rows[place][column]:
            rows[place][column] = rows[first][column]
    width = max(map(len, rows), default=0)
    filled = [place for place in range(width) if any(row[place].strip() for row in rows)]
    for number, row in enumerate(rows, start=1):
        if any(cell.strip() for cell in row):
            yield number, [row[place] for place in filled]


def _list_filled(book: "CalamineWorkbook", sheet: str) -> dict[tuple[int, int], int]:
    """Return the row of the first cell, which has the value, for each cell below it that is merged with it."""
    try:
        merged = book.get_sheet_by_name(sheet).merged_cell_ranges or ()
    except Exception:  # as above; not every kind of file says which cells are merged
        return {}
    taller = [(top, bottom, left) for (top, left), (bottom, _) in merged if bottom > top]
    if sum(bottom - top for top, bottom, _ in taller) > _MOST_MERGED:
        raise InputError(f"sheet `{sheet}` has too many merged cells", "unmerge them, or save it as CSV")
    return {(row, left): top for top, bottom, left in taller for row in range(top + 1, bottom + 1)}


def write_value(value: Any) -> str:
    """Return a cell as a spreadsheet writes it into CSV: whole numbers without a point, dates as ISO has them."""
    if isinstance(value, str):
        return value
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        plain = value.isoformat(sep=" ")
        return plain.removesuffix(" 00:00:00")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def _choose_sheet(source: Source, book: "CalamineWorkbook") -> str:
    names = [str(sheet.name) for sheet in book.sheets_metadata if "WorkSheet" in str(sheet.typ)]  # no charts or macros
    if source.part is not None:
        if source.part in names:
            return source.part
        close = nearest(source.part, names)
        hint = f"did you mean `{source.path}{PART_MARK}{close}`?" if close else f"it has {_list(names)}"
        raise InputError(f"`{source.path}` has no sheet `{source.part}`", hint)
    filled = [name for name in names if next(read_cells(book, name, most=50), None) is not None]
    if not filled:
        raise InputError(f"`{source}` is empty", "a data file has a header and a row for each text")
    if len(filled) > 1:
        raise InputError(
            f"`{source}` has {len(filled)} sheets with cells: {_list(filled)}",
            f"name one: '{source.path}{PART_MARK}{filled[0]}'",
        )
    return filled[0]


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:12]) + (" …" if len(names) > 12 else "")
