"""The labeled rows of a data file, to evaluate a model on that was trained on others."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from txt.arrays import Ints
from txt.config import PrepareConfig
from txt.data.label_kinds import LabelForm, LabelSets
from txt.data.labels import LabelRules, find_form, name_classes, name_label_sets, parse_missing, read_number
from txt.data.prepared import Prepared
from txt.data.reading.columns import Column, Sample, find_label, find_row_id, find_text
from txt.data.reading.how_read import JOINT
from txt.data.reading.indicator_columns import join_label_columns, join_levels
from txt.data.reading.split_column import SplitColumn, find_split, parse_split_values, refuse_unknown_split
from txt.data.reading.table import Table, open_table
from txt.data.token_encoder import TokenRows, make_encoder, open_tokenizer
from txt.errors import InputError, nearest
from txt.files import read_json
from txt.model.model_config import ModelConfig
from txt.runs.folder import Run

ALL = "all"
"""The split's name for a file that has no splits."""

_SHOWN_LABELS = 5


UNKNOWN_LABELS = ("error", "wrong", "skip")
"""What becomes of rows whose label the model does not have: the file is refused, they are wrong, or left out."""


@dataclass(frozen=True)
class ModelInputs:
    """What a model takes: its classes in the order of their ids, its tokenizer, and the columns it was trained on."""

    labels: tuple[str, ...]
    tokenizer: Tokenizer
    max_length: int
    columns: Mapping[str, Any]
    has_several: bool = False
    form: LabelForm = LabelForm()  # noqa: RUF009
    label_form: Mapping[str, Any] | None = None
    config: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_prepared(cls, prepared: Prepared) -> "ModelInputs":
        """Return those of the data that the model was trained on."""
        manifest = prepared.manifest
        return cls(
            prepared.labels,
            prepared.tokenizer(),
            manifest.max_length,
            manifest.columns,
            manifest.has_several,
            manifest.form,
            manifest.label_form,
            manifest.config,
        )

    @classmethod
    def of_run(cls, run: Run) -> "ModelInputs":
        """Return those of a run's model, from the run alone.

        Raises:
            InputError: it has no model, or one that does not say its classes.
        """
        config = ModelConfig(read_json(run.model / "config.json"))
        settings = run.model / "tokenizer_config.json"
        most = read_json(settings).get("model_max_length") if settings.is_file() else None
        length = int(most) if isinstance(most, int) else 512
        tokenizer = open_tokenizer(run.model / "tokenizer.json")
        tokenizer.enable_truncation(length)
        tokenizer.no_padding()
        columns = run.record().get("columns")
        return cls(tuple(config.id2label.values()), tokenizer, length, columns if isinstance(columns, dict) else {})


@dataclass(frozen=True)
class LabeledFile(TokenRows):
    """Rows with text and label, encoded by a run's tokenizer; offers what a split of prepared data offers.

    `name` is that of the file's split that these are, or ALL. `left_out` counts the rows that are not here, by the
    reason. `unknown` are the labels that the model does not have, which are numbered after its own. `notes` tell what
    was done to labels. `label_sets` are the labels of each row where the model gives several; `labels` are empty then.
    """

    name: str
    labels: Ints
    texts: list[str]
    row_ids: list[str | int]
    metadata: dict[str, list[str]]
    left_out: dict[str, int]
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
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


