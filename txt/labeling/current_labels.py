"""What stands for each row, and which classes there are, kept in step with decisions as they come."""

import json
from collections.abc import Sequence
from itertools import groupby

from txt.data.reading.row_index import RowIndex
from txt.labeling.classes import all_classes, assign_keys, given_classes
from txt.labeling.row_states import read_states
from txt.labeling.store.decision import Decision
from txt.labeling.store.journal import Journal
from txt.labeling.task import Task


class StandingLabels:
    """The states of all rows and the classes with their keys, by the data file, the store and what waits for it.

    `pending` are decisions that the store could not take yet; whoever changes that list lets them `take_effect` here.
    """

    def __init__(self, index: RowIndex, journal: Journal, task: Task, pending: list[Decision]) -> None:
        self._journal, self._pending = journal, pending
        settings = journal.settings()
        self.states = read_states(index, journal, file_labels=task.file_labels, multi_label=task.multi_label)
        self.given_classes = given_classes(task.labels, settings, self.states.classes_in_file())
        self.chosen_keys: dict[str, str] = json.loads(settings.get("keys", "{}")) if task.keys is None else task.keys
        self._added_classes = journal.added_classes()
        self._taken_back = journal.taken_back()
        self.take_effect(pending)
        self._name_classes()

    def take_effect(self, decisions: Sequence[Decision]) -> None:
        """Let decisions change the states, in order; an undo or redo changes back what its act touched."""
        for turning, run in groupby(decisions, lambda decision: decision.target is not None):
            if not turning:
                self._apply(list(run))
                continue
            for decision in run:
                change = self._taken_back.add if decision.kind == "undo" else self._taken_back.discard
                change(decision.target or 0)
                self._restate(decision.target or 0)

    def touched_by(self, act: int) -> list[str]:
        """Return the names of the rows that an act decided on, the first one first."""
        waiting = [each.row_id for each in self._pending if each.act == act and each.row_id is not None]
        return [*self._journal.touched_by(act), *waiting]

    def _apply(self, decisions: Sequence[Decision]) -> None:
        """Let those decisions change the states that are no undo or redo, and not undone themselves."""
        standing = [each for each in decisions if each.target is None and each.act not in self._taken_back]
        self.states.apply(standing)
        added = {each.act: each.value or "" for each in standing if each.kind == "class"}
        if added:
            self._added_classes |= added
            self._name_classes()

    def _restate(self, act: int) -> None:
        """Work out anew the state of the rows that an act touched."""
        names = self.touched_by(act)
        rows = self.states.rows_of(names)
        self.states.forget(rows[rows >= 0])
        touched = set(names)
        waiting = [decision for decision in self._pending if decision.row_id in touched]
        self._apply([*self._journal.about(names), *waiting])
        self._name_classes()

    def _name_classes(self) -> None:
        """Put the list of classes together: those given, and those added in a sitting and not undone."""
        self.classes = all_classes(self.given_classes, self._added_classes, self._taken_back)
        self.keys = assign_keys(self.classes, self.chosen_keys)
