"""The quiet parts around the text: file and progress above, what is known of the row below, counts and pace beside."""

import time
from collections.abc import Mapping, Sequence

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from txt.charts.plot import draw_bars
from txt.labeling.item import Item, Suggestion
from txt.labeling.search import Search
from txt.labeling.session import LabelSession
from txt.sanitize import clip, sanitize
from txt.wording import labeling as label_lines

_MARGIN = 2  # cells, on both sides; taken off the app's width, which is known before the first layout
_SIDE_WIDTH = 30
_CHART_HEIGHT = 8
_CHART_SECONDS = 5.0


class TopLine(Vertical):
    """The file and the row, the progress in the corner, and how far that is as a thin line."""

    def compose(self) -> ComposeResult:
        """Lay out the line and the rule below it."""
        yield Static(id="top")
        yield Static(id="rule")

    def show(self, session: LabelSession, search: Search | None, read: float | None, model: str = "") -> None:
        """Show where things are.

        `read` is the share of a file that is still being read, None for a whole one; `model` tells of the model.
        """
        progress, width = session.progress(), self.app.size.width - 2 * _MARGIN
        right, share = label_lines.format_progress(progress), progress.done / max(progress.total, 1)
        right[1:1] = [model] if model else []
        if read is not None:
            right, share = [f"{progress.done:,} done", f"reading the file {read:.0%}"], 0.0
        name = label_lines.format_file_name(session).append_text(label_lines.format_place(session, search))
        self.query_one("#top", Static).update(label_lines.join_left_right(name, right, width), layout=False)
        self.query_one("#rule", Static).update(label_lines.draw_progress_rule(share, width), layout=False)


class Marks(Static):
    """What is known of the row, or what is wrong; and at the right end what the last key did."""

    def show(self, session: LabelSession, item: Item | None, notice: str, trouble: str) -> None:
        """Show the row's marks, unless there is trouble to tell."""
        line = label_lines.describe_marks(item, session.task.annotator) if item else Text("")
        if session.pending:
            trouble = f"{label_lines.describe_unsaved(session)}. Trying again …"
        if trouble:
            line = Text(f"! {sanitize(trouble)}", style="bold reverse")
        self.update(
            label_lines.join_left_right(line, [sanitize(notice)], self.app.size.width - 2 * _MARGIN), layout=False
        )


class SuggestionLine(Static):
    """What a rule or a model proposes; not there when nothing is proposed."""

    def show(self, suggestion: Suggestion | None) -> None:
        """Show a suggestion, or nothing."""
        if self.display != (suggestion is not None):
            self.display = suggestion is not None
        if suggestion is not None:
            score = f" {suggestion.score:.0%}" if suggestion.score is not None else ""
            why = f" · {sanitize(suggestion.reason)}" if suggestion.reason else ""
            label = (clip(suggestion.label, 40), "bold")
            line = Text.assemble(
                "suggested: ", label, score, (" · enter", "dim"), why, no_wrap=True, overflow="ellipsis"
            )
            self.update(line, layout=False)


class SidePanel(Vertical):
    """The classes as bars and the pace as a chart, where there is room beside the text."""

    _drawn = 0.0

    def compose(self) -> ComposeResult:
        """Lay out the bars and the chart."""
        yield Static(id="bars")
        yield Static(id="chart")

    def show(self, counts: Mapping[str, int]) -> None:
        """Show the number of rows of each class."""
        panel = self.query_one("#bars", Static)
        accent = Style(color=self.screen.query_one("#rule").rich_style.color)
        shown = {clip(name, 20): count for name, count in counts.items()}
        panel.update(draw_bars(shown, _SIDE_WIDTH, accent), layout=panel.size.height != len(shown))

    def show_pace(self, seconds: Sequence[float], *, now: bool = False) -> None:
        """Show the pace; that takes longer than a key may, so it is drawn every few seconds, or `now`."""
        if not self.display or (not now and time.monotonic() - self._drawn < _CHART_SECONDS):
            return
        self._drawn = time.monotonic()
        chart = label_lines.draw_pace_chart(seconds, _SIDE_WIDTH, _CHART_HEIGHT)
        self.query_one("#chart", Static).update(chart, layout=False)
