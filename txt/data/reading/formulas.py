"""Turns cells that a spreadsheet would run as formulas into plain text, for CSV files from untrusted sources."""

import csv
import io
from pathlib import Path
from typing import Any

from txt.data.reading.dialect import detect_dialect
from txt.data.reading.header import is_number
from txt.data.reading.source import Source, compress_output
from txt.errors import InputError
from txt.files import atomic_write
from txt.overwriting import is_made_here, note_made

_STARTS = ("=", "+", "-", "@", "\t", "\r")


def escape_formulas(path: Path) -> int:
    """Put a ' before each cell of a CSV file that begins like a formula and is not a number; return how many.

    Raises:
        InputError: the file is not CSV.
    """
    dialect = detect_dialect(path)
    if dialect.format != "csv":
        raise InputError(f"--escape-formulas is for CSV, and `{path}` is {dialect.format.upper()}", "leave it out")
    options: dict[str, Any] = dialect.csv_options()
    escaped, ours = 0, is_made_here(path)
    with (
        Source(path, str(path)).open() as file,
        atomic_write(path, "wb") as raw,
        compress_output(raw, dialect.compressed) as target,
    ):
        lines = io.TextIOWrapper(file, encoding=dialect.encoding, newline="")
        written = io.TextIOWrapper(target, encoding=dialect.encoding, newline="")
        writer = csv.writer(written, **options)
        for row in csv.reader(lines, **options):
            plain = [_escape_cell(cell) for cell in row]
            escaped += sum(one is not other for one, other in zip(row, plain, strict=True))
            writer.writerow(plain)
        written.flush()
        written.detach()
    if ours:
        note_made(path)
    return escaped


def _escape_cell(cell: str) -> str:
    """Return the cell with a ' before it where a spreadsheet would run it."""
    return f"'{cell}" if cell.startswith(_STARTS) and not is_number(cell) else cell
