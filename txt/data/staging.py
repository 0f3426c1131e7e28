"""The first pass: every row is read once, hashed, and put aside on disk, so that later passes need no source.

What stays in memory is a few bytes a row. What is put aside is text and metadata, in the order of the sources.
"""

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from txt.config import PrepareConfig
from txt.data.columns import SPLIT_NAMES, Roles, Sample, find_label, find_row_id, find_split, find_text, named
from txt.data.split import LEFT_OUT, TEST, TRAIN, UNLABELED, VAL, repeated
from txt.data.table import Table, read
from txt.errors import InputError
from txt.files import sha256

ROW = "\0row"
"""Name of the put-aside column with each row's number in its source, from 1; no source has a column so named."""

_MOST_LABELS = 10_000
_SAMPLE_ROWS = 1000
_SPLIT_CODES = {"train": TRAIN, "val": VAL, "test": TEST, "unlabeled": UNLABELED}
_COPY, _ORIGIN = "augmented", "source_id"  # the columns that augmentation adds
_TRUE = frozenset({"true", "1", "yes"})


@dataclass
class Staged:
    """All rows that have a text, in the sources' order: what is known of each, (N,), and where the rest lies.

    `labels` are places in `label_names`, -1 for none; `given` is the split that the source names, LEFT_OUT for none.
    `groups` and `origins` are hashes that are equal for rows that belong together, `copies` is 1 for augmented rows,
    `ids` are hashes of the ids; these are empty where no column says so.
    """

    folder: Path
    roles: Roles
    texts: "array[int]" = field(default_factory=lambda: array("Q"))
    labels: "array[int]" = field(default_factory=lambda: array("i"))
    given: "array[int]" = field(default_factory=lambda: array("b"))
    groups: "array[int]" = field(default_factory=lambda: array("Q"))
    origins: "array[int]" = field(default_factory=lambda: array("Q"))
    copies: "array[int]" = field(default_factory=lambda: array("b"))
    ids: "array[int]" = field(default_factory=lambda: array("Q"))
    label_names: dict[str, int] = field(default_factory=dict)
    columns: dict[str, None] = field(default_factory=dict)
    parts: list[Path] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_without_text: int = 0
    text_bytes: int = 0
    ids_complete: bool = True

    def __len__(self) -> int:
        return len(self.texts)

    def metadata(self) -> list[str]:
        """Return the columns that are kept beside text, label and id."""
        roles = (self.roles.text, self.roles.label, self.roles.row_id)
        return [name for name in self.columns if name not in {role.name for role in roles if role}]

    def texts_of(self, rows: Iterable[int]) -> list[str]:
        """Return the texts of some rows, which come in ascending order."""
        texts = []
        begin, batches, batch = 0, self.batches(), None
        for row in rows:
            while batch is None or row >= begin + len(batch):
                begin += 0 if batch is None else len(batch)
                batch = next(batches)
            texts.append(str(batch.column(self.roles.text.name)[row - begin]))
        return texts

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield what was put aside, from the start; early batches may lack columns that only later rows have."""
        for part in self.parts:
            with pa.OSFile(str(part)) as file, pa.ipc.open_stream(file) as stream:
                yield from stream


def stage(path: Path | str, config: PrepareConfig, folder: Path, progress: Callable[[int], None]) -> Staged:
    """Read the data file and, where given, those of `--val` and `--test`; put their rows aside in `folder`.

    Raises:
        InputError: a file cannot be read, or it is not clear which column is what.
    """
    others = [(code, file) for code, file in ((VAL, config.val), (TEST, config.test)) if file is not None]
    if others and config.split_column:
        raise InputError("--split-column and --val or --test both say which rows are which", "give one of them")
    with read(path, config) as table:
        staged = Staged(folder, _roles(table, config, has_splits=not others))
        _add(staged, table, TRAIN if others else None, progress)
    for code, file in others:
        with read(file, config) as table:
            _require_columns(table, staged.roles)
            _add(staged, table, code, progress)
    _settle_ids(staged)
    return staged


def _roles(table: Table, config: PrepareConfig, has_splits: bool) -> Roles:
    sample, source = _sample(table), str(table.source)
    text = find_text(sample, config.text_column, source)
    label = find_label(sample, text.name, config.label_column, source)
    if label is None:
        raise InputError(
            f"no column of `{source}` looks like a label",
            f"name it with --label-column, or label texts first: txt label {source}",
        )
    if label.name == text.name:
        raise InputError(f"column `{text.name}` cannot be both text and label", "name another with --label-column")
    others = {name: values for name, values in sample.items() if name not in (text.name, label.name)}
    split = find_split(others, config.split_column, source) if has_splits else None
    group = named(sample, config.group_column, "--group-column", source) if config.group_column else None
    return Roles(text, label, split, group, find_row_id(others))


def _sample(table: Table) -> Sample:
    batch = next(table.batches(), None)
    if batch is None:
        seen = ", only a header" if table.dialect.columns else ""
        raise InputError(f"`{table.source}` has no rows{seen}", "a data file has a row for each text")
    return {str(name): values for name, values in batch.slice(0, _SAMPLE_ROWS).to_pydict().items()}


def _require_columns(table: Table, roles: Roles) -> None:
    names = list(_sample(table))
    named(names, roles.text.name, "--text-column", str(table.source))
    if roles.label:
        named(names, roles.label.name, "--label-column", str(table.source))


def _add(staged: Staged, table: Table, given: int | None, progress: Callable[[int], None]) -> None:
    """Read a whole table into `staged`; `given` is the split of all its rows, if it is one."""
    staged.sources[str(table.source)] = sha256(table.source.path)
    staged.warnings.extend(table.dialect.warnings)
    aside = _Aside(staged)
    rows = 0
    try:
        for batch in table.batches():
            numbers = pa.array(np.arange(rows + 1, rows + len(batch) + 1))
            rows += len(batch)
            staged.rows_read += len(batch)
            kept = _with_text(batch.append_column(ROW, numbers), staged)
            if len(kept):
                _note(staged, kept, given, str(table.source))
                aside.write(kept)
            progress(staged.rows_read)
    finally:
        aside.close()


def _with_text(batch: pa.RecordBatch, staged: Staged) -> pa.RecordBatch:
    """Return the rows that have a text; the others are counted."""
    texts = _column(batch, staged.roles.text.name)
    has_text = pc.fill_null(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(texts)), 0), False)
    kept = batch.filter(has_text)
    staged.rows_without_text += len(batch) - len(kept)
    return kept


def _note(staged: Staged, batch: pa.RecordBatch, given: int | None, source: str) -> None:
    """Remember what the split needs to know of each row."""
    roles = staged.roles
    texts = _column(batch, roles.text.name).cast(pa.binary()).to_pylist()
    staged.text_bytes += sum(map(len, texts))
    hashes = _hashes(texts)
    staged.texts.frombytes(hashes.tobytes())
    labels = _label_codes(staged, _column(batch, roles.label.name), source) if roles.label else None
    if labels is not None:
        staged.labels.frombytes(labels.tobytes())
    codes = np.full(len(batch), LEFT_OUT if given is None else given, np.int8)
    if roles.split:
        codes = _split_codes(_column(batch, roles.split.name), roles.split.name, source)
        _refuse_gap(batch, codes, labels, roles.split.name, source)
    staged.given.frombytes(codes.tobytes())
    if roles.group:
        staged.groups.frombytes(_keys(_column(batch, roles.group.name), hashes).tobytes())
    if roles.row_id:
        ids = _column(batch, roles.row_id.name)
        staged.ids_complete &= pc.all(pc.fill_null(pc.not_equal(ids, ""), False)).as_py()
        staged.ids.frombytes(_keys(ids, hashes).tobytes())
    if _ORIGIN in batch.schema.names or staged.origins:
        own = np.frombuffer(staged.ids if roles.row_id else staged.texts, np.uint64)
        staged.origins.frombytes(own[len(staged.origins) : -len(batch)].tobytes())  # rows before the column came
        staged.copies.frombytes(bytes(len(staged.origins) - len(staged.copies)))
        staged.origins.frombytes(_keys(_column(batch, _ORIGIN), own[-len(batch) :]).tobytes())
        staged.copies.frombytes(_are_copies(batch).tobytes())


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column; JSON rows may all lack it."""
    place = batch.schema.get_field_index(name)
    return batch.column(place) if place >= 0 else pa.nulls(len(batch), pa.string())


