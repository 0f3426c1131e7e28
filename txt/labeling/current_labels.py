"""The current labels of all rows and the list of classes, kept up to date as decisions come."""

import json
from collections.abc import Sequence
from itertools import groupby

from txt.data.reading.row_index import RowIndex
from txt.labeling.classes import assign_keys, given_classes, list_classes
from txt.labeling.row_states import read_row_states
from txt.labeling.store.decision import Decision
from txt.labeling.store.journal import Journal
from txt.labeling.task import Task


class CurrentLabels:
    """The states of all rows and the classes with their keys, by the data file, the store and what waits for it.

    `pending` are decisions that the store could not take yet; whoever changes that list calls `apply_decisions` here.
    """

    def __init__(self, index: RowIndex, journal: Journal, task: Task, pending: list[Decision]) -> None:
        self._journal, self._pending = journal, pending
        settings = journal.settings()
        self.states = read_row_states(index, journal, file_labels=task.file_labels, multi_label=task.multi_label)
        self.given_classes = given_classes(task.labels, settings, self.states.classes_in_file())
        self.chosen_keys: dict[str, str] = json.loads(settings.get("keys", "{}")) if task.keys is None else task.keys
        self._added_classes = journal.added_classes()
        self._taken_back = journal.undone_acts()
        self.apply_decisions(pending)
        self._update_classes()

    def apply_decisions(self, decisions: Sequence[Decision]) -> None:
        """Apply decisions to the states, in order; for an undo or redo, the rows of its act are computed again."""
        for turning, run in groupby(decisions, lambda decision: decision.target is not None):
            if not turning:
                self._apply(list(run))
                continue
            for decision in run:
                change = self._taken_back.add if decision.kind == "undo" else self._taken_back.discard
                change(decision.target or 0)
                self._rebuild_rows(decision.target or 0)

    def find_touched_rows(self, act: int) -> list[str]:
        """Return the names of the rows that an act decided on, the first one first."""
        waiting = [each.row_id for each in self._pending if each.act == act and each.row_id is not None]
        return [*self._journal.find_touched_rows(act), *waiting]

    def _apply(self, decisions: Sequence[Decision]) -> None:
        """Let those decisions change the states that are no undo or redo, and not undone themselves."""
        standing = [each for each in decisions if each.target is None and each.act not in self._taken_back]
        self.states.apply(standing)
        added = {each.act: each.value or "" for each in standing if each.kind == "class"}
        if added:
            self._added_classes |= added
            self._update_classes()

    def _rebuild_rows(self, act: int) -> None:
        """Compute again the state of the rows that an act decided on."""
        names = self.find_touched_rows(act)
        rows = self.states.find_rows(names)
        self.states.reset_rows(rows[rows >= 0])
        touched = set(names)
        waiting = [decision for decision in self._pending if decision.row_id in touched]
        self._apply([*self._journal.decisions_about(names), *waiting])
        self._update_classes()

    def _update_classes(self) -> None:
        """Put the list of classes together: those given, and those added in a sitting and not undone."""
        self.classes = list_classes(self.given_classes, self._added_classes, self._taken_back)
        added = set(self._added_classes.values()) - set(self.given_classes)
        self.keys = assign_keys(self.classes, self.chosen_keys, added)
