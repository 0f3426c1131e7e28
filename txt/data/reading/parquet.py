"""Parquet, read in batches of rows; every value becomes the text that a person would write for it."""

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_string_array
from txt.data.reading.dialect import Dialect
from txt.data.reading.source import Source
from txt.errors import InputError


def read_parquet(source: Source, dialect: Dialect) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file in batches of string columns; nested values become JSON.

    Raises:
        InputError: the file is damaged.
    """
    with source.on_disk() as path:
        try:
            file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                pieces = 1 + batch.nbytes // BATCH_CHARACTERS
                size = -(-len(batch) // pieces)
                for start in range(0, len(batch), size):
                    arrays = [_convert_to_text(column) for column in batch.slice(start, size).columns]
                    yield pa.RecordBatch.from_arrays(arrays, names=list(dialect.columns))
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"`{source}` is damaged: {str(error).strip()}", "fetch or make it again") from None


def _convert_to_text(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _convert_to_text(column.dictionary_decode())
    if pa.types.is_nested(kind):
        return make_string_array(
            None if value is None else json.dumps(value, default=str) for value in column.to_pylist()
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
