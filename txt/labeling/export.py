"""Exports the data file with its labels: the file byte for byte, with label columns at the end of each row."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from txt.data.reading.added_cells import add_cells, add_cells_to_head
from txt.data.reading.open_rows import OpenRows
from txt.errors import InputError, TxtError
from txt.files import atomic_write
from txt.labeling.answers import Propose, RowAnswer, answers, propose_nothing
from txt.labeling.row_states import RowStates
from txt.labeling.store.journal import Journal
from txt.overwriting import is_changed_since, note_made

COLUMNS = (
    "label",
    "label_status",
    "label_by",
    "label_time",
    "label_how",
    "label_confidence",
    "label_flagged",
    "label_note",
)
"""The columns that an export adds: the label (several are joined by `|`), `labeled`, `skipped` or `unlabeled`, who gave
it, when (UTC), how (`manual`, `bulk`, `duplicate`, … or `file` for one that was there before), `flagged` or nothing,
and the note. Where rules or a model gave the label, `label_by` names them, and `label_confidence` says how sure they
are. Where the file has a column of such a name, ours are called `final_label` and so on."""

_PREFIX = "final_"


def export(
    rows: OpenRows,
    states: RowStates,
    journal: Journal,
    target: Path,
    *,
    overwrite: bool = False,
    propose: Propose = propose_nothing,
) -> int:
    """Write the data file with label columns to `target`, whole or not at all; returns the number of labeled rows.

    Rows that nobody decided on get what `propose` says. Every cell, delimiter, quote, line end and blank line stays as
    it is, byte for byte, and so does the encoding.

    Raises:
        InputError: `target` is the data file itself, or another file that no export made.
        TxtError: the data file is still being read, so that its last rows would be missing.
    """
    if not rows.index.complete:
        raise TxtError(f"`{rows.path}` is still being read", "export in a moment")
    names = choose_column_names(rows.form.columns)
    _refuse_overwrite(rows, target, names, overwrite)
    with atomic_write(target, "wb") as file:
        labeled = _write(file, rows, names, answers(states, journal, propose))
    note_made(target)
    return labeled


def choose_column_names(taken: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the label columns beside those that the file has."""
    names: tuple[str, ...] = COLUMNS
    while set(names) & set(taken):
        names = tuple(_PREFIX + name for name in names)
    return names


def _refuse_overwrite(rows: OpenRows, target: Path, names: Sequence[str], overwrite: bool) -> None:
    if target.exists() and target.samefile(rows.path):
        raise InputError(
            f"the export cannot take the data file's place: `{rows.path.name}`",
            f"--export {rows.path.stem}.labeled.csv",
        )
    if target.is_dir():
        raise InputError(f"`{target}` is a directory", f"--export {target / rows.path.name}")
    if target.exists() and not overwrite and not _is_export(rows, target, names):
        raise InputError(f"`{target}` exists, and is not an export of `{rows.path}`", "--overwrite replaces it")
    if not overwrite and is_changed_since(target):
        raise InputError(f"`{target}` has changed since txt exported it", "--overwrite replaces it")


def _is_export(rows: OpenRows, target: Path, names: Sequence[str]) -> bool:
    """Tell whether a file begins as an export of this data file does."""
    expected = add_cells_to_head(rows.head(), names, rows.form)
    with target.open("rb") as file:
        found = file.read(len(expected))
    return bool(found) and found == expected


def _write(file: IO[bytes], rows: OpenRows, names: Sequence[str], found: Iterator[RowAnswer]) -> int:
    file.write(add_cells_to_head(rows.head(), names, rows.form))
    labeled = 0
    for row, answer in enumerate(found):
        file.write(add_cells(rows.raw(row), names, _make_cells(answer), rows.form))
        labeled += answer.status == "labeled"
    return labeled


def _make_cells(answer: RowAnswer) -> tuple[str, ...]:
    """Return an answer as the cells of COLUMNS."""
    return (
        answer.label or "",
        answer.status,
        answer.by,
        answer.time,
        answer.how,
        "" if answer.confidence is None else f"{answer.confidence:g}",
        "flagged" if answer.flagged else "",
        answer.note,
    )
