"""Any data file as a stream of rows: lines of text, spreadsheets, databases, folders; packed, or standard input."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from txt.config import PrepareConfig
from txt.data.arrow_arrays import build_numbers
from txt.data.reading.batches import BATCH_ROWS, make_string_array
from txt.data.reading.columns import Sample, find_named_column
from txt.data.reading.delimited import read_delimited
from txt.data.reading.dialect import detect_dialect
from txt.data.reading.expansion import ROWS_TIMES, limit_memory, refuse_expansion
from txt.data.reading.fasttext_lines import read_fasttext
from txt.data.reading.how_read import JOINT, Dialect, Guess, ReadingOptions, join_texts
from txt.data.reading.json_records import batch_records, read_json, read_jsonl, read_raw_records
from txt.data.reading.kinds.arrow_file import read_arrow, read_dataset
from txt.data.reading.kinds.several_files import detect_several, read_several
from txt.data.reading.kinds.spacy_documents import read_documents
from txt.data.reading.kinds.sqlite_table import read_sqlite
from txt.data.reading.kinds.statistics_file import read_statistics
from txt.data.reading.kinds.text_folder import read_folder
from txt.data.reading.parquet import read_parquet
from txt.data.reading.sampling import read_windows
from txt.data.reading.source import MAX_CELL, Source, read_state
from txt.data.reading.spooling import spool_source
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.data.formats.tool_tables import ToolLayout

Reader = Callable[[Source, Dialect, list[str]], Iterator[pa.RecordBatch]]
"""Yields the rows of a file; what the user should be told is known at the end, and is added to the list."""

READERS: Mapping[str, Reader] = {
    "csv": read_delimited,
    "fasttext": read_fasttext,
    "jsonl": read_jsonl,
    "json": read_json,
    "parquet": read_parquet,
    "excel": read_delimited,
    "statistics": read_statistics,
    "arrow": read_arrow,
    "dataset": read_dataset,
    "documents": read_documents,
    "sqlite": read_sqlite,
    "folder": read_folder,
    "several": lambda source, dialect, notes: read_several(source, dialect, _open_parts(dialect), notes),
}
"""The reader of each format; `source.FORMATS` says which endings mean it.

A sheet of a spreadsheet is a delimited file by then: `spool_source` made one of it.
"""

DECODED = ("parquet", "arrow", "dataset", "statistics", "documents", "sqlite")
"""Formats that a library decodes, which takes their word for how large a piece is."""

_SAMPLE_ROWS = 1000
_FURTHER_ROWS = 60  # of each batch behind the first
_SMALL_BYTES = 32 << 20  # of a file that can only be read from its start: one that takes a second or two


@dataclass(frozen=True)
class Table:
    """A data file that can be read from the start as often as needed, a batch of rows at a time.

    `joined` are columns whose texts are read as one, in a column of its own: `title,body`. `tool` says how to make rows
    of another tool's records. `notes` are what the last reading to the end found that the user should know.
    """

    source: Source
    dialect: Dialect
    joined: tuple[str, ...] = ()
    tool: "ToolLayout | None" = None
    notes: list[str] = field(default_factory=list)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield batches of string columns, values exactly as written, null where the format can say "missing".

        JSON's columns may grow from one batch to the next, as rows with new keys are met.

        Raises:
            InputError: a row cannot be read; its line is named.
        """
        rows_before = bytes_before = 0
        notes: list[str] = []
        size = self.source.size() or read_state(self.source.place)[0]
        for batch in self._read(notes):
            _refuse_huge(self.source, batch, rows_before)
            rows_before += len(batch)
            bytes_before += batch.nbytes
            refuse_expansion(str(self.source), bytes_before, size, ROWS_TIMES, "write it anew, as CSV")
            yield _join_columns(batch, self.joined) if self.joined else batch
        self.notes[:] = notes

    def _read(self, notes: list[str]) -> Iterator[pa.RecordBatch]:
        if self.tool is None:
            batches = READERS[self.dialect.format](self.source, self.dialect, notes)
            return _limit(self.source, batches) if self.dialect.format in DECODED else batches
        from txt.data.formats.tool_tables import read_tool_rows

        written = read_raw_records(self.source, self.dialect)
        return batch_records(read_tool_rows(written, self.tool, str(self.source), notes))

    def sample(self) -> Sample:
        """Return the first rows and some from all over the file, column by column.

        Raises:
            InputError: there are none.
        """
        batches = self.batches()
        batch = next(batches, None)
        if batch is None:
            seen = ", only a header" if self.dialect.columns else ""
            raise InputError(f"`{self.source}` has no rows{seen}", "a data file has a row for each text")
        columns: dict[str, list[str | None]] = batch.slice(0, _SAMPLE_ROWS).to_pydict()
        rows = batch.slice(_SAMPLE_ROWS)
        if len(rows):
            rows = _take_some(rows, _SAMPLE_ROWS)
        further = rows.to_pylist() + list(self._sample_further(batches) if len(batch) == BATCH_ROWS else ())
        size = len(next(iter(columns.values()), []))
        for row in further:
            for name in row.keys() - columns.keys():
                columns[name] = [None] * size
            for name, values in columns.items():
                values.append(row.get(name))
            size += 1
        return {str(name): values for name, values in columns.items()}

    def columns(self) -> Sequence[str]:
        """Return the names of the columns: those that the file declares, or those of the first rows of JSON.

        Raises:
            InputError: there are no rows.
        """
        return self.dialect.columns or list(self.sample())

    def _sample_further(self, batches: Iterator[pa.RecordBatch]) -> Iterator[dict[str, str | None]]:
        """Yield some rows behind the first batch: by a look at many places, or by reading on in a small file."""
        if self.dialect.format in ("csv", "jsonl") and self.tool is None and not self.dialect.compressed:
            for row in read_windows(self.source, self.dialect):
                if self.joined:
                    row[JOINT.join(self.joined)] = join_texts([row.get(name) for name in self.joined])
                yield row
        elif self.source.size() < _SMALL_BYTES:
            for batch in batches:
                yield from _take_some(batch, _FURTHER_ROWS).to_pylist()

    def text_column(self, wanted: str | None) -> str | None:
        """Return the column that holds what the user wanted for the text: the joined one of several."""
        return JOINT.join(self.joined) if self.joined else wanted

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
        yield make_table(source, ReadingOptions.of(config))


