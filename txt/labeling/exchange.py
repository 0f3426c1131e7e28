"""Exports labels to the formats of other tools, and imports them."""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from txt.data.formats.catalog import FORMATS, count_losses
from txt.data.formats.fasttext import spell_label, spell_text
from txt.data.formats.record import LabelRecord, LabelTask, Opinion
from txt.data.formats.table import write_cells
from txt.data.reading.open_rows import OpenRows
from txt.data.reading.rows import read_records as data_records
from txt.data.reading.source import is_read_from
from txt.errors import InputError, TxtError
from txt.files import atomic_write
from txt.labeling.answers import Propose, RowAnswer, answers, propose_nothing
from txt.labeling.probable_labels import ProbableLabels
from txt.labeling.row_states import FROM_FILE, RowStates
from txt.labeling.store.decision import BY_MACHINES, SEPARATOR, Decision, DecisionKind, How, now, row_id
from txt.labeling.store.journal import Journal

_BY_HAND = ("manual", "bulk", "import")  # an opinion of one's own, unlike a copy to a duplicate or a review


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
    probable: ProbableLabels | None = None,
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
    opinions = _read_opinions(states, journal, task)
    found = _count_rows(_make_records(rows, answers(states, journal, propose, probable), task, opinions), done)
    with atomic_write(target, "wb") as file:
        form.write(file, count_losses(found, form, done.losses), task)
    return done


def _make_records(
    rows: OpenRows, found: Iterator[RowAnswer], task: LabelTask, opinions: Mapping[int, Sequence[Opinion]]
) -> Iterator[LabelRecord]:
    form = rows.form
    text = form.columns.index(form.text_column)
    others = [(place, name) for place, name in enumerate(form.columns) if place != text]
    for row, ((_, _, cells), answer) in enumerate(zip(data_records(rows.path, form), found, strict=True)):
        labels = _split_label(answer.label, task)
        columns = {name: cells[place] for place, name in others}
        about = (answer.status, answer.by, answer.time, answer.how, answer.confidence, answer.flagged, answer.note)
        said = tuple(each for each in opinions.get(row, ()) if each.by != answer.by)
        yield LabelRecord(cells[text], labels, *about, columns, said)


def _split_label(label: str | None, task: LabelTask) -> tuple[str, ...]:
    return () if not label else tuple(label.split(SEPARATOR)) if task.multi_label else (label,)


def _read_opinions(states: RowStates, journal: Journal, task: LabelTask) -> dict[int, list[Opinion]]:
    """Return what people said of each row of which several people said something, by its number."""
    found: dict[str, list[Opinion]] = defaultdict(list)
    query = (
        "SELECT row_id, annotator, kind, label, time FROM current_by_annotator WHERE row_id IN"
        " (SELECT row_id FROM current_by_annotator GROUP BY row_id HAVING count(*) > 1)"
        f" AND how IN ({', '.join('?' * len(_BY_HAND))}) ORDER BY number"
    )
    for name, by, kind, label, time in journal.connection.execute(query, _BY_HAND):
        found[name].append(Opinion(by, _split_label(label, task), kind == "skip", time))
    names = [name for name, said in found.items() if len(said) > 1]
    rows = states.find_rows(names).tolist()
    return {row: found[name] for name, row in zip(names, rows, strict=True) if row >= 0}


def _count_rows(found: Iterator[LabelRecord], done: ExportResult) -> Iterator[LabelRecord]:
    for record in found:
        done.rows += 1
        done.labeled += record.status == "labeled"
        yield record


def find_classes(records: Sequence[LabelRecord]) -> list[str]:
    """Return the classes of records, in the order in which they come; those that only others named come last."""
    own = (label for record in records for label in record.labels)
    others = (label for record in records for said in record.opinions for label in said.labels)
    return list(dict.fromkeys((*own, *others)))


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


def restore_lines(records: Sequence[LabelRecord], rows: OpenRows, classes: Sequence[str]) -> list[LabelRecord]:
    """Return the records of a fastText file with the texts and the classes as the data has them.

    That file has no line breaks in texts and no spaces in labels. Of texts that are the same without line breaks, the
    first one in the file is the first one in the data.
    """
    place = rows.form.columns.index(rows.form.text_column)
    texts: dict[str, deque[str]] = defaultdict(deque)
    wanted = {record.text for record in records}
    for _, _, cells in data_records(rows.path, rows.form):
        if (spelled := spell_text(cells[place])) in wanted:
            texts[spelled].append(cells[place])
    names = {spell_label(name): name for name in classes}
    return [
        replace(
            record,
            text=texts[record.text].popleft() if texts.get(record.text) else record.text,
            labels=tuple(names.get(label, label) for label in record.labels),
        )
        for record in records
    ]


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
    given = (labels for each in records for labels in (each.labels, *(said.labels for said in each.opinions)))
    several = next((labels for labels in given if len(labels) > 1), None)
    if several is not None and not multi_label:
        raise InputError(f"a row has several labels: {', '.join(several)}", "--multi-label allows that")


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
    return _join_names(record.labels, classes)


def _join_names(labels: Sequence[str], classes: Sequence[str]) -> str:
    return SEPARATOR.join(name for name in classes if name in labels)


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
    for said in record.opinions:  # before the record's own, since the last one counts
        labels = None if said.skipped else _join_names(said.labels, classes)
        yield Decision(
            act=act,
            kind="skip" if said.skipped else "label",
            row_id=name,
            value=labels,
            annotator=said.by,
            time=said.time or when,
            how="import",
        )
    for kind, value in values:
        score = record.confidence if kind == "label" else None
        yield Decision(act=act, kind=kind, row_id=name, value=value, annotator=who, time=when, how=how, score=score)
