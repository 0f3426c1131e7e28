"""Files of SPSS, Stata and SAS, read by pyreadstat; values have the names that the file gives them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_batch
from txt.data.reading.column_names import make_distinct
from txt.data.reading.how_read import Dialect
from txt.data.reading.source import Source
from txt.errors import InputError
from txt.extras import say_how_to_install

if TYPE_CHECKING:
    from collections.abc import Callable

INSTALL = say_how_to_install("pyreadstat")
"""What brings the package that reads these files."""

_PIECE_ROWS = 100_000  # some formats are read from their start for each piece
_SHOWN = 3
_SAS = bytes.fromhex("000000000000000000000000c2ea8160b31411cfbd92080009c7318c181f1011")
_READERS = (  # what a file of the kind begins with, the byte where that is, its name, and the function that reads it
    ((b"$FL2", b"$FL3"), 0, "SPSS", "read_sav"),
    ((b"ASCII SPSS PORT FILE",), 40, "SPSS", "read_por"),
    ((b"<stata_dta>",), 0, "Stata", "read_dta"),
    ((_SAS,), 0, "SAS", "read_sas7bdat"),
    ((b"HEADER RECORD*******LIB",), 0, "SAS", "read_xport"),
)
_OLD_STATA = range(104, 116)  # the first byte of files of Stata before version 13


def find_program(head: bytes, ending: str) -> str | None:
    """Return which program's file begins so: SPSS, Stata or SAS; None for any other file."""
    found = _find_reader(head, ending)
    return found[0] if found else None


def detect_statistics(source: Source, encoding: str | None) -> Dialect:
    """Return the columns of a file of SPSS, Stata or SAS.

    Raises:
        InputError: pyreadstat is missing, or the file is damaged.
    """
    _, about = _read(source, encoding, metadataonly=True)
    names = make_distinct([str(name) for name in about.column_names])
    named = dict(zip(about.column_names, names, strict=True))
    notes = tuple(
        f"the values of column `{named[name]}` have the names that `{source}` gives them: {_list_names(values)}"
        for name, values in about.variable_value_labels.items()
        if name in named and values
    )
    warnings = notes if len(notes) <= _SHOWN else (*notes[:_SHOWN], f"and so have {len(notes) - _SHOWN} more columns")
    return Dialect("statistics", names, source.is_compressed(), encoding or "utf-8", warnings=warnings)


def read_statistics(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows; a value with a name in the file becomes the name, and a missing value is missing.

    Raises:
        InputError: the file is damaged.
    """
    encoding = None if dialect.encoding == "utf-8" else dialect.encoding
    begin = 0
    while True:
        columns, about = _read(source, encoding, row_offset=begin, row_limit=_PIECE_ROWS)
        labels = about.variable_value_labels
        count = len(next(iter(columns.values()), ()))
        for start in range(0, count, BATCH_ROWS):
            texts = [
                [_write_value(value, labels.get(name, {})) for value in values[start : start + BATCH_ROWS]]
                for name, values in columns.items()
            ]
            yield from _cut_rows(dialect.columns, texts)
        begin += count
        if count < _PIECE_ROWS:
            return


def _cut_rows(names: Sequence[str], columns: Sequence[Sequence[str | None]]) -> Iterator[pa.RecordBatch]:
    rows = list(zip(*columns, strict=True))
    characters = sum(len(cell) for values in columns for cell in values if cell)
    size = max(-(-len(rows) // (1 + characters // BATCH_CHARACTERS)), 1)
    for start in range(0, len(rows), size):
        yield make_batch(names, rows[start : start + size])


def _find_reader(head: bytes, ending: str) -> tuple[str, str] | None:
    for beginnings, place, program, reader in _READERS:
        if head[place:].startswith(beginnings):
            return program, reader
    if ending == ".dta" and head and head[0] in _OLD_STATA:
        return "Stata", "read_dta"
    return None


def _read(source: Source, encoding: str | None, **options: Any) -> tuple[Mapping[str, Sequence[Any]], Any]:
    try:
        import pyreadstat
    except ImportError:
        program = find_program(_read_head(source), source.ending)
        raise InputError(
            f"`{source}` is a file of {program}, and the package that reads it is missing", INSTALL
        ) from None
    found = _find_reader(_read_head(source), source.ending)
    assert found is not None
    program, name = found
    read: Callable[..., tuple[Mapping[str, Sequence[Any]], Any]] = getattr(pyreadstat, name)
    if encoding is not None and name != "read_por":
        options["encoding"] = encoding
    with source.on_disk() as path:
        try:
            return read(str(path), output_format="dict", **options)
        except Exception as error:  # pyreadstat's own class is not the only one that it raises
            reason = " ".join(str(error).split())
            hint = "--encoding cp1252 reads it as Windows text" if "encod" in reason.lower() else "save it again"
            raise InputError(f"`{source}` cannot be read as a file of {program}: {reason}", hint) from None


def _read_head(source: Source) -> bytes:
    return next(source.chunks(128), b"")


def _write_value(value: Any, names: Mapping[Any, str]) -> str | None:
    if value is None or value != value:
        return None
    if not isinstance(value, list | tuple) and value in names:
        return str(names[value])
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _list_names(names: Mapping[Any, str]) -> str:
    shown = ", ".join(f"{_write_value(value, {})}={name}" for value, name in list(names.items())[:5])
    return shown + (" …" if len(names) > 5 else "")
