"""The dialogs that label several rows at once: all that a filter shows, or those most like the row on screen."""

import time
from collections.abc import Sequence

import numpy as np
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from txt.labeling.item import Item
from txt.labeling.queue import QueueView
from txt.labeling.row_states import RowNumbers
from txt.labeling.scanner import Found
from txt.labeling.session import LabelSession
from txt.sanitize import clip, sanitize
from txt.screens.label.class_bar import ClassBar
from txt.screens.label.typed_ahead import TypedAheadGuard
from txt.screens.widgets.chips import Chips
from txt.screens.widgets.dialogs import Dialog
from txt.screens.widgets.row_list import RowList

ALIKE = 0.6
"""The cosine from which on rows are in the group at first: below it, half of them have another class on banking77."""

_OTHERS = 14  # lines of the dialog beside the rows
_MOST_LABEL = 16  # cells of a row's label

Group = tuple[RowNumbers, str]


class GroupDialog(Dialog[Group | None]):
    """A list of rows of which some can be left out, and the classes; answers with the rows and their label."""

    def __init__(self, session: LabelSession, title: str) -> None:
        super().__init__()
        self._session, self._title = session, title
        self._chosen: list[str] = []

    def compose(self) -> ComposeResult:
        """Lay out what is shown, the classes and what comes next."""
        with Vertical(classes="dialog wide"):
            yield Static(Text(self._title, no_wrap=True, overflow="ellipsis"), classes="title")
            yield Static(id="count")
            yield RowList(_OTHERS, id="sample")
            yield ClassBar(id="all-classes")
            yield Static(id="next")

    def on_mount(self) -> None:
        """Show what would be labeled."""
        self._draw()

    @property
    def _wanted(self) -> RowNumbers:
        """The rows that would be labeled: those shown and not left out."""
        return self.query_one(RowList).kept

    @on(events.Key)
    def _press(self, event: events.Key) -> None:
        event.stop()
        bar = self.query_one(ClassBar)
        pressed = bar.press(event.key, event.character)
        if pressed.chosen is not None:
            self._choose(pressed.chosen, event)
        elif pressed.used:
            return
        elif self.query_one(RowList).press(event.key):
            self._draw()
        elif event.key == "escape":
            self.dismiss(None)
        elif event.key == "enter":
            self._accept(event)
        else:
            self._press_other(event.key)

    @on(RowList.Changed)
    def _move_in_list(self) -> None:
        self._draw()

    @on(Chips.Pressed)
    def _click(self, event: Chips.Pressed) -> None:
        self._choose(event.name, event)

    def _choose(self, label: str, _event: events.Key | Chips.Pressed) -> None:
        if not self._session.task.multi_label:
            self._chosen = [label]
        elif label in self._chosen:
            self._chosen.remove(label)
        else:
            self._chosen.append(label)
        self._draw()

    def _accept(self, _event: events.Key) -> None:
        if self._chosen and len(self._wanted):
            self.dismiss((self._wanted, self._session.join_classes(self._chosen)))

    def _press_other(self, key: str) -> None:
        """Take a key that means nothing in every such dialog."""

    def _draw(self) -> None:
        raise NotImplementedError


class LabelAllDialog(GroupDialog):
    """Asks for a class for all rows of a view, of which not all need be seen: so enter has to confirm it."""

    def __init__(self, session: LabelSession, view: QueueView) -> None:
        super().__init__(session, f"Label everything that {clip(view.name, 40)} shows")
        self._view = view
        self._overwrite = False
        self._rows = session.select_bulk_rows(view.rows, overwrite=False)

    def _press_other(self, key: str) -> None:
        if key == "asterisk":
            self._overwrite = not self._overwrite
            self._rows = self._session.select_bulk_rows(self._view.rows, overwrite=self._overwrite)
            self._draw()

    def _draw(self) -> None:
        session, kept = self._session, len(self._view.rows) - len(self._rows)
        rows = self.query_one(RowList)
        width = max(self.size.width - 22, 20)
        rows.show(self._rows, lambda row: Text(f"{row + 1:>8,}  {clip(session.rows.text(row), width)}"))
        count = Text.assemble((_count_rows(self._wanted), "bold"), " would be labeled")
        if place := rows.describe_place():
            count.append(f" · {place}")
        if kept:
            count.append(f" · {kept:,} have a label or are somebody else's, and stay · * takes the labeled ones in")
        elif self._overwrite:
            count.append(" · * leaves those with a label out")
        self.query_one("#count", Static).update(count)
        self.query_one(ClassBar).show(session.classes, session.keys, marked=self._chosen)
        self.query_one("#next", Static).update(self._describe_next_step())

    def _describe_next_step(self) -> Text:
        if not len(self._wanted):
            return Text("nothing to label here · esc goes back", style="bold")
        if not self._chosen:
            return Text("a key chooses the class · ↓ ↑ look through the rows, space leaves one out · esc")
        chosen = clip(" and ".join(self._chosen), 40)
        return Text.assemble(
            ("enter", "bold"), f" labels {_count_rows(self._wanted)} {chosen}, one undo takes it back · esc"
        )


