"""The dialog that labels all rows of a filter: shows them first, then asks for a class and enter."""

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

_SHOWN = 5


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
            yield Static(id="sample", classes="quiet")
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
        elif event.key == "escape" and not pressed.used:
            self.dismiss(None)
        elif event.key == "asterisk":
            self._overwrite = not self._overwrite
            self._rows = self._session.select_bulk_rows(self._view.rows, overwrite=self._overwrite)
            self._draw()
        elif event.key == "enter" and not pressed.used and self._chosen and len(self._rows):
            self.dismiss((self._rows, self._session.join_classes(self._chosen)))

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
        count = Text.assemble((f"{len(self._rows):,} rows", "bold"), " would be labeled")
        if kept:
            count.append(f" · {kept:,} have a label or are somebody else's, and stay · * takes the labeled ones in")
        elif self._overwrite:
            count.append(" · * leaves those with a label out")
        self.query_one("#count", Static).update(count)
        width = max(self.size.width - 22, 20)
        lines = [f"{row + 1:>9,}  {clip(session.rows.text(row), width)}" for row in self._rows[:_SHOWN].tolist()]
        more = len(self._rows) - len(lines)
        self.query_one("#sample", Static).update(
            Text("\n".join([*lines, f"{'':>9}  and {more:,} more"] if more else lines))
        )
        self.query_one(ClassBar).show(session.classes, session.keys, marked=self._chosen)
        self.query_one("#next", Static).update(self._describe_next_step())

    def _describe_next_step(self) -> Text:
        if not len(self._rows):
            return Text("nothing to label here · esc goes back", style="bold")
        if not self._chosen:
            return Text("a key chooses the class · esc goes back")
        chosen = clip(" and ".join(self._chosen), 40)
        return Text.assemble(
            ("enter", "bold"), f" labels {len(self._rows):,} rows {chosen}, one undo takes it back · esc"
        )
