"""The numbers of a run that is watched: of every step in bounded memory, of every evaluation, and its pace.

Of a long run, minimum, mean and maximum of each bucket of steps are kept.
"""

from array import array
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from txt.runs.event_index import VALUES
from txt.runs.events import Evaluation
from txt.runs.feed import ROW_TYPE, StepRows

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]

MOST_BUCKETS = 1 << 18
_FIRST_BUCKETS = 1 << 10
_LOW, _MEAN, _HIGH = range(3)
_STEPS_KEPT = 200  # for the pace
_RECENT_SECONDS = 20.0


@dataclass(frozen=True)
class CurveSegment:
    """A piece of a curve, a point a bucket: `xs`, `low`, `mean` and `high` (N,)."""

    xs: Floats
    low: Singles
    mean: Singles
    high: Singles


class StepCurves:
    """Takes in the rows of steps and gives stretches of any of VALUES, over steps or over time.

    Each bucket holds `width` rows; when there are too many buckets, two become one.
    """

    def __init__(self, most: int = MOST_BUCKETS) -> None:
        self._most = most
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.width = 1
        self._count = 0
        self._xs = np.empty((2, _FIRST_BUCKETS))  # last step and time of each bucket
        self._values = np.empty((3, len(VALUES), _FIRST_BUCKETS), np.float32)  # low, mean, high
        self._rest = np.empty(0, ROW_TYPE)  # rows that do not fill a bucket yet

    @property
    def last(self) -> np.void | None:
        """The last row, as far as it is kept."""
        return self._last if self._count or len(self._rest) else None

    def add(self, rows: StepRows) -> None:
        """Take in the steps that came next."""
        if not len(rows):
            return
        self._last = rows[-1]
        rows = np.concatenate([self._rest, rows]) if len(self._rest) else rows
        while self._count + len(rows) // self.width > self._most:
            self._halve()
        whole = len(rows) // self.width * self.width
        self._append(rows[:whole])
        self._rest = rows[whole:].copy()

    def cut(self, step: int) -> None:
        """Forget what came after a step, since the training went on from there."""
        self._rest = self._rest[self._rest["step"] <= step]
        self._count = int(np.searchsorted(self._xs[0, : self._count], step, side="right"))

    def span(self, over: str) -> tuple[float, float]:
        """Return the first and the last `step` or `time`; zeros while there is none."""
        xs = self._axis(over)
        return (float(xs[0]), float(xs[-1])) if len(xs) else (0.0, 0.0)

    def curve_segment(self, name: str, over: str, first: float, last: float, beside: int = 0) -> CurveSegment:
        """Return the curve of one of VALUES from `first` to `last`, and so many buckets more on both sides."""
        place, xs = VALUES.index(name), self._axis(over)
        begin = max(int(np.searchsorted(xs, first)) - beside, 0)
        end = min(int(np.searchsorted(xs, last, side="right")) + beside, len(xs))
        kept = self._values[:, place, begin : min(end, self._count)]
        if end > self._count and len(self._rest):
            rest = self._rest["values"][:, place]
            tail = [[rest.min()], [rest.mean()], [rest.max()]]
            kept = np.concatenate([kept, np.array(tail, np.float32)], axis=1)
        return CurveSegment(xs[begin:end], *kept)

    def _axis(self, over: str) -> Floats:
        xs = self._xs[0 if over == "step" else 1, : self._count]
        return np.append(xs, float(self._rest[over][-1])) if len(self._rest) else xs

    def _append(self, rows: StepRows) -> None:
        added = len(rows) // self.width
        if not added:
            return
        self._grow(self._count + added)
        place = slice(self._count, self._count + added)
        self._xs[0, place] = rows["step"][self.width - 1 :: self.width]
        self._xs[1, place] = rows["time"][self.width - 1 :: self.width]
        values = np.ascontiguousarray(rows["values"].T)  # (V, N)
        if self.width == 1:
            self._values[:, :, place] = values
        else:
            starts = np.arange(0, len(rows), self.width)
            self._values[_LOW, :, place] = np.minimum.reduceat(values, starts, axis=1)
            self._values[_MEAN, :, place] = np.add.reduceat(values, starts, axis=1) / np.float32(self.width)
            self._values[_HIGH, :, place] = np.maximum.reduceat(values, starts, axis=1)
        self._count += added

    def _halve(self) -> None:
        """Make one bucket of two; the last of an odd number stays as it is."""
        even, half = self._count // 2 * 2, self._count // 2
        odd = self._count - even
        low, mean, high = self._values
        low[:, :half] = np.minimum(low[:, 0:even:2], low[:, 1:even:2])
        mean[:, :half] = (mean[:, 0:even:2] + mean[:, 1:even:2]) / 2
        high[:, :half] = np.maximum(high[:, 0:even:2], high[:, 1:even:2])
        self._xs[:, :half] = self._xs[:, 1:even:2]
        if odd:
            self._values[:, :, half] = self._values[:, :, even]
            self._xs[:, half] = self._xs[:, even]
        self._count, self.width = half + odd, self.width * 2

    def _grow(self, needed: int) -> None:
        room = self._xs.shape[1]
        if needed <= room:
            return
        extra = max(min(2 * room, self._most), needed) - room
        self._xs = np.concatenate([self._xs, np.empty((2, extra))], axis=1)
        self._values = np.concatenate([self._values, np.empty((3, len(VALUES), extra), np.float32)], axis=2)


