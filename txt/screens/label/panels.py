"""The quiet parts around the text: file and progress above, what is known of the row below, counts and pace beside."""

import time
from collections.abc import Callable, Sequence

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from txt.labeling.item import Item, Opinion, RecentDecision, Suggestion
from txt.labeling.search import Search
from txt.labeling.session import LabelSession
from txt.sanitize import clip, sanitize
from txt.screens.label.reading_layout import lay_out
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
        progress, width = session.progress(), lay_out(*self.app.size).width - 2 * _MARGIN
        right, share = label_lines.format_progress(progress), progress.done / max(progress.total, 1)
        right[1:1] = [model] if model else []
        if read is not None:
            right, share = [f"{progress.done:,} done", f"reading the file {read:.0%}"], 0.0
        name = label_lines.format_file_name(session).append_text(label_lines.format_place(session, search))
        self.query_one("#top", Static).update(label_lines.join_left_right(name, right, width), layout=False)
        self.query_one("#rule", Static).update(label_lines.draw_progress_rule(share, width), layout=False)


class Marks(Static):
    """What is known of the row, or what is wrong; and at the right end what the last key did."""

    def show(
        self, session: LabelSession, item: Item | None, notice: str, trouble: str, opinions: Sequence[Opinion] = ()
    ) -> None:
        """Show the row's marks, and `opinions` that differ, unless there is trouble to tell."""
        line = label_lines.describe_marks(item, session.task.annotator) if item else Text("")
        if label_lines.differ(opinions):
            line = Text(" · ").join([label_lines.join_opinions(opinions), *([line] if line else [])])
        if session.pending:
            trouble = f"{label_lines.describe_unsaved(session)}. Trying again …"
        if trouble:
            line = Text(f"! {sanitize(trouble)}", style="bold reverse")
        layout = lay_out(*self.app.size)
        width = layout.width - layout.side - 2 * _MARGIN
        self.update(label_lines.join_left_right(line, [sanitize(notice)], width), layout=False)


class SuggestionLine(Static):
    """What a rule or a model proposes; not there when nothing is proposed."""

    def show(self, suggestion: Suggestion | None, several: bool = False) -> None:
        """Show a suggestion, or nothing; of several labels, for which enter accepts what is marked."""
        if self.display != (suggestion is not None):
            self.display = suggestion is not None
        if suggestion is not None:
            who = "the model gives it" if suggestion.how == "model" else "the rules give it"
            who = f"by {suggestion.who}" if suggestion.who else who
            score = f" · {who} {suggestion.score:.0%}" if suggestion.score is not None else ""
            why = f" · {sanitize(suggestion.reason)}" if suggestion.reason else ""
            label = (clip(suggestion.label, 40), "bold")
            if several:
                head: list[str | tuple[str, str]] = [
                    "suggested: ",
                    (clip(label_lines.name_label(suggestion.label, several), 40), "bold"),
                ]
            elif suggestion.is_sure:
                head = ["suggested: ", label, (" · enter", "dim")]
            else:
                others = ", ".join(clip(name, 40) for name in suggestion.ranked if name != suggestion.label)
                head = ["perhaps: ", label, (f", {others}" if others else "", "")]
            line = Text.assemble(*head, score, why, no_wrap=True, overflow="ellipsis")
            self.update(line, layout=False)


class RecentList(Widget):
    """The last decisions, one a line; a click goes to the row of one."""

    class Chosen(Message):
        """The row of a decision was clicked."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._decisions: Sequence[RecentDecision] = ()

    def show(self, decisions: Sequence[RecentDecision]) -> None:
        """Show these decisions, the latest first."""
        changed = len(decisions) != len(self._decisions)
        self._decisions = decisions
        self.refresh(layout=changed)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the lines that the decisions take."""
        return max(len(self._decisions), 1)

    def render(self) -> Text:
        """Draw the decisions."""
        if not self._decisions:
            return Text("none yet", style="dim")
        return Text("\n", no_wrap=True).join(
            label_lines.format_recent(each, self.size.width) for each in self._decisions
        )

    @on(events.Click)
    def _click(self, event: events.Click) -> None:
        if event.y < len(self._decisions) and (row := self._decisions[event.y].row) is not None:
            self.post_message(self.Chosen(row))


class SidePanel(Vertical):
    """What was decided last, what others say of the row, and the pace, where there is room beside the text."""

    _drawn = 0.0

    def compose(self) -> ComposeResult:
        """Lay out the decisions, the opinions and the chart."""
        yield Static(Text("last decisions", style="bold"))
        yield RecentList(id="recent")
        yield Static(id="opinions")
        yield Static(id="chart")

    def show(self, recent: Sequence[RecentDecision], opinions: Sequence[Opinion]) -> None:
        """Show the last decisions, and the opinions on this row where there are several."""
        self.query_one(RecentList).show(recent)
        panel = self.query_one("#opinions", Static)
        lines: list[Text] = []
        if len(opinions) > 1:
            head = "they differ" if label_lines.differ(opinions) else "all alike"
            lines = [
                Text(""),
                Text(f"on this row, {head}", style="bold"),
                *label_lines.list_opinions(opinions, _SIDE_WIDTH),
            ]
        panel.update(Text("\n").join(lines), layout=panel.size.height != len(lines))
        panel.display = bool(lines)

    def show_chart(self, draw: Callable[[int, int], Text], *, now: bool = False) -> None:
        """Show a chart; that takes longer than a key may, so it is drawn every few seconds, or `now`."""
        if not self.display or (not now and time.monotonic() - self._drawn < _CHART_SECONDS):
            return
        self._drawn = time.monotonic()
        self.query_one("#chart", Static).update(draw(_SIDE_WIDTH, _CHART_HEIGHT), layout=False)
