"""The second pass: what was put aside becomes token ids, labels and metadata in the files of each split."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from tokenizers import Encoding

from txt.data.arrow_files import SplitWriter
from txt.data.prepared import METADATA, SPLITS, PreparedFile
from txt.data.split import LEFT_OUT, Codes
from txt.data.staging import ROW, Staged
from txt.data.tokenizer import TextTokenizer

Lengths = npt.NDArray[np.int64]


@dataclass
class Counts:
    """What was counted in a split: texts by their number of tokens before they are cut, tokens kept, unknown ones."""

    by_length: Lengths = field(default_factory=lambda: np.zeros(1, np.int64))
    tokens: int = 0
    unknown: int = 0

    def add(self, lengths: Lengths, token_ids: npt.NDArray[np.int32], unknown_id: int | None) -> None:
        """Count some more rows."""
        longest = max(len(self.by_length) - 1, int(lengths.max(initial=0)))
        self.by_length = np.bincount(lengths, minlength=longest + 1) + np.pad(
            self.by_length, (0, longest + 1 - len(self.by_length))
        )
        self.tokens += len(token_ids)
        self.unknown += int(np.count_nonzero(token_ids == unknown_id)) if unknown_id is not None else 0


@dataclass(frozen=True)
class Encoded:
    """The written files and what was counted, by split; and the texts that were asked for, by row."""

    files: dict[str, tuple[PreparedFile, ...]]
    counts: dict[str, Counts]
    texts: dict[int, str]


def encode(
    staged: Staged,
    codes: Codes,
    labels: npt.NDArray[np.int32],
    tokenizer: TextTokenizer,
    max_length: int,
    folder: Path,
    wanted: Iterable[int],
    progress: Callable[[int], None],
) -> Encoded:
    """Encode every row that has a split and write it to `folder`; remember the texts of the rows `wanted`.

    `codes` and `labels` are the split and the class of each row, (N,).
    """
    tokenizer.backend.enable_truncation(max_length)
    tokenizer.backend.no_padding()
    counts = {name: Counts() for name in SPLITS}
    texts = dict.fromkeys(wanted, "")
    schema = _schema(staged)
    done = 0
    with ExitStack() as stack:
        writers = {name: SplitWriter(folder, name, schema) for name in SPLITS}
        for writer in writers.values():
            stack.callback(writer.abandon)
        for batch, encodings in _encoded(staged, codes, tokenizer):
            here = slice(done, done + len(batch))
            texts |= {
                row: batch.column(staged.roles.text.name)[row - done].as_py()
                for row in texts
                if done <= row < here.stop
            }
            kept = codes[here] != LEFT_OUT
            rows = _rows(batch.filter(pa.array(kept)), encodings, labels[here][kept], schema, staged)
            lengths = _whole_lengths(encodings, max_length, tokenizer)
            for code, name in enumerate(SPLITS):
                chosen = codes[here][kept] == code
                if chosen.any():
                    part = rows if chosen.all() else rows.filter(pa.array(chosen))
                    token_ids = part.column("token_ids").flatten().to_numpy()
                    counts[name].add(lengths[chosen], token_ids, tokenizer.special.unk_token_id)
                    writers[name].write(part)
            done += len(batch)
            progress(done)
        files = {name: writer.close() for name, writer in writers.items()}
    return Encoded({name: each for name, each in files.items() if each}, counts, texts)


def _encoded(staged: Staged, codes: Codes, tokenizer: TextTokenizer) -> Iterator[tuple[pa.RecordBatch, list[Encoding]]]:
    """Yield each batch with the encodings of its kept rows; the next one is encoded meanwhile."""
    done = 0
    waiting = None
    with ThreadPoolExecutor(1) as worker:
        for batch in staged.batches():
            kept = pa.array(codes[done : done + len(batch)] != LEFT_OUT)
            texts = batch.column(staged.roles.text.name).filter(kept).to_pylist()
            following = batch, worker.submit(tokenizer.backend.encode_batch_fast, texts)
            if waiting:
                yield waiting[0], waiting[1].result()
            waiting = following
            done += len(batch)
        if waiting:
            yield waiting[0], waiting[1].result()


def _schema(staged: Staged) -> pa.Schema:
    kind = pa.string() if staged.roles.row_id else pa.int64()
    own = [("token_ids", pa.list_(pa.int32())), ("label", pa.int64()), ("text", pa.string()), ("row_id", kind)]
    return pa.schema([*own, *((METADATA + name, pa.string()) for name in staged.metadata())])


def _rows(
    batch: pa.RecordBatch,
    encodings: list[Encoding],
    labels: npt.NDArray[np.int32],
    schema: pa.Schema,
    staged: Staged,
) -> pa.RecordBatch:
    ids = [encoding.ids for encoding in encodings]
    offsets = np.zeros(len(ids) + 1, np.int32)
    np.cumsum([len(each) for each in ids], out=offsets[1:])
    flat = np.fromiter(chain.from_iterable(ids), np.int32, offsets[-1])
    named = {
        "token_ids": pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat)),
        "label": pa.array(labels, pa.int64()),
        "text": batch.column(staged.roles.text.name),
        "row_id": batch.column(staged.roles.row_id.name if staged.roles.row_id else ROW),
    }
    present = set(batch.schema.names)
    for name in staged.metadata():
        named[METADATA + name] = batch.column(name) if name in present else pa.nulls(len(batch), pa.string())
    return pa.RecordBatch.from_arrays([named[name] for name in schema.names], schema=schema)


def _whole_lengths(encodings: list[Encoding], max_length: int, tokenizer: TextTokenizer) -> Lengths:
    """Return how many tokens each text has before it is cut, special ones included, (rows,)."""
    special = tokenizer.backend.num_special_tokens_to_add(is_pair=False)
    lengths = np.fromiter(map(len, encodings), np.int64, len(encodings))
    for row in np.flatnonzero(lengths >= max_length):
        lengths[row] += sum(len(rest) - special for rest in encodings[row].overflowing)
    return lengths
