"""The table of runs on the screen, a page at a time: as many runs as there are lines."""

from collections.abc import Collection, Sequence
from datetime import datetime

from rich.text import Text
from textual import events, on
from textual.message import Message
from textual.widget import Widget

from txt.runs.summary import RunSummary
from txt.wording.run_table import format_runs


class RunTable(Widget):
    """Shows a page of runs, one of them chosen and some marked."""

    class Opened(Message):
        """The chosen run was clicked once more."""

    class Chosen(Message):
        """Another run was chosen."""

    def __init__(self) -> None:
        super().__init__(id="run-table")
        self._runs: Sequence[RunSummary] = ()
        self._best: frozenset[str] = frozenset()
        self._marked: Collection[str] = ()
        self._at = 0

    @property
    def chosen(self) -> RunSummary | None:
        """The run that the keys are about; None where none is shown."""
        return self._runs[self._at] if self._runs else None

    @property
    def page(self) -> str:
        """Which of how many pages is shown; empty where there is only one."""
        pages = -(-len(self._runs) // self._rows)
        return f"page {self._at // self._rows + 1} of {pages}" if pages > 1 else ""

    def show(self, runs: Sequence[RunSummary], best: frozenset[str], marked: Collection[str]) -> None:
        """Show other runs; the chosen one stays so, if it is among them."""
        name = self.chosen.name if self.chosen else None
        self._runs, self._best, self._marked = runs, best, marked
        places = [place for place, run in enumerate(runs) if run.name == name]
        self.move_to(places[0] if places else self._at)

    def move(self, rows: int = 0, pages: int = 0) -> None:
        """Choose the run so many rows or pages further."""
        self.move_to(self._at + rows + pages * self._rows)

    def move_to(self, place: int) -> None:
        """Choose the run at a place, or the nearest there is."""
        self._at = max(0, min(place, len(self._runs) - 1))
        self.refresh()
        self.post_message(self.Chosen())

    def render(self) -> Text:
        """Draw the page."""
        width, first = self.size.width - 2, self._at - self._at % self._rows
        runs = self._runs[first : first + self._rows]
        if not runs:
            return Text("no runs here", style="dim")
        now = datetime.now().astimezone()
        lines = []
        for place, line in enumerate(format_runs(runs, width, now, self._best, below=False), first - 1):
            marked = place >= first and self._runs[place].name in self._marked
            line = Text("● " if marked else "  ").append_text(line)
            if place == self._at:
                line.pad_right(self.size.width - line.cell_len)
                line.stylize("reverse")
            lines.append(line)
        return Text("\n", no_wrap=True).join(lines)

    @property
    def _rows(self) -> int:
        return max(self.size.height - 1, 1)

    @on(events.Click)
    def _click(self, event: events.Click) -> None:
        place = self._at - self._at % self._rows + event.y - 1
        if event.y > 0 and place < len(self._runs):
            if place == self._at:
                self.post_message(self.Opened())
            self.move_to(place)

    @on(events.MouseScrollDown)
    def _choose_next(self) -> None:
        self.move(1)

    @on(events.MouseScrollUp)
    def _choose_previous(self) -> None:
        self.move(-1)
