"""The first pass: every row is read once and put aside on disk, so that later passes need no source.

What stays in memory is a few bytes a row. What is put aside is text and metadata, in the order of the sources.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from txt.config import PrepareConfig
from txt.data.reading.columns import Column, Roles, find_label, find_row_id, find_split, find_text, named
from txt.data.reading.table import Table, read
from txt.data.row_facts import ROW, RowFacts, column_of
from txt.data.split import TEST, TRAIN, VAL, repeated
from txt.errors import InputError
from txt.files import sha256


@dataclass
class Staged:
    """All rows that have a text, in the sources' order: what is known of each, and where the rest lies.

    `sources` are the files read, with their checksums; `columns` are theirs, in the order in which they came.
    """

    folder: Path
    roles: Roles
    facts: RowFacts = field(default_factory=RowFacts)
    columns: dict[str, None] = field(default_factory=dict)
    parts: list[Path] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_without_text: int = 0

    def metadata(self) -> list[str]:
        """Return the columns that are kept beside text, label and id."""
        roles = (self.roles.text, self.roles.label, self.roles.row_id)
        return [name for name in self.columns if name not in {role.name for role in roles if role}]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield what was put aside, from the start; early batches may lack columns that only later rows have."""
        for part in self.parts:
            with pa.OSFile(str(part)) as file, pa.ipc.open_stream(file) as stream:
                yield from stream

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


class Decided(Protocol):
    """Labels that were given elsewhere, for the rows of the data file in order."""

    source: str
    used: int

    def __call__(self, texts: Sequence[str | None], labels: Sequence[str | None]) -> list[str | None]:
        """Return the labels of some rows, from their texts and their labels in the file."""

    def warnings(self) -> Iterator[str]:
        """Yield what is odd about the labels, once all rows have theirs."""


def stage(
    path: Path | str,
    config: PrepareConfig,
    folder: Path,
    progress: Callable[[int], None],
    decided: Decided | None = None,
) -> Staged:
    """Read the data file and, where given, those of `--val` and `--test`; put their rows aside in `folder`.

    `decided` gives the data file's rows their labels.

    Raises:
        InputError: a file cannot be read, or it is not clear which column is what.
    """
    others = [(code, file) for code, file in ((VAL, config.val), (TEST, config.test)) if file is not None]
    if others and config.split_column:
        raise InputError("--split-column and --val or --test both say which rows are which", "give one of them")
    with read(path, config) as table:
        staged = Staged(folder, _roles(table, config, not others, decided))
        _add(staged, table, TRAIN if others else None, progress, decided)
    if decided is not None:
        staged.warnings.extend(decided.warnings())
    for code, file in others:
        with read(file, config) as table:
            _require_columns(table, staged.roles)
            _add(staged, table, code, progress)
    _settle_ids(staged)
    return staged


def _roles(table: Table, config: PrepareConfig, has_splits: bool, decided: Decided | None) -> Roles:
    sample, source = table.sample(), str(table.source)
    text = find_text(sample, config.text_column, source)
    label = find_label(sample, text.name, config.label_column, source)
    if decided is not None:
        why = f"from `{decided.source}`"
        label = Column("label", why) if label is None else replace(label, why=f"{label.why}, and {why}")
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


def _require_columns(table: Table, roles: Roles) -> None:
    names = list(table.sample())
    named(names, roles.text.name, "--text-column", str(table.source))
    if roles.label:
        named(names, roles.label.name, "--label-column", str(table.source))


def _add(
    staged: Staged,
    table: Table,
    given: int | None,
    progress: Callable[[int], None],
    decided: Decided | None = None,
) -> None:
    """Read a whole table into `staged`; `given` is the split of all its rows, if it is one."""
    staged.sources[str(table.source)] = sha256(table.source.path)
    staged.warnings.extend(table.dialect.warnings)
    rows = 0
    with _Aside(staged) as aside:
        for batch in table.batches():
            numbers = pa.array(np.arange(rows + 1, rows + len(batch) + 1))
            rows += len(batch)
            staged.rows_read += len(batch)
            labeled = batch if decided is None else _relabeled(batch, staged.roles, decided)
            kept = _with_text(labeled.append_column(ROW, numbers), staged)
            if len(kept):
                staged.facts.add(kept, staged.roles, given, str(table.source))
                aside.write(kept)
            progress(staged.rows_read)


def _relabeled(batch: pa.RecordBatch, roles: Roles, decided: Decided) -> pa.RecordBatch:
    """Return the rows with the labels that were decided, in a column of their own where the file has none."""
    assert roles.label is not None
    name = roles.label.name
    known = batch.schema.get_field_index(name)
    before = batch.column(known).to_pylist() if known >= 0 else [None] * len(batch)
    labels = pa.array(decided(column_of(batch, roles.text.name).to_pylist(), before), pa.string())
    return batch.set_column(known, name, labels) if known >= 0 else batch.append_column(name, labels)


def _with_text(batch: pa.RecordBatch, staged: Staged) -> pa.RecordBatch:
    """Return the rows that have a text; the others are counted."""
    texts = column_of(batch, staged.roles.text.name)
    has_text = pc.fill_null(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(texts)), 0), False)
    kept = batch.filter(has_text)
    staged.rows_without_text += len(batch) - len(kept)
    return kept


def _settle_ids(staged: Staged) -> None:
    """Name rows by number where the ids cannot name them."""
    if staged.roles.row_id is None:
        return
    repeats = len(repeated(np.frombuffer(staged.facts.ids, np.uint64))) > 0
    if repeats or not staged.facts.ids_complete:
        why = "has the same value in several rows" if repeats else "is empty in some rows"
        staged.warnings.append(f"column `{staged.roles.row_id.name}` {why}, so rows are named by their number")
        staged.roles = replace(staged.roles, row_id=None)


class _Aside(ExitStack):
    """Writes batches to disk, in a new file whenever the columns change."""

    def __init__(self, staged: Staged) -> None:
        super().__init__()
        self._staged = staged
        self._writer: tuple[pa.Schema, pa.ipc.RecordBatchStreamWriter] | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        if self._writer is None or self._writer[0] != batch.schema:
            self._writer = batch.schema, self._next_file(batch.schema)
        self._writer[1].write_batch(batch)

    def _next_file(self, schema: pa.Schema) -> pa.ipc.RecordBatchStreamWriter:
        self.close()
        self._staged.columns.update(dict.fromkeys(name for name in schema.names if name != ROW))
        path = self._staged.folder / f"{len(self._staged.parts)}.arrows"
        self._staged.parts.append(path)
        file = self.enter_context(path.open("wb"))
        return self.enter_context(pa.ipc.new_stream(file, schema))
