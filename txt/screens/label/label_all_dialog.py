"""The dialog that labels all rows of a filter: shows them first, then asks for a class and enter."""

import numpy as np
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from txt.labeling.queue import QueueView
from txt.labeling.row_states import RowNumbers
from txt.labeling.session import LabelSession
from txt.sanitize import clip
from txt.screens.label.class_bar import ClassBar
from txt.screens.widgets.chips import Chips
from txt.screens.widgets.dialogs import Dialog
from txt.screens.widgets.row_list import RowList

_OTHERS = 14  # lines of the dialog beside the rows


class LabelAllDialog(Dialog[tuple[RowNumbers, str] | None]):
    """Asks for a class for all rows of a view; answers with the rows and the label."""

    def __init__(self, session: LabelSession, view: QueueView) -> None:
        super().__init__()
        self._session, self._view = session, view
        self._overwrite = False
        self._chosen: list[str] = []
        self._rows = session.select_bulk_rows(view.rows, overwrite=False)

    def compose(self) -> ComposeResult:
        """Lay out what is shown, the classes and what comes next."""
        with Vertical(classes="dialog wide"):
            yield Static(Text(f"Label everything that {clip(self._view.name, 40)} shows"), classes="title")
            yield Static(id="count")
            yield RowList(_OTHERS, id="sample")
            yield ClassBar(id="all-classes")
            yield Static(id="next")

    def on_mount(self) -> None:
        """Show what would be labeled."""
        self._draw()

    @on(events.Key)
    def _press(self, event: events.Key) -> None:
        event.stop()
        bar = self.query_one(ClassBar)
        pressed = bar.press(event.key, event.character)
        if pressed.chosen is not None:
            self._choose(pressed.chosen)
        elif pressed.used:
            return
        elif self.query_one(RowList).press(event.key):
            self._draw()
        elif event.key == "escape":
            self.dismiss(None)
        elif event.key == "asterisk":
            self._overwrite = not self._overwrite
            self._rows = self._session.select_bulk_rows(self._view.rows, overwrite=self._overwrite)
            self._draw()
        elif event.key == "enter" and self._chosen and len(self._wanted):
            self.dismiss((self._wanted, self._session.join_classes(self._chosen)))

    @property
    def _wanted(self) -> RowNumbers:
        """The rows that would be labeled: those shown and not left out."""
        out = self.query_one(RowList).left_out
        return self._rows[~np.isin(self._rows, list(out))] if out else self._rows

    @on(RowList.Changed)
    def _move_in_list(self) -> None:
        self._draw()

    @on(Chips.Pressed)
    def _click(self, event: Chips.Pressed) -> None:
        self._choose(event.name)

    def _choose(self, label: str) -> None:
        if not self._session.task.multi_label:
            self._chosen = [label]
        elif label in self._chosen:
            self._chosen.remove(label)
        else:
            self._chosen.append(label)
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


def _count_rows(rows: RowNumbers) -> str:
    return "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
