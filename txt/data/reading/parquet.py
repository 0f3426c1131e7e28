"""Parquet, read in batches of rows; every value becomes the text that a person would write for it."""

import json
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_string_array
from txt.data.reading.how_read import Dialect
from txt.data.reading.source import Source
from txt.errors import InputError

_SHORT = {16: np.float16, 32: np.float32}


def read_parquet(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file in batches of string columns; nested values become JSON, the numbers of a
    hub's ClassLabel its names.

    Raises:
        InputError: the file is damaged.
    """
    with source.on_disk() as path:
        try:
            file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
            names = find_class_names(file.schema_arrow)
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                pieces = 1 + batch.nbytes // BATCH_CHARACTERS
                size = -(-len(batch) // pieces)
                for start in range(0, len(batch), size):
                    columns = _open_structs(batch.slice(start, size), dialect.paths)
                    arrays = [
                        _name_classes(column, names[name]) if name in names else _convert_to_text(column)
                        for name, column in columns
                    ]
                    yield pa.RecordBatch.from_arrays(arrays, names=list(dialect.columns))
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"`{source}` is damaged: {error}", "fetch or make it again") from None


def is_text_type(kind: pa.DataType) -> bool:
    """Tell whether a type holds texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def find_class_names(schema: pa.Schema) -> Mapping[str, list[str]]:
    """Return the names of the classes by column, as the `datasets` library stores them beside a table."""
    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        named = {name: each["names"] for name, each in features.items() if each.get("_type") == "ClassLabel"}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {
        name: names
        for name, names in named.items()
        if isinstance(names, list) and name in schema.names and pa.types.is_integer(schema.field(name).type)
    }


def _name_classes(column: pa.Array, names: list[str]) -> pa.Array:
    """Return the names of classes; -1 is how the library writes a row without one."""
    return make_string_array(
        None if value is None or value < 0 else str(names[value]) if value < len(names) else str(value)
        for value in column.to_pylist()
    )


def _open_structs(batch: pa.RecordBatch, opened: tuple[str, ...]) -> Iterator[tuple[str, pa.Array]]:
    """Yield the columns with their names, those of opened structs one by one."""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        yield from _open_struct(name, column) if name in opened else ((name, column),)


def _open_struct(name: str, column: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    for field, values in zip(column.type, column.flatten(), strict=True):
        yield f"{name}.{field.name}", values


def _convert_to_text(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _convert_to_text(column.dictionary_decode())
    if pa.types.is_nested(kind):
        return make_string_array(
            None if value is None else json.dumps(value, default=str) for value in column.to_pylist()
        )
    if pa.types.is_float16(kind) or pa.types.is_float32(kind):  # as few digits as tell it from its neighbours
        return make_string_array(
            None if value is None or value != value else str(_SHORT[kind.bit_width](value))
            for value in column.to_pylist()
        )
    if pa.types.is_floating(kind):
        return make_string_array(
            None if value is None or value != value else repr(value) for value in column.to_pylist()
        )
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return make_string_array(
            None if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()
        )
    return pc.cast(column, pa.string())
