"""Any data file as a stream of rows: lines of text, spreadsheets, databases, folders; packed, or standard input."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from txt.config import PrepareConfig
from txt.data.reading.columns import Sample
from txt.data.reading.delimited import read_delimited
from txt.data.reading.dialect import Dialect, detect_dialect
from txt.data.reading.json_records import read_json, read_jsonl
from txt.data.reading.kinds.arrow_file import read_arrow, read_dataset
from txt.data.reading.kinds.several_files import read_several
from txt.data.reading.kinds.sqlite_table import read_sqlite
from txt.data.reading.kinds.statistics_file import read_statistics
from txt.data.reading.kinds.text_folder import read_folder
from txt.data.reading.parquet import read_parquet
from txt.data.reading.source import MAX_CELL, Source, spool_source
from txt.errors import InputError

Reader = Callable[[Source, Dialect], Iterator[pa.RecordBatch]]

READERS: Mapping[str, Reader] = {
    "csv": read_delimited,
    "jsonl": read_jsonl,
    "json": read_json,
    "parquet": read_parquet,
    "excel": read_delimited,
    "statistics": read_statistics,
    "arrow": read_arrow,
    "dataset": read_dataset,
    "sqlite": read_sqlite,
    "folder": read_folder,
    "several": read_several,
}
"""The reader of each format; `source.FORMATS` says which endings mean it.

A sheet of a spreadsheet is a delimited file by then: `spool_source` made one of it.
"""

_SAMPLE_ROWS = 1000


@dataclass(frozen=True)
class Table:
    """A data file that can be read from the start as often as needed, a batch of rows at a time."""

    source: Source
    dialect: Dialect

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield batches of string columns, values exactly as written, null where the format can say "missing".

        JSON's columns may grow from one batch to the next, as rows with new keys are met.

        Raises:
            InputError: a row cannot be read; its line is named.
        """
        rows_before = 0
        for batch in READERS[self.dialect.format](self.source, self.dialect):
            _refuse_huge(self.source, batch, rows_before)
            rows_before += len(batch)
            yield batch

    def sample(self) -> Sample:
        """Return the first rows, column by column.

        Raises:
            InputError: there are none.
        """
        batch = next(self.batches(), None)
        if batch is None:
            seen = ", only a header" if self.dialect.columns else ""
            raise InputError(f"`{self.source}` has no rows{seen}", "a data file has a row for each text")
        return {str(name): values for name, values in batch.slice(0, _SAMPLE_ROWS).to_pydict().items()}

    def rows(self) -> Iterator[dict[str, str | None]]:
        """Yield each row by column name."""
        for batch in self.batches():
            yield from batch.to_pylist()


@contextmanager
def open_table(path: Path | str, config: PrepareConfig) -> Iterator[Table]:
    """Open a data file, or standard input as `-`, after detecting its dialect.

    Raises:
        InputError: see `detect_dialect`.
    """
    with spool_source(path) as source:
        yield Table(source, detect_dialect(source, config.encoding, config.delimiter))


def _refuse_huge(source: Source, batch: pa.RecordBatch, rows_before: int) -> None:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        longest = pc.max(pc.binary_length(column)).as_py() or 0
        if longest > MAX_CELL:
            row = rows_before + pc.index(pc.greater(pc.binary_length(column), MAX_CELL), True).as_py() + 1
            raise InputError(
                f"row {row} of `{source}` has {longest:,} bytes in column `{name}`; at most {MAX_CELL:,} are read",
                "cut that text into smaller ones",
            )
