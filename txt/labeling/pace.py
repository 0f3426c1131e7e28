"""Labeling speed: seconds for each decision without idle time, and the estimate for the rows that are left."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from statistics import median

IDLE_SECONDS = 30.0
"""Of a longer stretch without any key, only this much counts as work."""

_RECENT = 200
_ENOUGH = 5


class Stopwatch:
    """The active seconds since an item came on screen."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.restart()

    def moment(self) -> float:
        """Return the time of the clock, in seconds."""
        return self._clock()

    def quiet_seconds(self) -> float:
        """Return the seconds since the last key."""
        return self._clock() - self._last

    def restart(self) -> None:
        """Begin a new item."""
        self._seconds = 0.0
        self._last = self._clock()

    def touch(self) -> None:
        """Note that a key was pressed."""
        moment = self._clock()
        self._seconds += min(moment - self._last, IDLE_SECONDS)
        self._last = moment

    def seconds(self) -> float:
        """Return the active seconds up to now."""
        self.touch()
        return self._seconds


class Pace:
    """Seconds a decision: all of this sitting, and the most recent ones, sittings before included."""

    def __init__(self, before: Iterable[float] = ()) -> None:
        self.sitting: list[float] = []
        self._recent = deque(before, maxlen=_RECENT)

    def add(self, seconds: float) -> None:
        """Note a decision."""
        self.sitting.append(seconds)
        self._recent.append(seconds)

    def has_enough(self) -> bool:
        """Tell whether there are enough decisions to speak of a pace."""
        return len(self._recent) >= _ENOUGH

    def median(self) -> float | None:
        """Return the median seconds a decision lately, or None before the first."""
        return median(self._recent) if self._recent else None

    def left(self, rows: int) -> float | None:
        """Return the seconds that so many rows will take at this pace."""
        typical = self.median()
        return None if typical is None else typical * rows
