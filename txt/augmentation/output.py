"""Writes the output line by line to a file beside it, so that work can resume; moves it into place at the end."""

import csv
import gzip
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from txt.augmentation.survey import ADDED
from txt.data.reading.batches import BATCH_ROWS, make_batch
from txt.data.reading.how_read import Dialect
from txt.data.reading.source import Source, compress_output
from txt.errors import InputError
from txt.files import atomic_write
from txt.json_input import load_json
from txt.overwriting import is_changed_since, note_made

Encode = Callable[[Sequence[Mapping[str, Any]]], bytes]


def refuse_loss(out: Path, source: Source, force: bool) -> None:
    """Refuse to write over the data, a folder, or a file that was not made here.

    Raises:
        InputError: it must not be written.
    """
    if out.is_dir():
        raise InputError(f"`{out}` is a directory", f"-o {out / 'augmented.csv'}")
    same = source.find_same(out)
    if same is not None:
        raise InputError(
            f"the output cannot take the data file's place: `{same.name}`",
            f"-o {same.stem}.augmented{same.suffix}",
        )
    if out.exists() and not force and not _was_made_here(out):
        raise InputError(f"`{out}` exists, and txt augment did not make it", "--force replaces it")
    if not force and is_changed_since(out):
        raise InputError(f"`{out}` has changed since txt augment made it", "--force replaces it, -o names another file")


def make_line_encoder(kind: str, columns: Sequence[str], dialect: Dialect, out: Path) -> tuple[bytes, Encode]:
    """Return what the file begins with, and a function that turns rows into its lines.

    CSV keeps the delimiter, line end and Unicode encoding of the data; all else is UTF-8.
    """
    if kind != "csv":
        return b"", _encode_json_lines
    codec = dialect.encoding if dialect.encoding.startswith("utf") else "utf-8"
    mark, codec = (
        ("\ufeff".encode(codec.removesuffix("-sig")), codec.removesuffix("-sig"))
        if codec == "utf-8-sig"
        else (b"", codec)
    )
    if codec in ("utf-16", "utf-32"):
        codec += "-le"
        mark = "\ufeff".encode(codec)
    tabs = ".tsv" in out.suffixes or ".tab" in out.suffixes
    delimiter = "\t" if tabs else (dialect.delimiter or ",") if dialect.format == "csv" else ","
    line_end = dialect.line_end if dialect.format == "csv" else "\n"

    def lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(
            text,
            delimiter=delimiter,
            lineterminator=line_end,
            quoting=csv.QUOTE_ALL if delimiter == " " else csv.QUOTE_MINIMAL,  # quotes show that spaces are delimiters
        )
        writer.writerows([_format_cell(row.get(name)) for name in columns] for row in rows)
        return text.getvalue().encode(codec, "surrogatepass")

    return mark + lines([{name: name for name in columns}]), lines


def finish(part: Path, out: Path, kind: str, columns: Sequence[str], types: pa.Schema | None) -> None:
    """Put the finished lines in their place, in the form that the output's name asks for."""
    compressed = out.suffix.lower() == ".gz"
    if kind in ("csv", "jsonl") and not compressed:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.chmod(part, out.stat().st_mode & 0o777 if out.exists() else part.stat().st_mode & 0o777)
        os.replace(part, out)
        note_made(out)
        return
    with atomic_write(out, "wb") as raw, compress_output(raw, compressed) as target:
        if kind == "parquet":
            _write_parquet(part, target, columns, types)
        elif kind == "json":
            _write_array(part, target)
        else:
            with part.open("rb") as lines:
                shutil.copyfileobj(lines, target)
    part.unlink()
    note_made(out)


def _was_made_here(out: Path) -> bool:
    opened = gzip.open if out.suffix.lower() == ".gz" else open
    try:
        if out.suffix.lower() in (".parquet", ".pq"):
            return set(ADDED) <= set(pq.read_schema(out).names)
        with opened(out, "rb") as file:
            head = file.read(1 << 16).replace(b"\0", b"")  # UTF-16 has a NUL in every letter
    except (OSError, EOFError, pa.ArrowException, UnicodeDecodeError):
        return False
    return all(name.encode() in head for name in ADDED) or not head


def _format_cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _encode_json_lines(rows: Sequence[Mapping[str, Any]]) -> bytes:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return lines.encode("utf-8", "replace")


def _write_array(part: Path, target: IO[bytes]) -> None:
    target.write(b"[")
    with part.open("rb") as lines:
        for number, line in enumerate(lines):
            target.write((b"," if number else b"") + b"\n" + line.rstrip(b"\n"))
    target.write(b"\n]\n")


def _write_parquet(part: Path, target: IO[bytes], columns: Sequence[str], types: pa.Schema | None) -> None:
    writer: pq.ParquetWriter | None = None
    for rows in _read_batches(part):
        batch = _restore_types(
            make_batch(columns, [[_format_optional(row.get(name)) for name in columns] for row in rows]), types
        )
        writer = writer or pq.ParquetWriter(target, batch.schema)
        writer.write_batch(batch)
    if writer is not None:
        writer.close()


def _read_batches(part: Path) -> Iterator[list[dict[str, Any]]]:
    with part.open("rb") as lines:
        while rows := [load_json(line) for line in islice(lines, BATCH_ROWS)]:
            yield rows


def _format_optional(value: Any) -> str | None:
    return None if value is None else _format_cell(value)


def _restore_types(batch: pa.RecordBatch, types: pa.Schema | None) -> pa.RecordBatch:
    """Return the columns of a Parquet source in the types that they had there, where a text can be converted back."""
    if types is None:
        return batch
    arrays, fields = [], []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        kind = types.field(name).type if name in types.names else pa.string()
        plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        arrays.append(_cast_back(column, kind) if plain else column)
        fields.append(pa.field(name, arrays[-1].type))
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _cast_back(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return a column in the type that it had; the names of classes, which were numbers, stay names."""
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        return column