@dataclass
class ScoreColumns:
    """The numbers of all evaluations, as columns; the confusion only of the last."""

    columns: dict[str, "array[float]"] = field(default_factory=dict)
    last: Evaluation | None = None
    best: Evaluation | None = None

    def __len__(self) -> int:
        return len(self.columns["step"]) if self.columns else 0

    def add(self, event: Evaluation) -> None:
        """Take in an evaluation."""
        numbers = {"step": event.step, "time": event.time, "val_loss": event.val_loss, **event.metrics}
        before = len(self)
        for name in [name for name in numbers if name not in self.columns]:
            self.columns[name] = array("d", [float("nan")]) * before
        for name, value in numbers.items():
            self.columns[name].append(value)
        for name in self.columns.keys() - numbers.keys():
            self.columns[name].append(float("nan"))
        self.last = event
        if event.best:
            self.best = event

    def cut(self, step: int) -> None:
        """Forget what came after a step."""
        kept = int(np.searchsorted(self.get_column("step"), step, side="right"))
        for column in self.columns.values():
            del column[kept:]
        if self.last and self.last.step > step:
            self.last = None
        if self.best and self.best.step > step:
            self.best = None

    def get_column(self, name: str) -> Floats:
        """Return one number of all evaluations (N,)."""
        return np.array(self.columns.get(name, ()), np.float64)


class StepPace:
    """Remembers when the last steps were taken."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque(maxlen=_STEPS_KEPT)

    def add(self, rows: StepRows) -> None:
        """Take in the steps that came next."""
        late = rows[-_STEPS_KEPT:]
        self._steps.extend(zip(late["time"].tolist(), late["step"].tolist(), strict=True))

    def clear(self) -> None:
        """Forget all steps after a pause: its duration says nothing about the pace."""
        self._steps.clear()

    def estimate_seconds(self, step: int) -> float | None:
        """Return how long it will be until a step; None where nothing can be said."""
        if not step or len(self._steps) < 2:
            return None
        (then, first), (late, last) = self._find_recent(), self._steps[-1]
        if last <= first or late <= then:
            return None
        return (step - last) * (late - then) / (last - first)

    def _find_recent(self) -> tuple[float, int]:
        """Return where the pace is measured from: a while ago, and at least half of what is known."""
        late = self._steps[-1][0]
        for when, step in self._steps:
            if late - when <= max(_RECENT_SECONDS, (late - self._steps[0][0]) / 2):
                return when, step
        return self._steps[0]
