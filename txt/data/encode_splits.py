"""The second pass: encodes the staged rows and writes token ids, labels and metadata to the files of each split."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from txt.data.arrow_arrays import build_mask, build_numbers, read_numbers
from txt.data.prepared import METADATA, PreparedFile, describe_file
from txt.data.reading.split_column import SPLITS
from txt.data.row_facts import ROW
from txt.data.split import LEFT_OUT, LabelCodes, SplitCodes
from txt.data.staging import StagedRows
from txt.data.token_encoder import Encoder, Tokens, make_encoder
from txt.data.tokenizer import TextTokenizer

Lengths = npt.NDArray[np.int64]


@dataclass
class SplitCounts:
    """What was counted in a split: texts by their number of tokens before they are cut, tokens kept, unknown ones."""

    by_length: Lengths = field(default_factory=lambda: np.zeros(1, np.int64))
    tokens: int = 0
    unknown: int = 0

    def add(self, lengths: Lengths, token_ids: npt.NDArray[np.int32], unknown_id: int | None) -> None:
        """Count some more rows."""
        size = max(len(self.by_length), int(lengths.max(initial=0)) + 1)
        self.by_length = np.bincount(lengths, minlength=size) + np.pad(self.by_length, (0, size - len(self.by_length)))
        self.tokens += len(token_ids)
        self.unknown += int(np.count_nonzero(token_ids == unknown_id)) if unknown_id is not None else 0


@dataclass(frozen=True)
class EncodedSplits:
    """The written files and what was counted, by split."""

    files: dict[str, tuple[PreparedFile, ...]]
    counts: dict[str, SplitCounts]


def encode_rows(
    staged: StagedRows,
    codes: SplitCodes,
    labels: LabelCodes,
    tokenizer: TextTokenizer,
    max_length: int,
    folder: Path,
    progress: Callable[[int], None],
    sets: Sequence[tuple[int, ...]] | None = None,
) -> EncodedSplits:
    """Encode every row that has a split and write it to `folder`; `progress` is called with the rows done.

    `codes` and `labels` are the split and the class of each row, (N,); where rows have several labels, `labels` say
    which of `sets`.
    """
    counts = {name: SplitCounts() for name in SPLITS}
    schema = _make_schema(staged, sets is not None)
    encoder = make_encoder(tokenizer.backend, max_length)
    done = 0
    with ExitStack() as stack:
        writers = {name: SplitWriter(folder, name, schema) for name in SPLITS}
        for writer in writers.values():
            stack.callback(writer.abandon)
        for piece in _encode_batches(staged, codes, labels, encoder):
            rows = _make_rows(piece, schema, staged, sets)
            for code, name in enumerate(SPLITS):
                chosen = piece.codes == code
                if chosen.any():
                    part = rows if chosen.all() else rows.filter(build_mask(chosen))
                    token_ids = read_numbers(part.column("token_ids").flatten())
                    counts[name].add(piece.tokens.whole_lengths[chosen], token_ids, tokenizer.special.unk_token_id)
                    writers[name].write(part)
            done += piece.rows_read
            progress(done)
        files = {name: writer.close() for name, writer in writers.items()}
    return EncodedSplits({name: each for name, each in files.items() if each}, counts)


class _Piece(NamedTuple):
    """A batch of `rows_read` rows, without those that have no split; everything else is of the rows that are left."""

    rows_read: int
    batch: pa.RecordBatch
    codes: SplitCodes
    labels: LabelCodes
    tokens: Tokens


def _encode_batches(staged: StagedRows, codes: SplitCodes, labels: LabelCodes, encoder: Encoder) -> Iterator[_Piece]:
    """Yield the batches, encoded; while one is used, the next is encoded in another thread."""

    def finish_piece(batch: pa.RecordBatch, begin: int, task: "Future[Tokens]") -> _Piece:
        here = slice(begin, begin + len(batch))
        kept = codes[here] != LEFT_OUT
        return _Piece(len(batch), _filter_rows(batch, kept), codes[here][kept], labels[here][kept], task.result())

    waiting = None
    begin = 0
    with ThreadPoolExecutor(1) as worker:
        for batch in staged.batches():
            kept = codes[begin : begin + len(batch)] != LEFT_OUT
            texts = _filter_rows(batch, kept).column(staged.roles.text.name).to_pylist()
            following = batch, begin, worker.submit(encoder, texts)
            if waiting:
                yield finish_piece(*waiting)
            waiting = following
            begin += len(batch)
        if waiting:
            yield finish_piece(*waiting)


def _filter_rows(batch: pa.RecordBatch, kept: npt.NDArray[np.bool_]) -> pa.RecordBatch:
    return batch if kept.all() else batch.filter(build_mask(kept))


def _make_schema(staged: StagedRows, several: bool) -> pa.Schema:
    kind = pa.string() if staged.roles.row_id else pa.int64()
    label = ("labels", pa.list_(pa.int32())) if several else ("label", pa.int64())
    own = [("token_ids", pa.list_(pa.int32())), label, ("text", pa.string()), ("row_id", kind)]
    return pa.schema([*own, *((METADATA + name, pa.string()) for name in staged.metadata())])


def _make_rows(
    piece: _Piece, schema: pa.Schema, staged: StagedRows, sets: Sequence[tuple[int, ...]] | None
) -> pa.RecordBatch:
    batch = piece.batch
    named = {
        "token_ids": pa.ListArray.from_arrays(build_numbers(piece.tokens.offsets), build_numbers(piece.tokens.ids)),
        "text": batch.column(staged.roles.text.name),
        "row_id": batch.column(staged.roles.row_id.name if staged.roles.row_id else ROW),
    }
    if sets is None:
        named["label"] = build_numbers(piece.labels.astype(np.int64))
    else:
        lists = [None if code < 0 else list(sets[code]) for code in piece.labels.tolist()]
        named["labels"] = pa.array(lists, pa.list_(pa.int32()))
    present = set(batch.schema.names)
    for name in staged.metadata():
        named[METADATA + name] = batch.column(name) if name in present else pa.nulls(len(batch), pa.string())
    return pa.RecordBatch.from_arrays([named[name] for name in schema.names], schema=schema)


BATCH_ROWS = 8192
BATCH_BYTES = 32 << 20
FILE_ROWS = 1 << 20


class SplitWriter:
    """Takes rows in pieces of any size. `close` has to be called, and returns what was written."""

    def __init__(self, folder: Path, name: str, schema: pa.Schema, file_rows: int = FILE_ROWS) -> None:
        self._folder = folder
        self._name = name
        self._make_schema = schema
        self._file_rows = file_rows
        self._waiting: list[pa.RecordBatch] = []
        self._make_rows: list[tuple[str, int]] = []  # of each file so far
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
        return tuple(describe_file(self._folder, name, rows) for name, rows in self._make_rows)

    def abandon(self) -> None:
        """Close the files without finishing them."""
        self._stack.close()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.Table.from_batches(self._waiting, self._make_schema).combine_chunks()
        self._waiting = []
        if self._writer is None or self._make_rows[-1][1] + len(table) > self._file_rows:
            self._writer = self._open_next_file()
        for batch in table.to_batches():
            self._writer.write_batch(batch)
        name, rows = self._make_rows[-1]
        self._make_rows[-1] = name, rows + len(table)

    def _open_next_file(self) -> pa.ipc.RecordBatchFileWriter:
        self._stack.close()
        number = len(self._make_rows) + 1
        name = f"{self._name}.arrow" if number == 1 else f"{self._name}-{number}.arrow"
        self._make_rows.append((name, 0))
        file = self._stack.enter_context((self._folder / name).open("wb"))
        return self._stack.enter_context(pa.ipc.new_file(file, self._make_schema))