def read_labeled(
    path: Path, model: ModelInputs, split: str | None, config: PrepareConfig, unknown_labels: str = "error"
) -> LabeledFile:
    """Read the labeled rows of a data file and encode them as the model's own were.

    Args:
        path: a data file in any format that `txt prepare` reads.
        model: its tokenizer and classes, and the columns that it was trained on.
        split: which rows, where the file has a column that says so; by default those of test, or all without one.
        config: options that settle the columns, encoding and delimiter.
        unknown_labels: one of UNKNOWN_LABELS.

    Raises:
        InputError: the file cannot be read, lacks a column, has no labeled row, or has labels that the model lacks.
    """
    if split not in (None, ALL):
        refuse_unknown_split(split)
    with open_table(path, _join_as_trained(model, config)) as table:
        columns = _find_columns(table, model, config)
        if columns.split is None and split not in (None, ALL):
            raise InputError(
                f"`{path}` has no column that says which rows are {split}", "leave --split out to take all rows"
            )
        wanted = ALL if columns.split is None else split or "test"
        rows = _read_rows(table, columns, wanted, model)
    if model.has_several:
        return _make_sets(rows, wanted, model, config, path, columns.label)
    classes = _name_labels(rows.labels, model.labels, config, path, columns.label)
    _leave_out_unlabeled(rows, classes)
    if not rows.texts:
        raise InputError(f"`{path}` has no labeled rows to evaluate on", _explain_left_out(rows, wanted))
    numbered = _number_labels(rows.labels, classes, model.labels)
    if unknown_labels == "error":
        _refuse_unknown(rows.labels, numbered, model.labels, path)
    notes = [f"{numbered.describe_spellings()}"] if numbered.spellings else []
    labels, unknown = numbered.labels, numbered.unknown
    if unknown and unknown_labels == "skip":
        kept = labels < len(model.labels)
        rows.left_out[f"with a label that the model does not know ({_list_labels(unknown)})"] += int((~kept).sum())
        _keep(rows, kept.tolist())
        labels, unknown = labels[kept], ()
        if not rows.texts:
            raise InputError(f"`{path}` has no row with a label that the model knows", _list_known(model.labels))
    elif unknown:
        wrong = int((labels >= len(model.labels)).sum())
        notes.append(
            f"{_count_rows(wrong)} with a label that the model does not know count as wrong: {_list_labels(unknown)}"
        )
    tokens = make_encoder(model.tokenizer, model.max_length)(rows.texts)
    empty = int((tokens.lengths <= len(model.tokenizer.encode("").ids)).sum())
    if empty:
        notes.append(f"{_count_rows(empty)} with a text of which the tokenizer leaves nothing: the answer is a guess")
    return LabeledFile(
        tokens.ids,
        tokens.offsets,
        wanted,
        labels,
        rows.texts,
        rows.row_ids,
        rows.metadata,
        dict(rows.left_out),
        unknown,
        tuple(notes),
    )


def _find_columns(table: Table, model: ModelInputs, config: PrepareConfig) -> _Columns:
    """Find the columns: by option, else by the names they had in training, else by name and content."""
    sample, source = table.sample(), str(table.source)
    trained_on = model.columns
    text = find_text(
        sample, table.text_column(config.text_column) or _known_column(trained_on, "text", sample), source
    ).name
    parts = _find_parts(sample, model, config)
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


def _find_parts(sample: Sample, model: ModelInputs, config: PrepareConfig) -> tuple[str, ...]:
    """Return the columns that the label was made of in training, where this file has them all."""
    listed = (model.label_form or {}).get("columns") or []
    levels = str(model.config.get("levels") or "")
    parts = tuple(map(str, listed)) or tuple(part.strip() for part in levels.split(JOINT) if part.strip())
    return parts if config.label_column is None and parts and all(part in sample for part in parts) else ()


def _iterate_rows(table: Table, columns: _Columns, model: ModelInputs) -> Iterator[dict[str, str | None]]:
    """Yield each row by column name, with a label where it is made of several columns."""
    source, before = str(table.source), 0
    at_least = model.config.get("at_least")
    for batch in table.batches():
        size = len(batch)
        if columns.parts and model.has_several:
            batch = join_label_columns(batch, columns.parts, at_least, source, before)
        elif columns.parts:
            batch = join_levels(batch, columns.parts, source, before)
        before += size
        yield from batch.to_pylist()


def _make_sets(
    rows: _LabeledRows, wanted: str, model: ModelInputs, config: PrepareConfig, path: Path, column: str
) -> LabeledFile:
    """Return rows with several labels each, as the model numbers them."""
    rules = LabelRules(str(path), column, parse_missing(config.missing), people=frozenset(model.labels))
    written = Counter(rows.labels)
    trained = model.form
    found = find_form(written, rules, wanted=True)
    form = trained if found is None or not found[1] else found[0]
    naming = name_label_sets(written, form, rules)
    _leave_out_unlabeled(rows, dict.fromkeys(naming.sets_of, ""))
    if not rows.texts:
        raise InputError(f"`{path}` has no labeled rows to evaluate on", _explain_left_out(rows, wanted))
    known = {name: number for number, name in enumerate(model.labels)}
    names = [[naming.names[label] for label in naming.sets_of[cell]] for cell in rows.labels]
    unknown = Counter(name for each in names for name in each if name not in known)
    if unknown:
        raise InputError(
            f"{_count_rows(unknown.total())} of `{path}` with a label that the model does not know: "
            f"{_list_labels(list(unknown))}",
            _suggest_known_labels(unknown, model.labels),
        )
    tokens = make_encoder(model.tokenizer, model.max_length)(rows.texts)
    return LabeledFile(
        tokens.ids,
        tokens.offsets,
        wanted,
        np.empty(0, np.int64),
        rows.texts,
        rows.row_ids,
        rows.metadata,
        dict(rows.left_out),
        label_sets=LabelSets.of([[known[name] for name in each] for each in names]),
    )


