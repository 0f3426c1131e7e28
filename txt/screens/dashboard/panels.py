"""The parts of the dashboard: plots that are drawn only when something changed, the log, and the drawing budget."""

import time
from collections.abc import Callable, Hashable, Sequence

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from txt.charts.plot import ChartRows
from txt.charts.plot_view import Scene
from txt.charts.run_plots import PLOTS
from txt.screens.widgets.text_rows import TextRows

PLOT_NAMES = tuple(PLOTS)
_WHEEL = 0.7  # how much narrower the stretch gets with each turn of the wheel


class PlotPanel(TextRows):
    """One plot, by its name in PLOTS; a click asks to see it alone."""

    class Clicked(Message):
        """The plot was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    class Zoomed(Message):
        """The wheel was turned over the plot: show a stretch `factor` times as wide about a share of it."""

        def __init__(self, factor: float, at: float) -> None:
            super().__init__()
            self.factor, self.at = factor, at

    class Pointed(Message):
        """The mouse is over a share of the stretch that the plot shows."""

        def __init__(self, at: float) -> None:
            super().__init__()
            self.at = at

    def __init__(self, name: str) -> None:
        super().__init__(id=f"plot-{name}", classes="plot")
        self._field = (0, 0)
        self._plot = name
        self._scene: tuple[Scene, Hashable] | None = None
        self._drawn: Hashable = None

    def draw(self, scene: Scene, version: Hashable) -> None:
        """Draw the plot for a scene, unless it is drawn already in this version and size."""
        self._scene, size = (scene, version), self.size
        if not self.display or not size.width or self._drawn == (version, size):
            return
        self._drawn = version, size
        rows = PLOTS[self._plot](scene, size.width, size.height)
        self._field = (rows.left, rows.columns) if isinstance(rows, ChartRows) else (0, 0)
        self.show(rows)

    def on_resize(self, _event: events.Resize) -> None:
        """Draw the plot for the room it has now."""
        if self._scene is not None:
            self.draw(*self._scene)

    def on_click(self) -> None:
        """Ask to see this plot alone, or all again."""
        self.post_message(self.Clicked(self._plot))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Ask to see less, larger."""
        self._zoom(event, _WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Ask to see more."""
        self._zoom(event, 1 / _WHEEL)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Tell where the mouse is."""
        if (share := self._find_share(event.x)) is not None:
            self.post_message(self.Pointed(share))

    def _zoom(self, event: events.MouseEvent, factor: float) -> None:
        event.stop()
        if (share := self._find_share(event.x)) is not None:
            self.post_message(self.Zoomed(factor, share))

    def _find_share(self, x: float) -> float | None:
        """Return which share of the stretch a cell shows; None beside the field."""
        left, columns = self._field
        return (x - left) / max(columns - 1, 1) if left <= x < left + columns else None


class Plots(Container):
    """Four plots side by side, or one alone."""

    def compose(self) -> ComposeResult:
        """Lay out all plots; the confusion shows only alone."""
        for name in PLOT_NAMES:
            yield PlotPanel(name)

    def show_alone(self, name: str | None) -> None:
        """Show one plot, or the four."""
        self.set_class(name is not None, "alone")
        for panel in self.query(PlotPanel):
            panel.display = panel.id == f"plot-{name}" if name else panel.id != "plot-confusion"

    def draw(self, scene: Scene, version: Hashable) -> None:
        """Draw what is seen and has changed."""
        for panel in self.query(PlotPanel):
            panel.draw(scene, version)


class LogPane(TextRows):
    """The last lines of what happened; pages back."""

    def __init__(self) -> None:
        super().__init__(id="log")
        self._all: Sequence[Text] = ()
        self._back = 0

    def show_lines(self, lines: Sequence[Text]) -> None:
        """Show the newest of these lines, or the same old ones when paged back."""
        if self._back:
            self._back = min(self._back + max(len(lines) - len(self._all), 0), max(len(lines) - 1, 0))
        self._all = lines
        self._draw()

    def page(self, pages: int) -> None:
        """Page back (positive) or forth."""
        most = max(len(self._all) - self.size.height, 0)
        self._back = min(max(self._back + pages * max(self.size.height - 1, 1), 0), most)
        self._draw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Page back."""
        event.stop()
        self.page(1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Page forth."""
        event.stop()
        self.page(-1)

    def _draw(self) -> None:
        end = len(self._all) - self._back
        self.show(self._all[max(end - self.size.height, 0) : end])

    def on_resize(self, _event: events.Resize) -> None:
        """Show as many lines as there is room for."""
        self._draw()


class DrawingBudget:
    """Keeps this thread's processor time below a `share` of a core, with a drawing every `least` to `most` seconds.

    A training on all cores is slowed down by every moment in which its viewer uses one of them.
    """

    def __init__(
        self,
        share: float,
        least: float,
        most: float,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        self._share, self._least, self._most = share, least, most
        self._clock, self._spent = clock, spent
        self._last = float("-inf")
        self._spent_before = 0.0

    def allows(self) -> bool:
        """Return whether it is time to draw."""
        waited = self._clock() - self._last
        return waited >= self._most or (
            waited >= self._least and self._spent() - self._spent_before <= self._share * waited
        )

    def begin(self) -> None:
        """Record that a drawing begins: processor time used from now on delays the next drawing."""
        self._last, self._spent_before = self._clock(), self._spent()
