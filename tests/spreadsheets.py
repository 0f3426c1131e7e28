"""Excel files for tests."""

import struct
import zipfile
from collections.abc import Sequence
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


def make_binary_book(path: Path, rows: Sequence[Sequence[str | float]]) -> None:
    """Write an .xlsb with one sheet, record by record ([MS-XLSB] 2.1.4), since no package here writes one."""
    begin_book, begin_sheets, sheet, end_sheets, end_book = 0x83, 0x8F, 0x9C, 0x90, 0x84
    begin_sheet, size, begin_rows, end_rows, end_sheet = 0x81, 0x94, 0x91, 0x92, 0x82
    row, number, words = 0x00, 0x05, 0x06
    book = _pack(begin_book) + _pack(begin_sheets)
    book += _pack(sheet, struct.pack("<II", 0, 1) + _pack_words("rId1") + _pack_words("Sheet1"))
    book += _pack(end_sheets) + _pack(end_book)
    cells = _pack(begin_sheet) + _pack(size, struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1))
    cells += _pack(begin_rows)
    for place, values in enumerate(rows):
        cells += _pack(row, struct.pack("<IIHHBIII", place, 0, 300, 0, 0, 1, 0, len(values) - 1))
        for column, value in enumerate(values):
            written = _pack_words(value) if isinstance(value, str) else struct.pack("<d", value)
            cells += _pack(words if isinstance(value, str) else number, struct.pack("<II", column, 0) + written)
    cells += _pack(end_rows) + _pack(end_sheet)
    office = "http://schemas.openxmlformats.org"
    kind = f"{office}/officeDocument/2006/relationships/worksheet"
    relation = f'<Relationship Id="rId1" Type="{kind}" Target="worksheets/s.bin"/>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/worksheets/s.bin", cells)
        archive.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="{office}/package/2006/relationships">{relation}</Relationships>',
        )


def _pack(kind: int, body: bytes = b"") -> bytes:
    """Return a record: its kind and its length in groups of seven bits, and its body."""
    heads = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    length, groups = len(body), bytearray()
    while length > 0x7F:
        groups.append(length & 0x7F | 0x80)
        length >>= 7
    return heads + bytes([*groups, length]) + body


def _pack_words(text: str) -> bytes:
    written = text.encode("utf-16-le")
    return struct.pack("<I", len(written) // 2) + written
