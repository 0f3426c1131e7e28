"""Parquet, read in batches of rows; every value becomes the text that a person would write for it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from txt.data.reading.arrow_cells import plan_cells
from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS
from txt.data.reading.how_read import Dialect
from txt.data.reading.source import Source
from txt.errors import InputError

_PIECE_BYTES = 64 << 20


@contextmanager
def explain_damage(name: object) -> Iterator[None]:
    """Turn what pyarrow raises about a file that is not whole into one clear line.

    Raises:
        InputError: the file is damaged.
    """
    try:
        yield
    except MemoryError:  # see `limit_memory`
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"`{name}` is damaged: {' '.join(str(error).split())}", "fetch or make it again") from None


def read_parquet(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file in batches of string columns; lists become JSON, opened structs columns.

    Raises:
        InputError: the file is damaged.
    """
    with source.on_disk() as path, explain_damage(source):
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
        cells = plan_cells(file.schema_arrow, dialect.paths)
        for batch in file.iter_batches(batch_size=_choose_rows(file.metadata)):
            for piece in cut_batch(batch):
                yield cells.convert(piece, dialect.columns)


def _choose_rows(about: pq.FileMetaData) -> int:
    """Return how many rows are decoded at once: fewer of long texts, as far as the file says how long they are."""
    whole: int = sum(about.row_group(place).total_byte_size for place in range(about.num_row_groups))
    return max(64, min(BATCH_ROWS, _PIECE_BYTES * int(about.num_rows) // max(whole, 1)))


def cut_batch(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in pieces, none of which holds many more characters or rows than fit the budget of a batch."""
    pieces = max(1 + batch.nbytes // BATCH_CHARACTERS, -(-len(batch) // BATCH_ROWS))
    size = max(-(-len(batch) // pieces), 1)
    for start in range(0, len(batch), size):
        yield batch.slice(start, size)
