"""Writes the Arrow files of a split: batches of a good size, a new file every million rows, a checksum of each."""

from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from txt.data.prepared import PreparedFile, describe_file

BATCH_ROWS = 8192
BATCH_BYTES = 32 << 20
FILE_ROWS = 1 << 20


class SplitWriter:
    """Takes rows in pieces of any size. `close` has to be called, and returns what was written."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema, file_rows: int = FILE_ROWS) -> None:
        self._folder = folder
        self._name = name
        self._schema = schema
        self._file_rows = file_rows
        self._waiting: list[pa.RecordBatch] = []
        self._rows: list[tuple[str, int]] = []  # of each file so far
        self._stack = ExitStack()
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def write(self, rows: pa.RecordBatch) -> None:
        """Add rows; they reach the disk as soon as there are enough for a batch."""
        if not len(rows):
            return
        self._waiting.append(rows)
        waiting_rows = sum(map(len, self._waiting))
        if waiting_rows >= BATCH_ROWS or sum(batch.nbytes for batch in self._waiting) >= BATCH_BYTES:
            self._flush()

    def close(self) -> tuple[PreparedFile, ...]:
        """Write what is left, and return the files."""
        self._flush()
        self._stack.close()
        return tuple(describe_file(self._folder, name, rows) for name, rows in self._rows)

    def abandon(self) -> None:
        """Close the files without finishing them."""
        self._stack.close()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.Table.from_batches(self._waiting, self._schema).combine_chunks()
        self._waiting = []
        if self._writer is None or self._rows[-1][1] + len(table) > self._file_rows:
            self._writer = self._next_file()
        for batch in table.to_batches():
            self._writer.write_batch(batch)
        name, rows = self._rows[-1]
        self._rows[-1] = name, rows + len(table)

    def _next_file(self) -> pa.ipc.RecordBatchFileWriter:
        self._stack.close()
        number = len(self._rows) + 1
        name = f"{self._name}.arrow" if number == 1 else f"{self._name}-{number}.arrow"
        self._rows.append((name, 0))
        file = self._stack.enter_context((self._folder / name).open("wb"))
        return self._stack.enter_context(pa.ipc.new_file(file, self._schema))
