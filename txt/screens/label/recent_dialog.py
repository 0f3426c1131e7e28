"""The dialog of the last decisions: enter or a click goes to the row of one."""

from collections.abc import Sequence

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from txt.labeling.item import RecentDecision
from txt.labeling.session import LabelSession
from txt.sanitize import clip
from txt.screens.widgets.dialogs import Dialog
from txt.wording.labeling import format_recent

_DECISION_WIDTH = 34


class RecentDialog(Dialog[int | None]):
    """A list of decisions, the latest first; answers with a row to go to."""

    def __init__(self, session: LabelSession, decisions: Sequence[RecentDecision]) -> None:
        super().__init__()
        self._session, self._decisions = session, decisions
        self._at = 0

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="dialog wide"):
            yield Static(Text("Your last decisions"), classes="title")
            yield Static(id="body")
            yield Static(Text("enter goes to the row · esc goes back"), classes="quiet")

    def on_mount(self) -> None:
        """Show the list."""
        self._draw()

    @on(events.Key)
    def _press(self, event: events.Key) -> None:
        event.stop()
        match event.key:
            case "up" | "k":
                self._at = max(self._at - 1, 0)
            case "down" | "j":
                self._at = min(self._at + 1, len(self._decisions) - 1)
            case "enter":
                self.dismiss(self._decisions[self._at].row)
            case "escape" | "full_stop":
                self.dismiss(None)
        self._draw()

    @on(events.Click, "#body")
    def _click(self, event: events.Click) -> None:
        if event.y < len(self._decisions):
            self.dismiss(self._decisions[event.y].row)

    def _draw(self) -> None:
        room = max(min(self.size.width, 110) - _DECISION_WIDTH - 12, 0)
        lines = []
        for place, each in enumerate(self._decisions):
            text = "" if each.row is None else self._session.rows.text(each.row)
            line = format_recent(each, _DECISION_WIDTH)
            line.append(f"  {clip(text, room)}" if room else "", "dim")
            if place == self._at:
                line.stylize("reverse")
            lines.append(line)
        self.query_one("#body", Static).update(Text("\n", no_wrap=True, overflow="ellipsis").join(lines))
