"""The labeled rows of a data file, to evaluate a model on that was trained on others."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np

from txt.config import PrepareConfig
from txt.data.label_kinds import LabelSets
from txt.data.labels import LabelRules, find_form, name_classes, name_label_sets, parse_missing, read_number
from txt.data.prepared import Prepared
from txt.data.reading.columns import Column, Sample, find_label, find_row_id, find_text
from txt.data.reading.how_read import JOINT
from txt.data.reading.indicator_columns import join_label_columns, join_levels
from txt.data.reading.split_column import SplitColumn, find_split, parse_split_values, refuse_unknown_split
from txt.data.reading.table import Table, open_table
from txt.data.token_encoder import TokenRows, make_encoder
from txt.errors import InputError, nearest
from txt.metrics import Ints

ALL = "all"
"""The split's name for a file that has no splits."""

_SHOWN_LABELS = 5


@dataclass(frozen=True)
class LabeledFile(TokenRows):
    """Rows with text and label, encoded by a run's tokenizer; offers what a split of prepared data offers.

    `name` is that of the file's split that these are, or ALL. `left_out` counts the rows that are not here, by the
    reason. `label_sets` are the labels of each row where the model gives several; `labels` are empty then.
    """

    name: str
    labels: Ints
    texts: list[str]
    row_ids: list[str | int]
    metadata: dict[str, list[str]]
    left_out: dict[str, int]
    label_sets: LabelSets | None = None