class SimilarDialog(GroupDialog):
    """Shows the rows most like the one on screen, with their labels; the key of a class labels the group, and it too.

    All rows are seen, so nothing more is asked. `number` is that of the search whose answers are shown.
    """

    def __init__(self, session: LabelSession, item: Item, number: int, *, fast: bool = False) -> None:
        super().__init__(session, "Most like this")
        self.number = number
        self._item = item
        self._found: Found | None = None
        self._cosines: dict[int, float] = {}
        self._label_width = 0
        self._trouble = ""
        self._guard = TypedAheadGuard(is_off=fast)

    def take(self, found: Found) -> None:
        """Take what was found, or how far it is."""
        if found.number != self.number:
            return
        self._found = found
        if found.done:
            self._show_rows(found)
        self._draw()

    def fail(self, why: str) -> None:
        """Say why nothing is found."""
        self._trouble = why
        self._draw()

    def _show_rows(self, found: Found) -> None:
        session = self._session
        hashes = session.rows.index.hashes
        rows, cosines = found.rows, np.asarray(found.likeness, np.float32)
        if session.task.twins:  # copies get the label of their text by themselves, so each text is shown once
            first = np.zeros(len(rows), np.bool_)
            first[np.unique(hashes[rows], return_index=True)[1]] = True
            first &= hashes[rows] != hashes[self._item.row]
        else:
            first = rows != self._item.row
        most = max(self.size.height - _OTHERS, 1)
        rows, cosines = rows[first][:most], cosines[first][:most]
        labels = [session.states.label(row) or "" for row in rows.tolist()]
        self._label_width = min(max(map(len, labels), default=0), _MOST_LABEL)
        self._cosines = dict(zip(rows.tolist(), cosines.tolist(), strict=True))
        free = np.isin(rows, session.select_bulk_rows(rows, overwrite=False))
        listed = self.query_one(RowList)
        listed.show(rows, self._format_row)
        listed.leave_out(rows[(cosines < ALIKE) | ~free].tolist())
        self._guard.show_text(time.monotonic())

    def _choose(self, label: str, event: events.Key | Chips.Pressed) -> None:
        if self._admits(event):
            super()._choose(label, event)
            if not self._session.task.multi_label:
                self._finish(label)

    def _accept(self, event: events.Key) -> None:
        if not self._admits(event):
            return
        suggestion = self._item.suggestion
        if self._chosen:
            self._finish(self._session.join_classes(self._chosen))
        elif suggestion is not None and suggestion.is_sure and not self._session.task.multi_label:
            self._finish(suggestion.label)

    def _admits(self, event: events.Key | Chips.Pressed) -> bool:
        """Tell whether the list was there before a key came."""
        return self._found is not None and self._found.done and self._guard.admits(event.time)

    def _finish(self, label: str) -> None:
        wanted = self._session.select_bulk_rows(self._wanted, overwrite=True)  # a labeled one was taken in by hand
        self.dismiss((wanted, label))

    def _press_other(self, key: str) -> None:
        """Take in the next row, or leave out the last."""
        listed = self.query_one(RowList)
        rows = list(self._cosines)
        members = [row for row in rows if row not in listed.left_out]
        if key == "left" and members:
            listed.leave_out([*listed.left_out, members[-1]])
        elif key == "right":
            states = self._session.states
            last = rows.index(members[-1]) if members else -1
            further = next((row for row in rows[last + 1 :] if not states.decided[row]), None)
            listed.leave_out([row for row in listed.left_out if row != further])
        self._draw()

    def _format_row(self, row: int) -> Text:
        session = self._session
        label = session.states.label(row) or ""
        line = Text(f" {self._cosines[row]:.2f}  ")
        if self._label_width:
            line.append(f"{clip(label, self._label_width):<{self._label_width}}  ", style="bold")
        return line.append(clip(session.rows.text(row), max(self.size.width - line.cell_len - 12, 20)))

    def _draw(self) -> None:
        session = self._session
        room = max(min(int(self.size.width * 0.95), 110) - 20, 10)
        self.query_one(".title", Static).update(Text(f"Most like: {clip(self._item.text, room)}"))
        members = 1 + len(self._wanted)
        done = self._found is not None and self._found.done
        if self._trouble:
            count = Text(sanitize(self._trouble), style="bold")
        elif not done:
            share = f" {self._found.share:.0%}" if self._found is not None else ""
            count = Text(f"reading what all texts mean{share} …")
        elif not self._cosines:
            count = Text("no other text is like it", style="bold")
        else:
            count = Text.assemble(
                (f"{members:,} {'row' if members == 1 else 'rows'}", "bold"), f" with this one{self._list_labels()}"
            )
        self.query_one("#count", Static).update(count)
        suggestion = session.suggestion
        likely: Sequence[str] = suggestion.ranked if suggestion is not None else ()
        self.query_one(ClassBar).show(session.classes, session.keys, marked=self._chosen, likely=likely)
        self.query_one("#next", Static).update(self._describe_next_step(members) if done else Text("esc goes back"))

    def _list_labels(self) -> str:
        """Say which labels the rows shown have already."""
        labels = [label for row in self._cosines if (label := self._session.states.label(row)) is not None]
        counts = sorted(((labels.count(name), name) for name in set(labels)), key=lambda each: (-each[0], each[1]))
        told = ", ".join(f"{count} {clip(name, 20)}" for count, name in counts[:3])
        return f" · labeled: {told}" if told else " · none of these has a label"

    def _describe_next_step(self, members: int) -> Text:
        several = self._session.task.multi_label
        suggestion = self._item.suggestion
        if self._chosen:
            head = Text.assemble(("enter", "bold"), f" labels {members:,} {clip(' and '.join(self._chosen), 30)}")
        elif several:
            head = Text("keys choose, enter labels")
        elif suggestion is not None and suggestion.is_sure:
            head = Text.assemble(
                ("enter", "bold"), f" labels {members:,} {clip(suggestion.label, 30)}, a key otherwise"
            )
        else:
            head = Text("a class labels them")
        return head.append(" · ↓ space one in or out · → ← more, fewer · esc")


def _count_rows(rows: RowNumbers) -> str:
    return "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
