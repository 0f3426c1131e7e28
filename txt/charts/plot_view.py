"""The view of a run's plots: x-axis, smoothing and visible part; and the position of a step on that axis."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from txt.runs.live import WatchedRun

Floats = npt.NDArray[np.float64]
Place = TypeVar("Place", float, Floats)

AXES = ("step", "epoch", "time")
SMOOTHINGS = (0.0, 0.02, 0.1)
"""Window widths of the smoothing, as shares of the visible part; windows are centred, so curves do not lag."""

_SMALLEST_ZOOM = 1e-4


@dataclass(frozen=True)
class PlotView:
    """How plots are seen: over what, how smooth, and which stretch of it, as shares of the whole.

    A stretch that reaches to the end (`right` is 1) follows it. `cross` is where the crosshair is, as a share of the
    stretch, or None.
    """

    over: str = "step"
    smoothing: int = 1
    logarithmic: bool = False
    metric: str = "accuracy"
    width: float = 1.0
    right: float = 1.0
    cross: float | None = None

    def zoom_view(self, factor: float, at: float | None = None) -> "PlotView":
        """Return the view with a stretch `factor` times as wide, about a share of it, or else its middle.

        Without a place, a stretch that follows the end goes on following it.
        """
        width = min(max(self.width * factor, _SMALLEST_ZOOM), 1.0)
        if at is None:
            middle = self.right - self.width / 2
            right = 1.0 if self.right >= 1.0 else middle + width / 2
        else:
            right = self.right + (self.width - width) * (at - 1)
        return replace(self, width=width, right=min(max(right, width), 1.0))

    def move_cross(self, share: float) -> "PlotView":
        """Return the view with the crosshair moved by a share of the stretch."""
        return replace(self, cross=min(max((0.5 if self.cross is None else self.cross) + share, 0.0), 1.0))

    def shift_view(self, share: float) -> "PlotView":
        """Return the view moved along by a share of its stretch."""
        return replace(self, right=min(max(self.right + share * self.width, self.width), 1.0))

    def switch_axis(self) -> "PlotView":
        """Return the view over the next of AXES."""
        return replace(self, over=AXES[(AXES.index(self.over) + 1) % len(AXES)])

    def switch_smoothing(self) -> "PlotView":
        """Return the view with the next of SMOOTHINGS."""
        return replace(self, smoothing=(self.smoothing + 1) % len(SMOOTHINGS))

    def switch_metric(self, names: Sequence[str]) -> "PlotView":
        """Return the view of the metric after its own."""
        place = names.index(self.metric) + 1 if self.metric in names else 0
        return replace(self, metric=names[place % len(names)])


MOVES: Mapping[str, Callable[[PlotView], PlotView]] = {
    "up": partial(PlotView.zoom_view, factor=0.5),
    "down": partial(PlotView.zoom_view, factor=2.0),
    "left": partial(PlotView.shift_view, share=-0.25),
    "right": partial(PlotView.shift_view, share=0.25),
    "end": lambda view: replace(view, right=1.0),
    "home": lambda view: replace(view, width=1.0, right=1.0),
}
"""What keys do to the stretch that is seen."""


@dataclass(frozen=True)
class Scene:
    """What plots are made from: the run, earlier ones to lay behind it, and the view."""

    run: WatchedRun
    view: PlotView = PlotView()
    earlier: Sequence[WatchedRun] = field(default=())

    @property
    def cross(self) -> float | None:
        """Where the crosshair is, in the axis's own numbers."""
        left, right = self.window
        return None if self.view.cross is None else left + self.view.cross * (right - left)

    @property
    def window(self) -> tuple[float, float]:
        """The stretch that is seen, in the axis's own numbers."""
        runs = (self.run, *self.earlier)
        end = max([*(_find_end(each, self.view.over) for each in runs), 1e-9])
        return (self.view.right - self.view.width) * end, self.view.right * end


def _find_end(run: WatchedRun, over: str) -> float:
    """Return where the last thing measured lies: the steps of a ladder have scores and no train loss."""
    step, when = (run.steps.span(each)[1] for each in ("step", "time"))
    if run.scores.last is not None:
        step, when = max(step, run.scores.last.step), max(when, run.scores.last.time)
    return locate_step(run, over, step, when)


def locate_step(run: WatchedRun, over: str, step: Place, when: Place) -> Place:
    """Return where on an axis a step lies that was taken at a time; of many at once, (N,)."""
    if over == "time":
        return when - (run.begun or 0.0)
    return step / run.steps_per_epoch if over == "epoch" else step


def find_step_at(run: WatchedRun, over: str, place: float) -> float:
    """Return the step, or over time the time, of a place on the axis."""
    if over == "time":
        return place + (run.begun or 0.0)
    return place * run.steps_per_epoch if over == "epoch" else place