def _join_as_trained(model: ModelInputs, config: PrepareConfig) -> PrepareConfig:
    """Return the options with the several text columns that the model was trained on, unless others are named."""
    trained = (model.columns.get("text") or {}).get("name", "")
    return config.with_options(text_column=trained) if config.text_column is None and JOINT in trained else config


def _known_column(trained_on: Mapping[str, Any], role: str, sample: Sample) -> str | None:
    column = trained_on.get(role)
    return column["name"] if column and column["name"] in sample else None


def _column_name(column: Column | None) -> str | None:
    return column.name if column else None


def _read_rows(table: Table, columns: _Columns, wanted: str, model: ModelInputs) -> _LabeledRows:
    rows = _LabeledRows()
    for number, row in enumerate(_iterate_rows(table, columns, model), start=1):
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
        _keep(rows, kept)


def _keep(rows: _LabeledRows, kept: list[bool]) -> None:
    rows.texts, rows.labels = list(compress(rows.texts, kept)), list(compress(rows.labels, kept))
    rows.row_ids = list(compress(rows.row_ids, kept))
    rows.metadata = {name: list(compress(values, kept)) for name, values in rows.metadata.items()}


@dataclass(frozen=True)
class _NumberedLabels:
    """Class numbers (N,); `unknown` labels come after the model's own. `spellings` were taken for classes."""

    labels: Ints
    unknown: tuple[str, ...]
    spellings: dict[str, str]

    def describe_spellings(self) -> str:
        """Say which labels were taken for which classes, though they are written otherwise."""
        shown = [f"`{label}` for `{name}`" for label, name in list(self.spellings.items())[:_SHOWN_LABELS]]
        more = " …" if len(self.spellings) > _SHOWN_LABELS else ""
        return f"labels that differ from a class by case and spaces alone were taken for it: {', '.join(shown)}{more}"


def _number_labels(written: Sequence[str], classes: Mapping[str, str], names: Sequence[str]) -> _NumberedLabels:
    """Return the number of each written label among the model's classes.

    `1.0` may stand for `1`; a label that differs from one class alone by case and spaces stands for it.
    """
    known = {name: number for number, name in enumerate(names)}
    by_value = {value: number for name, number in known.items() if (value := read_number(name)) is not None}
    by_fold: dict[str, list[int]] = {}
    for name, number in known.items():
        by_fold.setdefault(_fold(name), []).append(number)
    number_of: dict[str, int] = {}
    spellings: dict[str, str] = {}
    unknown: dict[str, int] = {}
    for label, name in classes.items():
        same = by_value.get(value, -1) if (value := read_number(name)) is not None else -1
        found = known.get(label, known.get(name, same))
        alike = by_fold.get(_fold(name), [])
        if found < 0 and len(alike) == 1:
            found, spellings[label] = alike[0], names[alike[0]]
        if found < 0:
            found = len(names) + unknown.setdefault(name, len(unknown))
        number_of[label] = found
    return _NumberedLabels(np.array([number_of[label] for label in written], np.int64), tuple(unknown), spellings)


def _fold(label: str) -> str:
    return " ".join(label.casefold().split())


def _refuse_unknown(written: Sequence[str], numbered: _NumberedLabels, names: Sequence[str], path: Path) -> None:
    places = np.flatnonzero(numbered.labels >= len(names))
    unknown = Counter(written[place] for place in places.tolist())
    if not unknown:
        return
    more = " …" if len(unknown) > _SHOWN_LABELS else ""
    shown = ", ".join(f"`{label}`" for label, _ in unknown.most_common(_SHOWN_LABELS)) + more
    raise InputError(
        f"{_count_rows(unknown.total())} of `{path}` with a label that the model does not know: {shown}",
        f"{_suggest_known_labels(unknown, names)}; --unknown-labels wrong counts them as wrong, skip leaves them out",
    )


def _count_rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _list_labels(labels: Sequence[str]) -> str:
    more = " …" if len(labels) > _SHOWN_LABELS else ""
    return ", ".join(f"`{label}`" for label in labels[:_SHOWN_LABELS]) + more


def _suggest_known_labels(unknown: Counter[str], names: Sequence[str]) -> str:
    close = nearest(next(iter(unknown)), names)
    return _list_known(names) + (f"; did you mean `{close}`?" if close else "")


def _list_known(names: Sequence[str]) -> str:
    return "it knows " + ", ".join(f"`{name}`" for name in names[:10]) + (" …" if len(names) > 10 else "")


def _explain_left_out(rows: _LabeledRows, wanted: str) -> str:
    reasons = ", ".join(f"{count:,} are {reason}" for reason, count in rows.left_out.items())
    return f"of its rows {reasons}" + ("" if wanted == ALL else f"; --split names another than {wanted}")
