"""A labeling session: the row on screen, what each action changes, and that it is saved before the next row comes."""

import json
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from txt.data.reading.open_rows import OpenRows
from txt.data.reading.row_index import RowIndex
from txt.data.reading.rows import Form
from txt.labeling.classes import MOST_KEYS, check_new_class
from txt.labeling.current_labels import CurrentLabels
from txt.labeling.duplicates import find_duplicates, find_duplicates_of_many, find_undecided_duplicates
from txt.labeling.item import Item, LabelProgress, Opinion, RecentDecision, Suggestion
from txt.labeling.pace import Pace, Stopwatch
from txt.labeling.queue import Queue, QueueView
from txt.labeling.row_states import Mask, RowNumbers, RowStates
from txt.labeling.store.claims import claim, find_claimed_rows, make_session_name
from txt.labeling.store.decision import SEPARATOR, Decision, DecisionKind, How, now
from txt.labeling.store.journal import Journal
from txt.labeling.store.store_file import NotSavedError
from txt.labeling.task import Task

_BATCH = 20_000  # decisions written in one go
_RENEW_SECONDS = 60.0
_AWAY_SECONDS = 600.0  # whoever touched no key for so long gives the row on screen back to the others


class LabelSession:
    """The state of a sitting.

    `order` are rows to begin with (`queue.order` may change it later); `shown` hears of each row that comes on screen.
    When a method returns, what it decided is on disk, or waits in `pending` while `problem` says why; `retry` tries
    again. Methods that act return what to tell the annotator, often nothing.
    """

    def __init__(
        self,
        rows: OpenRows,
        journal: Journal,
        task: Task,
        *,
        stopwatch: Stopwatch | None = None,
        suggest: Callable[[int], Suggestion | None] = lambda _row: None,
        order: RowNumbers | None = None,
        shown: Callable[[int], object] = lambda _row: None,
    ) -> None:
        self.rows = rows
        self.journal = journal
        self.task = task
        self.stopwatch = stopwatch or Stopwatch()
        self.queue = Queue()
        if order is not None:
            self.queue.order = order
        self.pace = Pace(journal.recent_seconds(task.annotator))
        self.history = journal.history(task.annotator)
        self.pending: list[Decision] = []
        self.problem: str | None = None
        self.suggestion: Suggestion | None = None
        self._suggest = suggest
        self._tell_shown = shown
        self._token = make_session_name()
        self._shown_row: int | None = None
        self._row_before_view: int | None = None
        self._shown_decided = False
        self._renewed = 0.0
        self._load()
        self._save([], move_on=True)

    # What there is to see

    @property
    def states(self) -> RowStates:
        """What stands for each row."""
        return self._current_labels.states

    @property
    def classes(self) -> list[str]:
        """The classes to choose from."""
        return self._current_labels.classes

    @property
    def keys(self) -> dict[str, str]:
        """The key of each class that has one."""
        return self._current_labels.keys

    @property
    def row(self) -> int | None:
        """The row on screen, or None when nothing is left."""
        return self.queue.row

    @property
    def settled(self) -> Mask:
        """Which rows need no decision in this sitting (N,); in a review, all but those offered and not yet reviewed."""
        if not self.task.review:
            return self.states.decided
        offered = np.zeros(len(self.states), np.bool_)
        offered[self.queue.order] = True
        return ~offered | self.states.mask_how("review")

    def item(self) -> Item | None:
        """Return the row on screen with all that is known of it, or None when nothing is left."""
        row, states = self.row, self.states
        if row is None:
            return None
        named = dict(zip(self.rows.form.columns, self.rows.cells(row), strict=False))
        return Item(
            row=row,
            text=named.pop(self.rows.form.text_column),
            metadata=named,
            label=states.label(row),
            skipped=states.is_skipped(row),
            flagged=states.is_flagged(row),
            note=self._read_note(row) if states.is_noted(row) else "",
            annotator=states.annotator(row),
            how=states.how(row),
            copies=len(self.rows.index.find_same_text(int(self.rows.index.hashes[row]))),
            suggestion=self.suggestion,
        )

    def progress(self) -> LabelProgress:
        """Return how far the file has come."""
        states = self.states
        counts = states.class_counts()
        done, total = states.decided_count, states.offered_count
        if self.task.review:
            done, total = int(self.settled[self.queue.order].sum()), len(self.queue.order)
        return LabelProgress(
            done=done,
            total=total,
            skipped=states.skipped_count,
            flagged=states.flagged_count,
            classes={name: counts.get(name, 0) for name in self.classes},
            seconds_each=self.pace.median() if self.pace.has_enough() else None,
            seconds_left=self.pace.left(total - done),
        )

    def list_recent(self, count: int = 10) -> list[RecentDecision]:
        """Return this annotator's last decisions that stand, the latest first."""
        waiting = [each for each in self.pending if each.kind in ("label", "skip") and each.how != "duplicate"]
        found = [*waiting[::-1], *self.journal.recent_decisions(self.task.annotator, count)][:count]
        rows = self.states.find_rows([each.row_id or "" for each in found]).tolist()
        return [
            RecentDecision(row if row >= 0 else None, each.value if each.kind == "label" else None, each.time)
            for row, each in zip(rows, found, strict=True)
        ]

    def list_opinions(self) -> list[Opinion]:
        """Return what each annotator says of the row on screen, by name."""
        if self.row is None:
            return []
        found: dict[str, Opinion] = {}
        for each in self.journal.standing_about(self.states.row_id(self.row)):
            before = found.get(each.annotator, Opinion(each.annotator, None, ""))
            if each.kind == "note":
                found[each.annotator] = replace(before, note=each.value or "")
            else:
                label = each.value if each.kind == "label" else None
                found[each.annotator] = replace(before, label=label, skipped=each.kind == "skip")
        return [found[name] for name in sorted(found)]

    def join_classes(self, chosen: Collection[str]) -> str:
        """Return the label that stands for several classes."""
        return SEPARATOR.join(name for name in self.classes if name in chosen)

    def first_classes(self) -> list[str]:
        """Return the classes that are marked at first on the row on screen: its own, or those suggested for it."""
        if self.row is None:
            return []
        label = self.states.label(self.row)
        if label is None and self.suggestion is not None and self.suggestion.is_sure:
            label = self.suggestion.label
        return [] if label is None else self.states.classes_in(label)

    def extend_view(self, view: QueueView) -> None:
        """Put a longer list of rows in the place of the view that is being gone through."""
        self.queue.view = view
        if self.row is None:
            self._save([], move_on=True)

    def set_suggest(self, suggest: Callable[[int], Suggestion | None]) -> None:
        """Propose labels in another way from now on, for the row on screen too."""
        self._suggest = suggest
        self.suggestion = suggest(self.row) if self.row is not None else None

    # Deciding

    def label(self, label: str) -> str:
        """Label the row on screen and its duplicates, and move on."""
        return self._decide("label", label)

    def skip(self) -> str:
        """Leave the row on screen without a label for good, and move on; in a review its label is kept."""
        if self.task.review and self.row is not None and self.states.label(self.row) is not None:
            return self._decide("label", self.states.label(self.row))
        return self._decide("skip", None)

    def flag(self) -> str:
        """Flag the row on screen, or take the flag off."""
        if self.row is None:
            return ""
        on = not self.states.is_flagged(self.row)
        self._save([self._make_decision("flag", self.states.row_id(self.row), "1" if on else "")])
        return "" if on else "flag taken off"

    def set_note(self, note: str) -> str:
        """Keep a note on the row on screen; an empty one takes it off."""
        if self.row is None:
            return ""
        self._save([self._make_decision("note", self.states.row_id(self.row), note.strip())])
        return "" if note.strip() else "note taken off"

    def add_class(self, name: str) -> str:
        """Add a class at the end of the list.

        Raises:
            InputError: the name is empty or taken.
        """
        name = check_new_class(name, self.classes, self.task.multi_label)
        self._save([self._make_decision("class", None, name)])
        over = len(self.classes) == MOST_KEYS + 1
        return f"new class {name}" + (f": over {MOST_KEYS} have no keys, so type letters of a name" if over else "")

    def undo(self) -> str:
        """Take back this annotator's last act that stands, and show its row."""
        return self._undo_or_redo("undo", self.history.next_undo())

    def redo(self) -> str:
        """Restore the act that was undone last, and move on as it did then."""
        return self._undo_or_redo("redo", self.history.next_redo())

    def select_bulk_rows(self, rows: RowNumbers, *, overwrite: bool) -> RowNumbers:
        """Return which of `rows` `label_all` should get: those without a decision, or all that nobody has on screen."""
        wanted = rows if overwrite else rows[~self.states.decided[rows]]
        return wanted[~np.isin(wanted, list(self._find_taken_rows()))]

    def label_all(self, rows: RowNumbers, label: str) -> str:
        """Label many rows at once, and their duplicates; one undo takes all of it back.

        Raises:
            NotSavedError: the store could not take it; nothing was labeled.
        """
        told = self._label_many(self.journal.new_act(), rows, label)
        self._save([], move_on=self.queue.view is None)
        return told

    def label_group(self, rows: RowNumbers, label: str) -> str:
        """Label the row on screen and others like it at once, and move on; one undo takes all of it back.

        The row on screen was read like any other, so its decision is stored as such.

        Raises:
            NotSavedError: the store could not take it; nothing was labeled.
        """
        self.refresh()
        row = self.row
        if row is None:
            return ""
        seconds, shown = round(self.stopwatch.seconds(), 2), self.suggestion
        first = self._make_decision(
            "label",
            self.states.row_id(row),
            label,
            how="review" if self.task.review else "manual",
            seconds=seconds,
            suggestion=shown.label if shown else None,
            score=shown.score if shown else None,
        )
        told = self._label_many(first.act, rows[rows != row], label, (row, first))
        self.pace.add(seconds)
        self._save([], move_on=True)
        return told

    def _label_many(self, act: int, rows: RowNumbers, label: str, first: tuple[int, Decision] | None = None) -> str:
        """Store labels of many rows, of their duplicates, and of a `first` row with its own decision."""
        own = rows if first is None else np.append(rows, first[0])
        twins = find_duplicates_of_many(self.states, own, self._find_taken_rows()) if self.task.twins else rows[:0]
        try:
            with self.journal.transaction() as news:
                self._apply_news(news)
                self.journal.append(self.pending)
                if first is not None:
                    self.journal.append([first[1]])
                    self.states.apply([first[1]])
                self._append_many(rows, label, act, "bulk")
                self._append_many(twins, label, act, "duplicate")
        except NotSavedError:
            self._load()
            raise
        self.pending.clear()
        self.history.replay(act, "label", None)
        return f"{len(own):,} {'row' if len(own) == 1 else 'rows'} labeled {label}" + (
            f", and {len(twins):,} twins" if len(twins) else ""
        )

    # Moving

    def forward(self) -> str:
        """Show the next row without deciding on this one."""
        moved = self.queue.forward(self.settled, self._find_taken_rows())
        self._save([])
        return "" if moved else "this is the last row"

    def back(self) -> str:
        """Show the row before this one."""
        moved = self.queue.back()
        self._save([])
        return "" if moved else "this is the first row"

    def jump(self, number: int) -> str:
        """Show a row by its number in the file, from 1."""
        if not 1 <= number <= len(self.rows):
            return f"there is no row {number:,}: the file has {len(self.rows):,}"
        self.queue.show(number - 1)
        self._save([])
        return ""

    def set_view(self, view: QueueView | None) -> None:
        """Go through the rows of a view only, from the first one that is undecided.

        None is the whole file again, at the row that was on screen before the view.
        """
        if self.queue.view is None:
            self._row_before_view = self.row
        self.queue.view = view
        self.queue.row = self._row_before_view if view is None else None
        undecided = self.row is not None and not self.settled[self.row]
        self._save([], move_on=not undecided)

    # Keeping in step with the store, the file and the others

    def retry(self) -> bool:
        """Try to save what is pending; tell whether nothing is pending any more."""
        if self.pending:
            self._save([])
        return not self.pending

    def refresh(self) -> bool:
        """Take in what others did, and renew the claim on the row on screen; tell whether anything changed."""
        quiet = self.stopwatch.quiet_seconds()
        if self.stopwatch.moment() - self._renewed > _RENEW_SECONDS and quiet < _AWAY_SECONDS:
            self._save([])
        if not self.journal.changed():
            return False
        news = self.journal.news()
        self._apply_news(news)
        return bool(news)

    def adopt(self, index: RowIndex, form: Form | None = None) -> int:
        """Go on with a longer index of the same file, and the columns met on the way.

        Returns how many duplicates of labeled rows it brought.
        """
        row = self.row
        self.rows.index, self.rows.form = index, form or self.rows.form
        self._load()
        copied = self._copy_to_new_duplicates() if self.task.twins and index.complete else 0
        if row is None:
            self._save([], move_on=True)
        return copied

    def leave(self) -> None:
        """Give the row on screen back to the others."""
        self.queue.row = None
        self._save([])

    def _load(self) -> None:
        """Work out the state of every row from the file and the store."""
        self._current_labels = CurrentLabels(self.rows.index, self.journal, self.task, self.pending)
        self._save_settings()

    def _save_settings(self) -> None:
        """Save classes and keys for the next sitting, so that each class keeps its key."""
        wanted = {
            "classes": json.dumps(self._current_labels.given_classes, ensure_ascii=False),
            "keys": json.dumps(self._current_labels.chosen_keys, ensure_ascii=False),
            "multi_label": json.dumps(self.task.multi_label),
            "relabel": json.dumps(not self.task.file_labels),
            "text_column": self.rows.form.text_column,
        }
        known = self.journal.settings()
        if any(known.get(name) != value for name, value in wanted.items()):
            with suppress(NotSavedError), self.journal.transaction() as news:
                self._apply_news(news)
                self.journal.set_settings(**wanted)

    def _decide(self, kind: DecisionKind, value: str | None) -> str:
        self.refresh()
        row = self.row
        if row is None:
            return ""
        if self.states.decided[row] and not self._shown_decided:
            self._shown_decided = True
            what = self.states.label(row) or "skipped"
            return f"{self.states.annotator(row)} decided on this meanwhile ({what}): the key again changes it"
        seconds = round(self.stopwatch.seconds(), 2)
        shown = self.suggestion
        decision = self._make_decision(
            kind,
            self.states.row_id(row),
            value,
            how="review" if self.task.review else "manual",
            seconds=seconds,
            suggestion=shown.label if shown else None,
            score=shown.score if shown else None,
        )
        twins = (
            self.states.row_ids(find_duplicates(self.states, row, self._find_taken_rows())) if self.task.twins else []
        )
        copies = [self._make_decision(kind, name, value, act=decision.act, how="duplicate") for name in twins]
        self.pace.add(seconds)
        self._save([decision, *copies], move_on=True)
        return f"and {len(twins)} identical rows" if len(twins) > 1 else "and its twin" if twins else ""

    def _undo_or_redo(self, kind: DecisionKind, act: int | None) -> str:
        """Undo or redo an act."""
        if act is None:
            return f"nothing to {kind}"
        names = self._current_labels.find_touched_rows(act)
        self._save([self._make_decision(kind, None, None, target=act)])
        rows = self.states.find_rows(names)
        if len(rows) and rows[0] >= 0:
            self.queue.show(int(rows[0]))
            self._save([], move_on=kind == "redo" and bool(self.settled[rows[0]]))
        what = "undone" if kind == "undo" else "done again"
        return f"{what}: {len(names):,} rows" if len(names) > 1 else what

    def _make_decision(
        self, kind: DecisionKind, row_id: str | None, value: str | None, *, act: int | None = None, **more: Any
    ) -> Decision:
        act = self.journal.new_act() if act is None else act
        values = {"annotator": self.task.annotator, "time": now(), **more}
        return Decision(act=act, kind=kind, row_id=row_id, value=value, **values)

    def _save(self, decisions: list[Decision], *, move_on: bool = False) -> None:
        """Write decisions, let them take effect, and claim the row that is shown next: one commit for all of it.

        What cannot be written waits in `pending`, in order, and takes effect all the same.
        """
        # How it works: what waits is written before what is new, in one transaction, so the order in the store is the
        # order in which it was decided. `pending` is emptied only after COMMIT has returned. If anything fails, the
        # transaction is rolled back as a whole, and all decisions stay in `pending`. In either case the states on
        # screen change exactly once, which `effective` keeps track of.
        effective = False
        self.journal.set_patience(not self.pending)
        try:
            with self.journal.transaction(durable=bool(self.pending or decisions)) as news:
                self._apply_news(news)
                self.journal.append([*self.pending, *decisions])
                self._current_labels.apply_decisions(decisions)
                if move_on:
                    self.queue.move_on(self.settled, self._find_taken_rows())
                effective = True
                claim(self.journal, self._choose_claim(), self._token)
            self.pending.clear()
            self.problem = None
        except NotSavedError as error:
            self.problem = error.message
            self.pending += decisions
            if not effective:
                self._current_labels.apply_decisions(decisions)
                if move_on:
                    self.queue.move_on(self.settled, set())
        self._renewed = self.stopwatch.moment()
        for decision in decisions:
            self.history.replay(decision.act, decision.kind, decision.target)
        if self.row != self._shown_row:
            self._start_item()
        elif decisions:
            self._shown_decided = self.row is not None and bool(self.states.decided[self.row])

    def _start_item(self) -> None:
        self.stopwatch.restart()
        self._shown_row = self.row
        self._shown_decided = self.row is not None and bool(self.states.decided[self.row])
        self.suggestion = self._suggest(self.row) if self.row is not None else None
        if self.row is not None:
            self._tell_shown(self.row)

    def _apply_news(self, news: Sequence[Decision]) -> None:
        """Apply the decisions that others wrote."""
        self._current_labels.apply_decisions(news)
        for decision in news:
            if decision.annotator == self.task.annotator:  # the same person at another terminal
                self.history.replay(decision.act, decision.kind, decision.target)

    def _append_many(self, rows: RowNumbers, label: str, act: int, how: How) -> None:
        for part in np.array_split(rows, len(rows) // _BATCH + 1):
            decisions = [
                self._make_decision("label", name, label, act=act, how=how) for name in self.states.row_ids(part)
            ]
            self.journal.append(decisions)
            self.states.apply(decisions)

    def _copy_to_new_duplicates(self) -> int:
        """Label the rows whose text was labeled before they were known; returns their number."""
        copies = [copy for row, free in find_undecided_duplicates(self.states) for copy in self._make_copies(row, free)]
        if copies:
            self._save(copies)
        return len(copies)

    def _make_copies(self, row: int, free: RowNumbers) -> list[Decision]:
        kind: DecisionKind = "skip" if self.states.is_skipped(row) else "label"
        act, label, who = self.states.act(row), self.states.label(row), self.states.annotator(row)
        names = self.states.row_ids(free)
        return [self._make_decision(kind, name, label, act=act, how="duplicate", annotator=who) for name in names]

    def _find_taken_rows(self) -> set[int]:
        """Return the rows that others have on screen."""
        names = find_claimed_rows(self.journal, self._token)
        return set(self.states.find_rows(list(names)).tolist()) if names else set()

    def _choose_claim(self) -> str | None:
        """Return the row on screen if it still needs a decision."""
        if self.row is None or self.settled[self.row]:
            return None
        return self.states.row_id(self.row)

    def _read_note(self, row: int) -> str:
        name = self.states.row_id(row)
        waiting = [each.value for each in self.pending if each.kind == "note" and each.row_id == name]
        return (waiting[-1] if waiting else self.journal.note(name)) or ""
