"""Cells that a spreadsheet would run as formulas, made into plain text: a CSV file from elsewhere may hold such."""

import csv
import io
from pathlib import Path
from typing import Any

from txt.data.reading.dialect import detect, is_number
from txt.data.reading.source import Source, packed
from txt.errors import InputError
from txt.files import atomic_write

_STARTS = ("=", "+", "-", "@", "\t", "\r")


def escape_formulas(path: Path) -> int:
    """Put a ' before each cell of a CSV file that begins like a formula and is no number; return how many there were.

    Raises:
        InputError: the file is not CSV.
    """
    dialect = detect(path)
    if dialect.format != "csv":
        raise InputError(f"--escape-formulas is about CSV, and `{path}` is {dialect.format.upper()}", "leave it out")
    options: dict[str, Any] = dialect.csv_options()
    escaped = 0
    with (
        Source(path, str(path)).open() as file,
        atomic_write(path, "wb") as raw,
        packed(raw, dialect.compressed) as target,
    ):
        lines = io.TextIOWrapper(file, encoding=dialect.encoding, newline="")
        written = io.TextIOWrapper(target, encoding=dialect.encoding, newline="")
        writer = csv.writer(written, **options)
        for row in csv.reader(lines, **options):
            plain = [_plain(cell) for cell in row]
            escaped += sum(one is not other for one, other in zip(row, plain, strict=True))
            writer.writerow(plain)
        written.flush()
        written.detach()
    return escaped


def _plain(cell: str) -> str:
    """Return the cell with a ' before it where a spreadsheet would run it."""
    return f"'{cell}" if cell.startswith(_STARTS) and not is_number(cell) else cell