def _hashes(values: Sequence[bytes]) -> npt.NDArray[np.uint64]:
    """Return 64 bits for each value, the same on every machine."""
    digests = b"".join(hashlib.blake2b(value, digest_size=8).digest() for value in values)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def _keys(column: pa.Array, missing: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return a hash of each cell, and that of `missing` where the cell is empty."""
    cells = column.cast(pa.binary()).fill_null(b"").to_pylist()
    return np.where(np.fromiter(map(bool, cells), bool, len(cells)), _hashes(cells), missing)


def _label_codes(staged: Staged, column: pa.Array, source: str) -> npt.NDArray[np.int32]:
    def code(label: str | None) -> int:
        if label is None or not label.strip():
            return -1
        return staged.label_names.setdefault(label, len(staged.label_names))

    codes = _by_value(column, code, np.int32)
    if len(staged.label_names) > _MOST_LABELS:
        name = staged.roles.label.name if staged.roles.label else ""
        raise InputError(
            f"column `{name}` of `{source}` has more than {_MOST_LABELS:,} different values, too many for a label",
            "name another column with --label-column",
        )
    return codes


def _split_codes(column: pa.Array, name: str, source: str) -> npt.NDArray[np.int8]:
    def code(split: str | None) -> int:
        if split is None or not split.strip():
            return LEFT_OUT
        known = SPLIT_NAMES.get(split.strip().lower())
        if known is None:
            raise InputError(
                f"column `{name}` of `{source}` has the value `{split}`, which names no split",
                f"it may hold {', '.join(SPLIT_NAMES)}",
            )
        return _SPLIT_CODES[known]

    return _by_value(column, code, np.int8)


def _refuse_gap(
    batch: pa.RecordBatch, codes: npt.NDArray[np.int8], labels: npt.NDArray[np.int32] | None, name: str, source: str
) -> None:
    """Refuse a row with a label that the split column says nothing about."""
    labeled = np.zeros(len(codes), bool) if labels is None else labels >= 0
    gaps = np.flatnonzero((codes == LEFT_OUT) & labeled)
    if len(gaps):
        raise InputError(
            f"column `{name}` of `{source}` is empty in row {batch.column(ROW)[int(gaps[0])]}",
            "every row with a label needs train, val or test there",
        )


def _by_value(column: pa.Array, code: Callable[[str | None], int], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return a code for each cell, asking once for each different value."""
    encoded = column.dictionary_encode(null_encoding="encode")
    codes = np.asarray([code(value) for value in encoded.dictionary.to_pylist()], kind)
    return np.asarray(codes[encoded.indices.to_numpy()])


def _are_copies(batch: pa.RecordBatch) -> npt.NDArray[np.int8]:
    """Return 1 for each row that augmentation made; without its column, all rows with an origin are."""
    if _COPY in batch.schema.names:
        return _by_value(_column(batch, _COPY), lambda value: (value or "").strip().lower() in _TRUE, np.int8)
    return _by_value(_column(batch, _ORIGIN), bool, np.int8)


def _settle_ids(staged: Staged) -> None:
    """Name rows by number where the ids cannot name them."""
    if staged.roles.row_id is None:
        return
    repeats = len(repeated(np.frombuffer(staged.ids, np.uint64))) > 0
    if repeats or not staged.ids_complete:
        why = "has the same value in several rows" if repeats else "is empty in some rows"
        staged.warnings.append(f"column `{staged.roles.row_id.name}` {why}, so rows are named by their number")
        staged.roles = replace(staged.roles, row_id=None)
    staged.ids = array("Q")


class _Aside:
    """Writes batches to disk, in a new file whenever the columns change."""

    def __init__(self, staged: Staged) -> None:
        self._staged = staged
        self._stack = ExitStack()
        self._writer: tuple[pa.Schema, pa.ipc.RecordBatchStreamWriter] | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        if self._writer is None or self._writer[0] != batch.schema:
            self._writer = batch.schema, self._next_file(batch.schema)
        self._writer[1].write_batch(batch)

    def close(self) -> None:
        self._stack.close()

    def _next_file(self, schema: pa.Schema) -> pa.ipc.RecordBatchStreamWriter:
        self.close()
        self._staged.columns.update(dict.fromkeys(name for name in schema.names if name != ROW))
        path = self._staged.folder / f"{len(self._staged.parts)}.arrows"
        self._staged.parts.append(path)
        file = self._stack.enter_context(path.open("wb"))
        return self._stack.enter_context(pa.ipc.new_stream(file, schema))
