"""Exports labels to the formats of other tools, and imports them."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from txt.data.formats.catalog import FORMATS, count_losses
from txt.data.formats.record import LabelRecord, LabelTask
from txt.data.formats.table import write_cells
from txt.data.reading.open_rows import OpenRows
from txt.data.reading.rows import read_records as data_records
from txt.data.reading.source import is_read_from
from txt.errors import InputError, TxtError
from txt.files import atomic_write
from txt.labeling.answers import Propose, RowAnswer, answers, propose_nothing
from txt.labeling.row_states import FROM_FILE, RowStates
from txt.labeling.store.decision import BY_MACHINES, SEPARATOR, Decision, DecisionKind, How, now, row_id
from txt.labeling.store.journal import Journal


@dataclass
class ExportResult:
    """How many rows were written and labeled, and what the format could not hold, by how many rows had it."""

    rows: int = 0
    labeled: int = 0
    losses: Counter[str] = field(default_factory=Counter)


@dataclass
class ImportResult:
    """Counts of an import: rows taken, equal already, different here and kept, without a label, and not in the data."""

    taken: int = 0
    same: int = 0
    kept: int = 0
    unlabeled: int = 0
    unmatched: int = 0
    new_classes: list[str] = field(default_factory=list)


def export_as(
    name: str,
    rows: OpenRows,
    states: RowStates,
    journal: Journal,
    task: LabelTask,
    target: Path,
    *,
    overwrite: bool = False,
    propose: Propose = propose_nothing,
) -> ExportResult:
    """Write all rows to `target` in one of FORMATS, whole or not at all; undecided rows get what `propose` says.

    Raises:
        InputError: `target` exists, or the labels cannot be written in this format at all.
        TxtError: the data file is still being read.
    """
    if not rows.index.complete:
        raise TxtError(f"`{rows.path}` is still being read", "export in a moment")
    if target.exists() and is_read_from(rows.path, target):
        raise InputError(
            f"the export cannot take the data file's place: `{rows.path.name}`",
            f"--export {rows.path.stem}.labeled.csv",
        )
    if target.exists() and not overwrite:
        raise InputError(f"`{target}` exists", "--overwrite replaces it")
    done, form = ExportResult(), FORMATS[name]
    found = _count_rows(_make_records(rows, answers(states, journal, propose), task), done)
    with atomic_write(target, "wb") as file:
        form.write(file, count_losses(found, form, done.losses), task)
    return done


def _make_records(rows: OpenRows, found: Iterator[RowAnswer], task: LabelTask) -> Iterator[LabelRecord]:
    form = rows.form
    text = form.columns.index(form.text_column)
    others = [(place, name) for place, name in enumerate(form.columns) if place != text]
    for (_, _, cells), answer in zip(data_records(rows.path, form), found, strict=True):
        label = answer.label
        labels = () if not label else tuple(label.split(SEPARATOR)) if task.multi_label else (label,)
        columns = {name: cells[place] for place, name in others}
        about = (answer.status, answer.by, answer.time, answer.how, answer.confidence, answer.flagged, answer.note)
        yield LabelRecord(cells[text], labels, *about, columns)


def _count_rows(found: Iterator[LabelRecord], done: ExportResult) -> Iterator[LabelRecord]:
    for record in found:
        done.rows += 1
        done.labeled += record.status == "labeled"
        yield record


def find_classes(records: Sequence[LabelRecord]) -> list[str]:
    """Return the classes of records, in the order in which they come."""
    return list(dict.fromkeys(label for record in records for label in record.labels))


def write_data(records: Sequence[LabelRecord], target: Path) -> None:
    """Make a data file of the texts and the other columns of an import.

    Raises:
        InputError: it is not named `.csv`.
    """
    if target.suffix != ".csv":
        raise InputError(f"`{target}` does not exist, and is made as CSV only", f"{target.with_suffix('.csv')}")
    names = list(dict.fromkeys(name for record in records for name in record.columns))
    rows = ([record.text, *(record.columns.get(name, "") for name in names)] for record in records)
    with atomic_write(target, "wb") as file:
        write_cells(file, ["text", *(name if name != "text" else "text_" for name in names)], rows)


def import_labels(
    records: Sequence[LabelRecord],
    states: RowStates,
    journal: Journal,
    task: LabelTask,
    annotator: str,
    *,
    overwrite: bool = False,
) -> ImportResult:
    """Take the labels of records into the store, for the rows with the same texts; all of it, or nothing.

    A decision that is there already stays, unless `overwrite`; only what rules and models said gives way. Who labeled
    and when stay as they are; where that is not known, `annotator` and now stand there.

    Raises:
        InputError: a record has several labels, and rows have one here.
        NotSavedError: the store could not take it.
    """
    refuse_several(records, task.multi_label)
    done, act = ImportResult(), journal.new_act()
    done.new_classes = [name for name in find_classes(records) if name not in task.classes]
    classes = [*task.classes, *done.new_classes]
    decisions: list[Decision] = []
    for record, name, row in _match_rows(records, states):
        if row < 0:
            done.unmatched += 1
        elif _is_wanted(record := _read_answer(record, task), states, row, classes, overwrite, done):
            decisions += _make_decisions(record, name, act, classes, annotator)
    with journal.transaction():
        settings = {"classes": json.dumps(classes, ensure_ascii=False), "multi_label": json.dumps(task.multi_label)}
        journal.set_settings(**settings)
        journal.append(decisions)
    return done


def refuse_several(records: Sequence[LabelRecord], multi_label: bool) -> None:
    """Refuse records with several labels unless rows may have several.

    Raises:
        InputError: there is one.
    """
    several = next((record for record in records if len(record.labels) > 1), None)
    if several is not None and not multi_label:
        raise InputError(f"a row has several labels: {', '.join(several.labels)}", "--multi-label allows that")


def _match_rows(records: Sequence[LabelRecord], states: RowStates) -> Iterator[tuple[LabelRecord, str, int]]:
    """Yield each record with the name and the number of its row, -1 where the data has none."""
    seen: Counter[str] = Counter()
    names = []
    for record in records:
        names.append(row_id(record.text, seen[record.text]))
        seen[record.text] += 1
    yield from zip(records, names, states.find_rows(names).tolist(), strict=True)


def _read_answer(record: LabelRecord, task: LabelTask) -> LabelRecord:
    """Return the record; an answer without a class is none where rows have one label."""
    empty = record.status == "labeled" and not record.labels and not task.multi_label
    return replace(record, status="unlabeled") if empty else record


def _is_wanted(
    record: LabelRecord, states: RowStates, row: int, classes: Sequence[str], overwrite: bool, done: ImportResult
) -> bool:
    """Tell whether a record's answer is to be taken, and count what becomes of it; notes and flags always are."""
    if record.status == "unlabeled":
        done.unlabeled += 1
        return bool(record.note or record.flagged)
    skipped, label = states.is_skipped(row), states.label(row)
    if (skipped and record.status == "skipped") or (label is not None and label == _join_classes(record, classes)):
        done.same += 1
        return False
    if states.decided[row] and states.how(row) not in BY_MACHINES and not overwrite:
        done.kept += 1
        return False
    done.taken += 1
    return True


def _join_classes(record: LabelRecord, classes: Sequence[str]) -> str:
    return SEPARATOR.join(name for name in classes if name in record.labels)


def _make_decisions(
    record: LabelRecord, name: str, act: int, classes: Sequence[str], annotator: str
) -> Iterator[Decision]:
    how: How = record.how if record.how in get_args(How) and record.how != FROM_FILE else "import"  # type: ignore[assignment]
    values: list[tuple[DecisionKind, str | None]] = []
    if record.status != "unlabeled":
        kind: DecisionKind = "skip" if record.status == "skipped" else "label"
        values.append((kind, None if kind == "skip" else _join_classes(record, classes)))
    values += [("flag", "1")] if record.flagged else []
    values += [("note", record.note)] if record.note else []
    who, when = record.by or annotator, record.time or now()
    for kind, value in values:
        score = record.confidence if kind == "label" else None
        yield Decision(act=act, kind=kind, row_id=name, value=value, annotator=who, time=when, how=how, score=score)
