"""The screen of the learning-rate range test, and the chart of its curve."""

import time
from collections.abc import Callable, Iterator, Sequence

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from txt.actions import Action
from txt.charts.plot import Series, draw_line_chart
from txt.screens.app import ThemedApp
from txt.screens.keys import make_bindings
from txt.search.range_test import RangeTestStep
from txt.search.range_test_result import RangeTestResult, find_suggestion

_LEAVE = Action("leave", "q", "", "leave; nothing is written then", calls={"escape,ctrl+c,ctrl+q": "leave"})
_REDRAW_SECONDS = 0.3
MARKS = {
    "valley": "bright_green",
    "steepest": "bright_yellow",
    "slide": "magenta",
    "minimum": "cyan",
    "edge": "bright_green",
}


def draw_curve(finding: RangeTestResult, width: int, height: int) -> Text:
    """Draw the smoothed loss over the learning rate, the band of the repeats, and a line at each rule's suggestion.

    What lies far above the beginning is cut off: the explosion would leave no room for the fall.
    """
    points = finding.points
    if not points:
        return Text("")
    start = points[0].smoothed
    lowest = min(point.low for point in points)
    top = start + max(2 * (start - lowest), 0.002 * start)
    bottom = lowest - 0.1 * (top - lowest)
    rates = [point.lr for point in points]
    series = [
        Series(rates, [min(point.high, top) for point in points], color="bright_black"),
        Series(rates, [min(point.low, top) for point in points], color="bright_black"),
        Series(rates, [min(point.smoothed, top) for point in points], "loss, smoothed", "bright_blue"),
    ]
    for name, rate in _choose_marks(finding).items():
        series.append(Series([rate, rate], [bottom, top], f"{name} {rate:.1e}", MARKS.get(name, "bright_green")))
    return draw_line_chart(series, width, height, log_x=True, x_label="learning rate")


def _choose_marks(finding: RangeTestResult) -> dict[str, float]:
    if finding.suggestions:
        return finding.suggestions
    return {"half of what harms": finding.suggestion} if finding.suggestion else {}


class Stepped(Message):
    """Some steps of the test were taken."""


class LRFindApp(ThemedApp[list[RangeTestStep] | None]):
    """Runs the test and shows its curve grow; the result is all its steps, or None where it was left early."""

    TITLE = "txt lrfind"
    BINDINGS = make_bindings((_LEAVE,), priority=True)

    def __init__(self, test: Callable[[], Iterator[RangeTestStep]], rule: str, repeats: int) -> None:
        super().__init__()
        self._test, self._rule, self._repeats = test, rule, repeats
        self.tried: list[RangeTestStep] = []
        self._drawn = 0.0

    def compose(self) -> ComposeResult:
        """Lay out the state of the test above its curve."""
        with Vertical():
            yield Static(id="state", classes="title")
            yield Static(id="curve")
            yield Static("q, or a click here, leaves; nothing is written then", id="hint", classes="quiet")

    @on(events.Click, "#hint")
    def _leave_on_click(self) -> None:
        self.action_leave()

    def on_mount(self) -> None:
        """Begin the test."""
        self.query_one("#state", Static).update("building the model …")
        self._run_test()

    @work(thread=True, exit_on_error=True)
    def _run_test(self) -> None:
        worker = get_current_worker()
        for each in self._test():
            if worker.is_cancelled:
                return
            self.tried.append(each)
            if time.monotonic() - self._drawn > _REDRAW_SECONDS:
                self._drawn = time.monotonic()
                self.post_message(Stepped())
        self.call_from_thread(self.exit, self.tried)

    def on_stepped(self) -> None:
        """Draw the curve so far."""
        self.query_one("#state", Static).update(describe_state(self.tried, self._repeats))
        size = self.size
        finding = find_suggestion(list(self.tried), self._rule)
        self.query_one("#curve", Static).update(draw_curve(finding, size.width - 2, max(size.height - 3, 4)))

    def on_resize(self) -> None:
        """Draw the curve in the new size."""
        if self.tried:
            self.on_stepped()

    def action_leave(self) -> None:
        """Leave without a result."""
        self.workers.cancel_all()
        self.exit(None)


def describe_state(tried: Sequence[RangeTestStep], repeats: int) -> str:
    """Say in one line how far the test is."""
    last = tried[-1]
    done = f"test {last.repeat + 1} of {repeats}, step {last.step + 1}"
    return f"{done}, learning rate {last.rate:.1e}, loss {last.loss:.3f}"
