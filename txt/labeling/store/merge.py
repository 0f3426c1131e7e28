"""Merges another label store into this one: no decision twice, none lost, and the labels of this store stay current."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from txt.errors import InputError
from txt.labeling.store.decision import Decision
from txt.labeling.store.journal import Journal
from txt.labeling.store.store_file import explain_store_errors

_SETTINGS = {"text_column": "text column", "multi_label": "number of labels a row"}


@dataclass(frozen=True)
class MergeResult:
    """What a merge brought: decisions taken in, rows only the other store had, and rows on which the two differ."""

    decisions: int
    new_rows: int
    conflicts: int


def merge(journal: Journal, other: Path, name: str | None = None) -> MergeResult:
    """Take in all decisions of the store `other` that are not here yet.

    Where both stores had decided on a row, the decision that stood here is stated again, so that it goes on to stand
    until somebody reviews it. `name` is given to annotators of the other store who are also known here.

    Raises:
        InputError: the stores are about different tasks, or one name stands for two people who differ.
    """
    with Journal.open(other, write=False) as theirs, explain_store_errors(other):
        if theirs.path.resolve() == journal.path.resolve():
            raise InputError(f"`{other}` is this store itself", "--merge names another one")
        _check_same_task(journal, theirs)
        ours_stood, theirs_stand = _read_current_decisions(journal), _read_current_decisions(theirs)
        known = {_get_identity(each) for batch in journal.read_all_decisions() for each in batch}
        new = [each for batch in theirs.read_all_decisions() for each in batch if _get_identity(each) not in known]
        classes = theirs.settings().get("classes", "[]")
    shared = set(ours_stood) & set(theirs_stand)
    conflicts = [row for row in shared if _get_answer(ours_stood[row]) != _get_answer(theirs_stand[row])]
    new = _rename_annotators(new, journal, name, {row: (ours_stood[row], theirs_stand[row]) for row in conflicts})
    if new:
        with journal.transaction():
            journal.append(new)
            touched = {each.row_id for each in new}
            journal.append([ours_stood[row] for row in sorted(shared) if row in touched])
            _merge_classes(journal, classes)
    return MergeResult(len(new), len(set(theirs_stand) - set(ours_stood)), len(conflicts))


def _check_same_task(ours: Journal, theirs: Journal) -> None:
    here, there = ours.settings(), theirs.settings()
    for setting, what in _SETTINGS.items():
        a, b = here.get(setting), there.get(setting)
        if a is not None and b is not None and a != b:
            raise InputError(f"the two stores have another {what}: `{a}` here, `{b}` in `{theirs.path}`")


def _read_current_decisions(journal: Journal) -> dict[str, Decision]:
    """Return the decision that stands for each row with a label or skip."""
    found: dict[str, Decision] = {}
    taken_back = journal.undone_acts()
    for batch in journal.read_all_decisions():
        for each in batch:
            if each.kind in ("label", "skip") and each.act not in taken_back and each.row_id is not None:
                found[each.row_id] = each
    return found


def _rename_annotators(
    new: list[Decision], journal: Journal, name: str | None, conflicts: dict[str, tuple[Decision, Decision]]
) -> list[Decision]:
    """Return the decisions under a name by which their annotator is told from one here."""
    here = {row[0] for row in journal.connection.execute("SELECT DISTINCT annotator FROM decisions")}
    same = [ours.annotator for ours, theirs in conflicts.values() if ours.annotator == theirs.annotator]
    if same and name is None:
        raise InputError(
            f"both stores have labels by `{same[0]}`, and {len(same):,} of them differ",
            "--merge-as NAME says who labeled in the other one",
        )
    if name is None:
        return new
    return [replace(each, annotator=name) if each.annotator in here else each for each in new]


def _merge_classes(journal: Journal, theirs: str) -> None:
    here = json.loads(journal.settings().get("classes", "[]"))
    both = list(dict.fromkeys([*here, *json.loads(theirs)]))
    journal.set_settings(classes=json.dumps(both, ensure_ascii=False))


def _get_identity(each: Decision) -> tuple[int, str, str | None, int | None]:
    return each.act, each.kind, each.row_id, each.target


def _get_answer(each: Decision) -> tuple[str, str | None]:
    return each.kind, each.value
