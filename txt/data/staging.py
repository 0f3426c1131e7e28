"""The first pass: reads every row once and stages it on disk, so that later passes do not need the source.

Only a few bytes per row stay in memory. The staged files hold text and metadata, in the order of the sources.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from txt.config import PrepareConfig
from txt.data.arrow_arrays import FALSE, ZERO, build_numbers, build_strings
from txt.data.reading.columns import Column, Sample, find_label, find_named_column, find_row_id, find_text
from txt.data.reading.how_read import JOINT, Dialect
from txt.data.reading.indicator_columns import find_label_columns, find_levels, join_label_columns, join_levels
from txt.data.reading.roles import Roles
from txt.data.reading.split_column import NO_SPLIT, find_split, parse_split_values
from txt.data.reading.table import Table, open_table
from txt.data.row_facts import ROW, RowFacts, get_column
from txt.data.several_labels import refuse_one_hot
from txt.data.split import TEST, TRAIN, VAL, find_repeated
from txt.errors import InputError


@dataclass
class StagedRows:
    """All rows that have a text, in the sources' order: the facts about each, and the files with the rest.

    `sources` are the files read, with their checksums; `dialects` says how each was read; `columns` are theirs, in the
    order in which they came.
    """

    folder: Path
    roles: Roles
    facts: RowFacts = field(default_factory=RowFacts)
    columns: dict[str, None] = field(default_factory=dict)
    parts: list[Path] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    dialects: dict[str, Dialect] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    label_columns: tuple[str, ...] = ()  # of 0 and 1, a label each
    levels: tuple[str, ...] = ()  # of nested classes, from the top
    at_least: float | None = None  # votes in them from which a label holds
    several_given: bool = False  # whether people gave rows several labels
    people: frozenset[str] = frozenset()  # classes that were named by people, not by a file
    label_store: str | None = None  # where they keep their labels
    rows_read: int = 0
    rows_without_text: int = 0
    cut: bool = False  # whether only the beginning was read

    def metadata(self) -> list[str]:
        """Return the columns that are kept beside text, label and id."""
        roles = (self.roles.text, self.roles.label, self.roles.row_id)
        used = {role.name for role in roles if role} | {*self.label_columns, *self.levels}
        return [name for name in self.columns if name not in used]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield what was put aside, from the start; early batches may lack columns that only later rows have."""
        for part in self.parts:
            with pa.OSFile(str(part)) as file, pa.ipc.open_stream(file) as stream:
                yield from stream

    def read_texts(self, rows: Iterable[int]) -> list[str]:
        """Return the texts of some rows, which come in ascending order."""
        texts = []
        begin, batches, batch = 0, self.batches(), None
        for row in rows:
            while batch is None or row >= begin + len(batch):
                begin += 0 if batch is None else len(batch)
                batch = next(batches)
            texts.append(str(batch.column(self.roles.text.name)[row - begin]))
        return texts


class DecidedLabels(Protocol):
    """Labels that were given elsewhere, for the rows of the data file in order.

    `reading` are the options with which the file was read when they were given, by their names in PrepareConfig;
    `classes` those that people named, one a label; `several` tells whether a row may have several.
    """

    source: str
    used: int
    reading: Mapping[str, Any]
    classes: frozenset[str]
    several: bool

    def __call__(self, texts: Sequence[str | None], labels: Sequence[str | None]) -> list[str | None]:
        """Return the labels of some rows, from their texts and their labels in the file."""

    def warnings(self) -> Iterator[str]:
        """Yield warnings about the labels, once all rows have theirs."""


