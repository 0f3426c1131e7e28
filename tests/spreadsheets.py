"""Excel files for tests."""

from pathlib import Path

import pytest


def make_book(path: Path | str, **sheets: list[tuple]) -> Path:
    """Write an .xlsx with the rows of each sheet; a test is skipped where the packages for that are not installed."""
    openpyxl = pytest.importorskip("openpyxl", reason="the package openpyxl is not installed")
    pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return Path(path)
