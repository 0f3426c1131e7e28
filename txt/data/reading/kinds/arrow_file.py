"""Arrow files and streams, Feather, and the folders that `datasets` saves."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.feather

from txt.data.arrow_arrays import build_strings
from txt.data.reading.arrow_cells import find_opened, plan_cells
from txt.data.reading.column_names import make_distinct
from txt.data.reading.how_read import Dialect
from txt.data.reading.kinds.limited_process import EndedError, call_limited
from txt.data.reading.parquet import cut_batch
from txt.data.reading.source import Source
from txt.errors import InputError
from txt.files import read_json, temporary_file
from txt.json_input import take_field, take_list

SPLIT = "split"
"""The column that says which split of a saved data set a row is of."""

_FEATHER_BYTES = 4 << 30  # of memory, to convert a file
_STREAM, _OLD_FEATHER = b"\xff\xff\xff\xff", b"FEA1"


def is_arrow(head: bytes) -> bool:
    """Tell whether a file begins as an Arrow file or stream, or as Feather does."""
    return head.startswith((b"ARROW1", _OLD_FEATHER)) or (head.startswith(_STREAM) and len(head) > 16)


def is_saved_dataset(folder: Path) -> bool:
    """Tell whether `save_to_disk` of `datasets` made a folder."""
    return (folder / "dataset_dict.json").is_file() or (
        (folder / "dataset_info.json").is_file() and (folder / "state.json").is_file()
    )


def detect_arrow(source: Source, asked: Sequence[str]) -> Dialect:
    """Return the columns of an Arrow file.

    Raises:
        InputError: the file is damaged.
    """
    with source.on_disk() as path, _open_batches(source, path) as (schema, batches):
        opened = find_opened(schema, partial(next, batches, None), asked)
        names = make_distinct(plan_cells(schema, opened).names)
        return Dialect("arrow", names, source.is_compressed(), paths=opened)


def read_arrow(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of an Arrow file or stream, or of Feather.

    Raises:
        InputError: the file is damaged.
    """
    with source.on_disk() as path, _open_batches(source, path) as (schema, batches):
        cells = plan_cells(schema, dialect.paths)
        for batch in batches:
            for piece in cut_batch(batch):
                yield cells.convert(piece, dialect.columns)


def detect_dataset(source: Source, asked: Sequence[str]) -> Dialect:
    """Return the columns of a folder that `datasets` saved.

    Raises:
        InputError: a part is missing or damaged, or the splits have different columns.
    """
    parts = list(_list_parts(source))
    if not parts:
        raise InputError(f"`{source}` says that `datasets` saved it, and names no file of rows", "save it again")
    found: tuple[str, ...] | None = None
    opened: tuple[str, ...] = ()
    for split, path in parts:
        with _open_batches(source, path) as (schema, batches):
            if found is None:
                opened = find_opened(schema, partial(next, batches, None), asked)
            names = make_distinct(plan_cells(schema, opened).names)
        if found is not None and names != found:
            raise InputError(
                f"the splits of `{source}` have different columns: `{split}` has {', '.join(names)}",
                f"name one of them: {source.path / split}",
            )
        found = names
    has_splits = parts[0][0] != ""
    called = _name_split_column(found or ()) if has_splits else ()
    return Dialect("dataset", (*(found or ()), *called), paths=opened)


def read_dataset(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a folder that `datasets` saved, split by split; a column says which.

    Raises:
        InputError: a part is missing or damaged.
    """
    for split, path in _list_parts(source):
        with _open_batches(source, path) as (schema, batches):
            cells = plan_cells(schema, dialect.paths)
            for batch in batches:
                for piece in cut_batch(batch):
                    rows = cells.convert(piece, dialect.columns[: len(cells.names)])
                    if split:
                        rows = rows.append_column(dialect.columns[-1], build_strings([split] * len(rows)))
                    yield rows


def _name_split_column(names: tuple[str, ...]) -> tuple[str]:
    return (SPLIT if SPLIT not in names else "dataset_split",)


def _list_parts(source: Source) -> Iterator[tuple[str, Path]]:
    """Yield the split and the path of each Arrow file of a saved data set; without splits, that is empty."""
    try:
        yield from _read_parts(source)
    except InputError as error:
        if "is damaged" in error.message:
            raise
        raise InputError(f"`{source}` is damaged: {error.message}", "save it again") from None


def _read_parts(source: Source) -> Iterator[tuple[str, Path]]:
    about = source.path / "dataset_dict.json"
    names = take_list(read_json(about), "splits", str, f"`{about}`", []) if os.path.lexists(about) else []
    for split in names or [""]:
        folder = source.path / split
        if split and (split in (".", "..") or Path(split).name != split or folder.is_symlink()):
            raise InputError(f"`{source}` is damaged: `{split}` is not one of its folders", "save it again")
        state = folder / "state.json"
        for item in take_list(read_json(state), "_data_files", dict, f"`{state}`", []):
            path = folder / Path(take_field(item, "filename", str, f"`{state}`")).name
            if path.is_symlink() or not path.is_file():
                raise InputError(f"`{source}` is damaged: `{path}` is not one of its files", "save it again")
            yield split, path


@contextmanager
def _open_batches(source: Source, path: Path) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    """Open an Arrow file, whichever kind it is; yields its schema, and its batches one after the other."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
        if head.startswith(_OLD_FEATHER):
            with _convert_old_feather(source, path) as copy, _open_batches(source, copy) as opened:
                yield opened
            return
        with pa.OSFile(str(path)) as file:
            if head.startswith(b"ARROW1"):
                reader = pa.ipc.open_file(file)
                batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
                yield reader.schema, map(_check_batch, batches)
            else:
                with pa.ipc.open_stream(file) as stream:
                    yield stream.schema, map(_check_batch, stream)
    except MemoryError:  # see `limit_memory`
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"`{source}` is damaged: {reason}", "fetch or make it again") from None


def _check_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch whose offsets lie within it: a file can say anything, and reading beyond would crash."""
    batch.validate(full=True)
    return batch


@contextmanager
def _convert_old_feather(source: Source, path: Path) -> Iterator[Path]:
    """Yield a copy in today's format. A damaged file of the first version crashes pyarrow: another process reads it."""
    with temporary_file() as copy:
        try:
            call_limited(__name__, "write_as_arrow", [str(path), str(copy)], _FEATHER_BYTES + 8 * path.stat().st_size)
        except EndedError:
            raise InputError(f"`{source}` is damaged: Feather version 1 ends the reader", "save it again") from None
        yield copy


def write_as_arrow(path: str, target: str) -> None:
    """Write a Feather file as an Arrow file.

    Raises:
        InputError: it is damaged.
    """
    try:
        table = pyarrow.feather.read_table(path)
        table.validate(full=True)
        with pa.OSFile(target, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"`{path}` is damaged: {str(error).splitlines()[0]}", "save it again") from None
