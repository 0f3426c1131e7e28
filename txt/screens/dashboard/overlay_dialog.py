"""The dialog that chooses other runs, whose curves are drawn over those of this run."""

from collections.abc import Collection, Sequence
from pathlib import Path

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from txt.runs.folder import Run
from txt.sanitize import clip
from txt.screens.widgets.chips import Chip, Chips
from txt.screens.widgets.dialogs import Dialog

_SHOWN = 12


class RunChoiceDialog(Dialog[list[Path] | None]):
    """A list of runs to mark with space; enter takes those marked, esc leaves things as they were."""

    def __init__(self, runs: Sequence[Run], chosen: Collection[Path]) -> None:
        super().__init__()
        self._runs = runs
        self._marked = {run.path for run in runs if run.path.resolve() in chosen}
        self._at = 0

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Vertical(classes="dialog"):
            yield Static(Text("Draw over it"), classes="title")
            yield Static(id="body")
            yield Chips([Chip("show", "enter", "show those marked"), Chip("back", "esc", "back")])
            yield Static(Text("space or a click marks"), classes="quiet")

    def on_mount(self) -> None:
        """Show the list."""
        self._draw()

    @on(events.Key)
    def _press(self, event: events.Key) -> None:
        event.stop()
        self._obey(event.key)

    def _obey(self, key: str) -> None:
        path = self._runs[self._at].path
        match key:
            case "up" | "k":
                self._at = max(self._at - 1, 0)
            case "down" | "j":
                self._at = min(self._at + 1, len(self._runs) - 1)
            case "space":
                self._marked ^= {path}
            case "enter":
                self.dismiss([run.path for run in self._runs if run.path in (self._marked or {path})])
            case "escape":
                self.dismiss(None)
        self._draw()

    @on(events.Click, "#body")
    def _click(self, event: events.Click) -> None:
        place = self._find_first() + event.y
        if place < len(self._runs):
            self._at = place
            self._marked ^= {self._runs[place].path}
            self._draw()

    @on(events.MouseScrollDown)
    def _scroll_down(self) -> None:
        self._at = min(self._at + 1, len(self._runs) - 1)
        self._draw()

    @on(events.MouseScrollUp)
    def _scroll_up(self) -> None:
        self._at = max(self._at - 1, 0)
        self._draw()

    @on(Chips.Pressed)
    def _press_chip(self, event: Chips.Pressed) -> None:
        self._obey("enter" if event.name == "show" else "escape")

    def _find_first(self) -> int:
        return min(max(self._at - _SHOWN // 2, 0), max(len(self._runs) - _SHOWN, 0))

    def _draw(self) -> None:
        first = self._find_first()
        lines = []
        for place, run in enumerate(self._runs[first : first + _SHOWN], first):
            mark = "●" if run.path in self._marked else "○"
            lines.append(Text(f" {mark} {clip(run.name, 50)} ", "reverse" if place == self._at else ""))
        self.query_one("#body", Static).update(Text("\n").join(lines))