@dataclass
class _LabeledRows:
    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    row_ids: list[str | int] = field(default_factory=list)
    metadata: dict[str, list[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Columns:
    text: str
    label: str
    split: SplitColumn | None
    row_id: str | None
    parts: tuple[str, ...] = ()  # columns of 0 and 1, or levels, that the label is made of

    @property
    def roles(self) -> set[str | None]:
        return {self.text, self.label, _column_name(self.split), self.row_id, *self.parts}


def read_labeled(path: Path, prepared: Prepared, split: str | None, config: PrepareConfig) -> LabeledFile:
    """Read the labeled rows of a data file and encode them as `prepared` was.

    Args:
        path: a data file in any format that `txt prepare` reads.
        prepared: the data that the model was trained on, with its tokenizer and classes.
        split: which rows, where the file has a column that says so; by default those of test, or all without one.
        config: options that settle the columns, encoding and delimiter.

    Raises:
        InputError: the file cannot be read, lacks a column, has no labeled row, or has labels that the model lacks.
    """
    if split not in (None, ALL):
        refuse_unknown_split(split)
    with open_table(path, _join_as_trained(prepared, config)) as table:
        columns = _find_columns(table, prepared, config)
        if columns.split is None and split not in (None, ALL):
            raise InputError(
                f"`{path}` has no column that says which rows are {split}", "leave --split out to take all rows"
            )
        wanted = ALL if columns.split is None else split or "test"
        rows = _read_rows(table, columns, wanted, prepared)
    if prepared.manifest.has_several:
        return _make_sets(rows, wanted, prepared, config, path, columns.label)
    classes = _name_labels(rows.labels, prepared.labels, config, path, columns.label)
    _leave_out_unlabeled(rows, classes)
    if not rows.texts:
        raise InputError(f"`{path}` has no labeled rows to evaluate on", _explain_left_out(rows, wanted))
    labels = _number_labels(rows.labels, classes, prepared.labels, path)
    tokens = make_encoder(prepared.tokenizer(), prepared.manifest.max_length)(rows.texts)
    return LabeledFile(
        tokens.ids, tokens.offsets, wanted, labels, rows.texts, rows.row_ids, rows.metadata, dict(rows.left_out)
    )


def _find_columns(table: Table, prepared: Prepared, config: PrepareConfig) -> _Columns:
    """Find the columns: by option, else by the names they had in training, else by name and content."""
    sample, source = table.sample(), str(table.source)
    trained_on: dict[str, Any] = prepared.manifest.columns
    text = find_text(
        sample, table.text_column(config.text_column) or _known_column(trained_on, "text", sample), source
    ).name
    parts = _find_parts(sample, prepared, config)
    if parts:
        others = {name: values for name, values in sample.items() if name not in (text, *parts)}
        split = find_split(others, config.split_column, source, parse_split_values(config.split_values))
        return _Columns(text, JOINT.join(parts), split, _column_name(find_row_id(others)), parts)
    label = find_label(sample, text, config.label_column or _known_column(trained_on, "label", sample), source)
    if label is None:
        raise InputError(f"no column of `{source}` looks like a label", "name it with --label-column")
    others = {name: values for name, values in sample.items() if name not in (text, label.name)}
    split = find_split(others, config.split_column, source, parse_split_values(config.split_values))
    return _Columns(text, label.name, split, _column_name(find_row_id(others)))


def _find_parts(sample: Sample, prepared: Prepared, config: PrepareConfig) -> tuple[str, ...]:
    """Return the columns that the label was made of in training, where this file has them all."""
    trained = prepared.manifest
    listed = (trained.label_form or {}).get("columns") or []
    levels = str(trained.config.get("levels") or "")
    parts = tuple(map(str, listed)) or tuple(part.strip() for part in levels.split(JOINT) if part.strip())
    return parts if config.label_column is None and parts and all(part in sample for part in parts) else ()


def _iterate_rows(table: Table, columns: _Columns, prepared: Prepared) -> Iterator[dict[str, str | None]]:
    """Yield each row by column name, with a label where it is made of several columns."""
    source, before = str(table.source), 0
    at_least = prepared.manifest.config.get("at_least")
    for batch in table.batches():
        size = len(batch)
        if columns.parts and prepared.manifest.has_several:
            batch = join_label_columns(batch, columns.parts, at_least, source, before)
        elif columns.parts:
            batch = join_levels(batch, columns.parts, source, before)
        before += size
        yield from batch.to_pylist()


def _make_sets(
    rows: _LabeledRows, wanted: str, prepared: Prepared, config: PrepareConfig, path: Path, column: str
) -> LabeledFile:
    """Return rows with several labels each, as the model numbers them."""
    rules = LabelRules(str(path), column, parse_missing(config.missing), people=frozenset(prepared.labels))
    written = Counter(rows.labels)
    trained = prepared.manifest.form
    found = find_form(written, rules, wanted=True)
    form = trained if found is None or not found[1] else found[0]
    naming = name_label_sets(written, form, rules)
    _leave_out_unlabeled(rows, dict.fromkeys(naming.sets_of, ""))
    if not rows.texts:
        raise InputError(f"`{path}` has no labeled rows to evaluate on", _explain_left_out(rows, wanted))
    known = {name: number for number, name in enumerate(prepared.labels)}
    names = [[naming.names[label] for label in naming.sets_of[cell]] for cell in rows.labels]
    unknown = Counter(name for each in names for name in each if name not in known)
    if unknown:
        raise InputError(_describe_unknown_labels(unknown, path), _suggest_known_labels(unknown, prepared.labels))
    tokens = make_encoder(prepared.tokenizer(), prepared.manifest.max_length)(rows.texts)
    return LabeledFile(
        tokens.ids,
        tokens.offsets,
        wanted,
        np.empty(0, np.int64),
        rows.texts,
        rows.row_ids,
        rows.metadata,
        dict(rows.left_out),
        LabelSets.of([[known[name] for name in each] for each in names]),
    )


def _join_as_trained(prepared: Prepared, config: PrepareConfig) -> PrepareConfig:
    """Return the options with the several text columns that the model was trained on, unless others are named."""
    trained = (prepared.manifest.columns.get("text") or {}).get("name", "")
    return config.with_options(text_column=trained) if config.text_column is None and JOINT in trained else config


def _known_column(trained_on: dict[str, Any], role: str, sample: Sample) -> str | None:
    column = trained_on.get(role)
    return column["name"] if column and column["name"] in sample else None


def _column_name(column: Column | None) -> str | None:
    return column.name if column else None


def _read_rows(table: Table, columns: _Columns, wanted: str, prepared: Prepared) -> _LabeledRows:
    rows = _LabeledRows()
    for number, row in enumerate(_iterate_rows(table, columns, prepared), start=1):
        text, label = row.get(columns.text) or "", row.get(columns.label) or ""
        if columns.split and columns.split.parse(row.get(columns.split.name)) != wanted:
            rows.left_out["of another split"] += 1
        elif not text.strip():
            rows.left_out["without text"] += 1
        elif not label.strip():
            rows.left_out["without label"] += 1
        else:
            _add_row(rows, row, columns, number)
    return rows


def _add_row(rows: _LabeledRows, row: dict[str, str | None], columns: _Columns, number: int) -> None:
    earlier = len(rows.texts)
    rows.texts.append(row[columns.text] or "")
    rows.labels.append(row[columns.label] or "")
    rows.row_ids.append((row.get(columns.row_id) if columns.row_id else None) or number)
    for name in row.keys() - columns.roles:
        rows.metadata.setdefault(name, [""] * earlier)
    for name, values in rows.metadata.items():
        values.append(row.get(name) or "")


def _name_labels(
    written: Sequence[str], names: Sequence[str], config: PrepareConfig, path: Path, column: str
) -> dict[str, str]:
    """Return the class that each written label means, without those that mean no label; see `name_classes`."""
    rules = LabelRules(str(path), column, parse_missing(config.missing), people=frozenset(names))
    naming = name_classes(Counter(written), rules)
    return {label: naming.names[place] for label, place in naming.class_of.items()}


def _leave_out_unlabeled(rows: _LabeledRows, classes: Mapping[str, str]) -> None:
    """Take out the rows whose label is a mark of a missing one."""
    kept = [label in classes for label in rows.labels]
    if not all(kept):
        rows.left_out["without label"] += kept.count(False)
        rows.texts, rows.labels = list(compress(rows.texts, kept)), list(compress(rows.labels, kept))
        rows.row_ids = list(compress(rows.row_ids, kept))
        rows.metadata = {name: list(compress(values, kept)) for name, values in rows.metadata.items()}


def _number_labels(written: Sequence[str], classes: Mapping[str, str], names: Sequence[str], path: Path) -> Ints:
    """Return the number of each written label among the model's classes; `1.0` may stand for `1`."""
    known = {name: number for number, name in enumerate(names)}
    by_value = {value: number for name, number in known.items() if (value := read_number(name)) is not None}
    number_of = {}
    for label, name in classes.items():
        same = by_value.get(value, -1) if (value := read_number(name)) is not None else -1
        number_of[label] = known.get(label, known.get(name, same))
    unknown = Counter(label for label in written if number_of[label] < 0)
    if unknown:
        raise InputError(_describe_unknown_labels(unknown, path), _suggest_known_labels(unknown, names))
    return np.array([number_of[label] for label in written], np.int64)


def _describe_unknown_labels(unknown: Counter[str], path: Path) -> str:
    shown = ", ".join(f"`{label}`" for label, _ in unknown.most_common(_SHOWN_LABELS))
    more = " …" if len(unknown) > _SHOWN_LABELS else ""
    rows = "1 row" if unknown.total() == 1 else f"{unknown.total():,} rows"
    return f"{rows} of `{path}` with a label that the model does not know: {shown}{more}"


def _suggest_known_labels(unknown: Counter[str], names: Sequence[str]) -> str:
    close = nearest(next(iter(unknown)), names)
    listed = ", ".join(f"`{name}`" for name in names[:10]) + (" …" if len(names) > 10 else "")
    return f"it knows {listed}" + (f"; did you mean `{close}`?" if close else "")


def _explain_left_out(rows: _LabeledRows, wanted: str) -> str:
    reasons = ", ".join(f"{count:,} are {reason}" for reason, count in rows.left_out.items())
    return f"of its rows {reasons}" + ("" if wanted == ALL else f"; --split names another than {wanted}")
