"""The table of runs on the screen, a page at a time: as many runs as there are lines."""

from collections.abc import Collection, Sequence
from datetime import datetime

from rich.text import Text

from txt.runs.summary import RunSummary
from txt.screens.widgets.choice_list import ChoiceList
from txt.wording.run_table import format_runs


class RunTable(ChoiceList[RunSummary]):
    """Shows a page of runs, one of them chosen and some marked."""

    def __init__(self) -> None:
        super().__init__(id="run-table")
        self._best: frozenset[str] = frozenset()
        self._marked: Collection[str] = ()

    @property
    def page(self) -> str:
        """Which of how many pages is shown; empty where there is only one."""
        pages = -(-len(self._items) // self._rows)
        return f"page {self._at // self._rows + 1} of {pages}" if pages > 1 else ""

    def show(self, runs: Sequence[RunSummary], best: frozenset[str], marked: Collection[str]) -> None:
        """Show other runs; the chosen one stays so, if it is among them."""
        name = self.chosen.name if self.chosen else None
        self._items, self._best, self._marked = runs, best, marked
        places = [place for place, run in enumerate(runs) if run.name == name]
        self.move_to(places[0] if places else self._at)

    def move_pages(self, pages: int) -> None:
        """Choose the run so many pages further."""
        self.move(pages * self._rows)

    def render(self) -> Text:
        """Draw the page."""
        width, first = self.size.width - 2, self._at - self._at % self._rows
        runs = self._items[first : first + self._rows]
        if not runs:
            return Text("no runs here", style="dim")
        now = datetime.now().astimezone()
        lines = []
        for place, line in enumerate(format_runs(runs, width, now, self._best, below=False), first - 1):
            marked = place >= first and self._items[place].name in self._marked
            line = Text("● " if marked else "  ").append_text(line)
            if place == self._at:
                line.pad_right(self.size.width - line.cell_len)
                line.stylize("reverse")
            lines.append(line)
        return Text("\n", no_wrap=True).join(lines)

    @property
    def _rows(self) -> int:
        return max(self.size.height - 1, 1)

    def _find_clicked(self, line: int) -> int | None:
        place = self._at - self._at % self._rows + line - 1
        return place if line > 0 and place < len(self._items) else None
