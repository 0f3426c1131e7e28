"""`txt label --format`: exports labels to the formats of other tools, and imports them."""

import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from txt.cli.console import say
from txt.config import LabelConfig
from txt.data.reading.kinds.spreadsheet_copy import ENDINGS
from txt.data.reading.source import exists, name_output
from txt.errors import InputError
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from txt.data.formats.record import LabelRecord
    from txt.data.reading.how_read import ReadingOptions
    from txt.labeling.answers import Propose
    from txt.labeling.exchange import ImportResult
    from txt.labeling.open_labels import OpenLabels
    from txt.labeling.row_states import RowStates

    ReadAll = Callable[[OpenLabels], object]


def export_labels(
    opened: "OpenLabels",
    states: "RowStates",
    classes: list[str],
    target: Path,
    overwrite: bool,
    propose: "Propose",
) -> None:
    """Write the labels to a file, or to standard output as `-`; without --format, rows keep the bytes of the data."""
    if str(target) == "-":
        with TemporaryDirectory(prefix="txt-export-") as folder:
            beside = Path(folder) / _name_as(opened.rows.path, opened.config.format)
            _write_labels(opened, states, classes, beside, overwrite, propose, "standard output")
            with beside.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.flush()
        return
    _write_labels(opened, states, classes, target, overwrite, propose, str(target))


def _write_labels(
    opened: "OpenLabels",
    states: "RowStates",
    classes: list[str],
    target: Path,
    overwrite: bool,
    propose: "Propose",
    told: str,
) -> None:
    """Write the labels to a file, which is told of as `told`."""
    from txt.data.formats.record import LabelTask
    from txt.labeling.exchange import export_as
    from txt.labeling.export import export

    rows, name = opened.rows, opened.config.format
    probable = None
    if opened.config.probable:
        from txt.labeling.probable_labels import ProbableLabels

        probable = ProbableLabels.read(opened.journal.path)
    if name is None or (name == ("jsonl" if rows.form.csv_options is None else "csv") and rows.form.content is None):
        count = export(rows, states, opened.journal, target, overwrite=overwrite, propose=propose, probable=probable)
        say(f"{told} has all {len(rows):,} rows, {count:,} with a label")
        _tell_losses(rows.path, target)
        return
    task = LabelTask(classes, opened.multi_label)
    done = export_as(
        name, rows, states, opened.journal, task, target, overwrite=overwrite, propose=propose, probable=probable
    )
    say(f"{told} has all {done.rows:,} rows, {done.labeled:,} with a label")
    if done.losses:
        lost = ", ".join(f"{count:,} {part}" for part, count in done.losses.items())
        say(f"{name} cannot hold: {lost}")


def _name_as(data: Path, form: str | None) -> str:
    """Return a file's name whose endings say what is written: the data's own format, or the one that was asked for."""
    if form is None:
        return name_output(str(data), "labels", kept=ENDINGS).name
    from txt.data.formats.catalog import FORMATS

    return f"labels{FORMATS[form].suffix}"


def _tell_losses(data: Path, target: Path) -> None:
    """Tell what a copy of a spreadsheet lacks."""
    from txt.data.reading.kinds.spreadsheet_copy import ENDINGS, find_losses
    from txt.data.reading.spooling import spool_source

    if target.suffix.lower() not in ENDINGS:
        return
    with spool_source(data) as source:
        for lost in find_losses(source):
            say(f"{target} lacks the {lost} of {source.path}")


def import_labels(data: Path, config: LabelConfig, asked: "ReadingOptions", overwrite: bool, read: "ReadAll") -> None:
    """Take the labels of a file of another tool into the store; without a data file, one is made of its texts."""
    from txt.data.formats.catalog import find_format
    from txt.data.formats.record import LabelTask
    from txt.labeling import exchange
    from txt.labeling.open_labels import open_labels

    assert config.import_from is not None
    records = _read_records(config.import_from, config, asked)
    exchange.refuse_several(records, _has_several(config, data))
    asked = replace(asked, label_column=None)  # it names the label of the file that is imported
    if not exists(str(data)):
        exchange.write_data(records, data)
        say(f"{data} has the {len(records):,} texts of {config.import_from}")
    with closing(open_labels(data, config, asked, need_classes=False)) as opened:
        read(opened)
        for note in opened.rows.notes:
            say(f"warning: {sanitize(note)}")
        states, classes = opened.states()
        task = LabelTask(classes, opened.multi_label)
        who = opened.annotator
        if (config.format or find_format(config.import_from)) == "fasttext":
            records = exchange.restore_lines(records, opened.rows, classes)
        done = exchange.import_labels(records, states, opened.journal, task, who, overwrite=overwrite)
    _report_import(done, config.import_from)


def _has_several(config: LabelConfig, data: Path) -> bool:
    """Tell whether rows have several labels here, before anything is made."""
    from txt.labeling.store.journal import Journal, store_path

    store = config.store or store_path(data)
    if config.multi_label is not None or not store.exists():
        return bool(config.multi_label)
    with Journal.open(store, write=False) as journal:
        return journal.settings().get("multi_label") == "true"


def _read_records(source: Path, config: LabelConfig, asked: "ReadingOptions") -> "list[LabelRecord]":
    from txt.data.formats.catalog import FORMATS, find_format
    from txt.data.formats.record import LabelTask
    from txt.labeling.classes import parse_labels

    if not source.is_file():
        raise InputError(f"`{source}` does not exist")
    classes = parse_labels(config.labels) if config.labels else []
    form = FORMATS[config.format or find_format(source)]
    task = LabelTask(classes, bool(config.multi_label), asked.text_column, asked.label_column)
    return list(form.read(source, task))


def _report_import(done: "ImportResult", source: Path) -> None:
    say(f"{done.taken:,} {'row' if done.taken == 1 else 'rows'} labeled or skipped as in {source}")
    rest = {
        "the same here already": done.same,
        "with another label here, which is kept (--overwrite takes the file's)": done.kept,
        "without a label there": done.unlabeled,
        "with a text that is not in the data": done.unmatched,
    }
    for what, count in rest.items():
        if count:
            say(f"{count:,} {what}")
    if done.new_classes:
        say(f"new classes: {', '.join(done.new_classes)}")