def make_table(source: Source, options: ReadingOptions) -> Table:
    """Return a data file as a table, read as the options say and as its content shows.

    Raises:
        InputError: see `detect_dialect`; or one of several text columns does not exist.
    """
    dialect = _detect(source, options)
    if (tool := _find_tool(source, dialect, options)) is not None:
        guess = Guess("records", f"those of {tool.spoken}", "they have its fields", None)
        return Table(source, replace(dialect, paths=(), guesses=(*dialect.guesses, guess)), tool=tool)
    return Table(source, dialect, find_joined(Table(source, dialect), options.text_column))


def _detect(source: Source, options: ReadingOptions) -> Dialect:
    """Return how a file is read, or how each of several is."""
    if not source.members:
        return detect_dialect(source, options=options)
    found = detect_several(source, [Table(member, _detect(member, options)) for member in source.members])
    return replace(found, warnings=(*source.notes, *found.warnings))


def _open_parts(dialect: Dialect) -> list[Table]:
    return [Table(member, how) for member, how in dialect.parts]


def _find_tool(source: Source, dialect: Dialect, options: ReadingOptions) -> "ToolLayout | None":
    """Return how to make rows of the records of another tool, None for a table of plain values."""
    if dialect.format not in ("json", "jsonl") or (dialect.records and not dialect.records.startswith("key:")):
        return None
    from txt.data.formats.tool_tables import find_tool_layout

    written = read_raw_records(source, dialect)
    return find_tool_layout(written, str(source), options.text_column, options.label_column)


def find_joined(table: Table, text_column: str | None) -> tuple[str, ...]:
    """Return the columns that `--text-column title,body` names, none where it names one.

    Raises:
        InputError: one of them does not exist.
    """
    if text_column is None or JOINT not in text_column:
        return ()
    names = list(table.sample())
    if text_column in names:
        return ()
    parts = [part.strip() for part in text_column.split(JOINT)]
    return tuple(find_named_column(names, part, "--text-column", str(table.source)).name for part in parts)


def _take_some(batch: pa.RecordBatch, count: int) -> pa.RecordBatch:
    """Return about so many rows, spread over a batch."""
    return batch.take(build_numbers(np.arange(0, len(batch), 1 + len(batch) // count)))


def _join_columns(batch: pa.RecordBatch, names: tuple[str, ...]) -> pa.RecordBatch:
    """Return the rows with the texts of several columns as one; a column that JSON rows lack is missing."""
    columns = [batch.column(name).to_pylist() for name in names if name in batch.schema.names]
    texts = [join_texts(parts) for parts in zip(*columns, strict=True)] if columns else [""] * len(batch)
    return batch.append_column(JOINT.join(names), make_string_array(texts))


def _limit(source: Source, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches, each of which may take only so much memory while it is made."""
    while True:
        with limit_memory(str(source), source.size()):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch


def _refuse_huge(source: Source, batch: pa.RecordBatch, rows_before: int) -> None:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        longest = pc.max(pc.binary_length(column)).as_py() or 0
        if longest > MAX_CELL:
            row = rows_before + pc.index(pc.greater(pc.binary_length(column), MAX_CELL), True).as_py() + 1
            raise InputError(
                f"row {row} of `{source}` has {longest:,} bytes in column `{name}`; at most {MAX_CELL:,} are read",
                "cut that text into smaller ones",
            )