def stage_rows(
    path: Path | str,
    config: PrepareConfig,
    folder: Path,
    progress: Callable[[int], None],
    decided: DecidedLabels | None = None,
    most_rows: int | None = None,
) -> StagedRows:
    """Read the data file and, where given, those of `--val` and `--test`; put their rows aside in `folder`.

    `decided` gives the data file's rows their labels. At most `most_rows` of each file are read.

    Raises:
        InputError: a file cannot be read, or the columns' roles are not clear.
    """
    others = [(code, file) for code, file in ((VAL, config.val), (TEST, config.test)) if file is not None]
    if others and config.split_column not in (None, NO_SPLIT):
        raise InputError(
            "--split-column cannot be combined with --val or --test: both define the splits", "leave one of them out"
        )
    if others and config.split_values:
        raise InputError("--split-values has no effect with --val or --test", "they define the splits")
    as_before = config if decided is None else _read_as_before(config, decided.reading)
    with open_table(path, as_before) as table:
        sample = table.sample()
        columns = find_label_columns(sample, config, str(table.source), decided is not None)
        levels = find_levels(sample, config, str(table.source), decided is not None)
        staged = StagedRows(folder, _find_roles(table, sample, as_before, not others, decided, columns or levels))
        staged.label_columns, staged.levels = columns, levels
        staged.several_given = decided is not None and decided.several
        staged.facts.several = _know_several(config, staged)
        staged.at_least = config.at_least
        _add_table(staged, table, TRAIN if others else None, progress, decided, most_rows)
    if decided is not None:
        staged.warnings.extend(decided.warnings())
        staged.people, staged.label_store = decided.classes, decided.source
    for code, file in others:
        with open_table(file, config) as table:
            _require_columns(table, staged)
            _add_table(staged, table, code, progress, most_rows=most_rows)
    _settle_ids(staged)
    return staged


def _know_several(config: PrepareConfig, staged: StagedRows) -> bool | None:
    """Return whether rows may have several labels, None where that is to be found out."""
    if config.label_columns is not None or config.label_separator is not None or staged.several_given:
        return True
    return config.multi_label


def _find_roles(
    table: Table,
    sample: Sample,
    config: PrepareConfig,
    has_splits: bool,
    decided: DecidedLabels | None,
    label_columns: tuple[str, ...] = (),
) -> Roles:
    source = str(table.source)
    text = find_text(sample, table.text_column(config.text_column), source)
    if label_columns:
        sample = {name: values for name, values in sample.items() if name not in label_columns}
    elif (
        config.label_column is None
        and decided is None
        and not find_label(sample, text.name, None, source, by_content=False)
    ):
        refuse_one_hot({name: values for name, values in sample.items() if name != text.name}, source)
    # Where people gave labels, a column of few values is not guessed to hold more of them.
    label = (
        Column(JOINT.join(label_columns), f"as {'--levels' if config.levels else '--label-columns'} says")
        if label_columns
        else find_label(sample, text.name, config.label_column, source, by_content=decided is None)
    )
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
    values = parse_split_values(config.split_values)
    split = find_split(others, config.split_column, source, values) if has_splits else None
    group = find_named_column(sample, config.group_column, "--group-column", source) if config.group_column else None
    return Roles(text, label, split, group, find_row_id(others))


def _read_as_before(config: PrepareConfig, reading: Mapping[str, Any]) -> PrepareConfig:
    """Return the options with those that the labels were given under, where the user says nothing else."""
    changed = config.changed()
    return config.with_options(**{name: value for name, value in reading.items() if name not in changed})


def _require_columns(table: Table, staged: StagedRows) -> None:
    names, roles = list(table.sample()), staged.roles
    find_named_column(names, roles.text.name, "--text-column", str(table.source))
    for name in (*staged.label_columns, *staged.levels):
        flag = "--levels" if staged.levels else "--label-columns"
        find_named_column(names, name, flag, str(table.source))
    if roles.label and not staged.label_columns and not staged.levels:
        find_named_column(names, roles.label.name, "--label-column", str(table.source))


def _add_table(
    staged: StagedRows,
    table: Table,
    given: int | None,
    progress: Callable[[int], None],
    decided: DecidedLabels | None = None,
    most_rows: int | None = None,
) -> None:
    """Read a whole table, or `most_rows` of it, into `staged`; `given` is the split of all its rows, if it is one."""
    staged.sources.update(table.source.checksums())
    staged.dialects[str(table.source)] = table.dialect
    staged.warnings.extend(table.dialect.warnings)
    rows = 0
    with _AsideWriter(staged) as aside:
        batches = table.batches()
        for whole in batches:
            batch = whole if most_rows is None else whole.slice(0, most_rows - rows)
            numbers = build_numbers(np.arange(rows + 1, rows + len(batch) + 1))
            if staged.levels:
                batch = join_levels(batch, staged.levels, str(table.source), rows)
            elif staged.label_columns:
                batch = join_label_columns(batch, staged.label_columns, staged.at_least, str(table.source), rows)
            rows += len(batch)
            staged.rows_read += len(batch)
            labeled = batch if decided is None else _relabel_rows(batch, staged.roles, decided)
            kept = _keep_with_text(labeled.append_column(ROW, numbers), staged)
            if len(kept):
                staged.facts.add(kept, staged.roles, given, str(table.source))
                aside.write(kept)
            progress(staged.rows_read)
            if most_rows is not None and rows >= most_rows:
                staged.cut = len(batch) < len(whole) or next(batches, None) is not None
                break
    staged.warnings.extend(table.notes)


def _relabel_rows(batch: pa.RecordBatch, roles: Roles, decided: DecidedLabels) -> pa.RecordBatch:
    """Return the rows with the labels that were decided, in a column of their own where the file has none."""
    assert roles.label is not None
    name = roles.label.name
    known = batch.schema.get_field_index(name)
    before = batch.column(known).to_pylist() if known >= 0 else [None] * len(batch)
    labels = build_strings(decided(get_column(batch, roles.text.name).to_pylist(), before))
    return batch.set_column(known, name, labels) if known >= 0 else batch.append_column(name, labels)


def _keep_with_text(batch: pa.RecordBatch, staged: StagedRows) -> pa.RecordBatch:
    """Return the rows that have a text; the others are counted."""
    texts = get_column(batch, staged.roles.text.name)
    has_text = pc.fill_null(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(texts)), ZERO), FALSE)
    kept = batch.filter(has_text)
    staged.rows_without_text += len(batch) - len(kept)
    return kept


def _settle_ids(staged: StagedRows) -> None:
    """Name rows by number where the ids cannot name them."""
    if staged.roles.row_id is None:
        return
    repeats = len(find_repeated(np.frombuffer(staged.facts.ids, np.uint64))) > 0
    if repeats or not staged.facts.ids_complete:
        why = "has the same value in several rows" if repeats else "is empty in some rows"
        staged.warnings.append(f"column `{staged.roles.row_id.name}` {why}, so rows are named by their number")
        staged.roles = replace(staged.roles, row_id=None)


class _AsideWriter(ExitStack):
    """Writes batches to disk, in a new file whenever the columns change."""

    def __init__(self, staged: StagedRows) -> None:
        super().__init__()
        self._staged = staged
        self._writer: tuple[pa.Schema, pa.ipc.RecordBatchStreamWriter] | None = None

    def write(self, batch: pa.RecordBatch) -> None:
        if self._writer is None or self._writer[0] != batch.schema:
            self._writer = batch.schema, self._open_next_file(batch.schema)
        self._writer[1].write_batch(batch)

    def _open_next_file(self, schema: pa.Schema) -> pa.ipc.RecordBatchStreamWriter:
        self.close()
        self._staged.columns.update(dict.fromkeys(name for name in schema.names if name != ROW))
        path = self._staged.folder / f"{len(self._staged.parts)}.arrows"
        self._staged.parts.append(path)
        file = self.enter_context(path.open("wb"))
        return self.enter_context(pa.ipc.new_stream(file, schema))
