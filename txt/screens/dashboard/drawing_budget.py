"""When a screen may draw again: soon after a quiet while, and never so often that drawing takes more than its share."""

import time
from collections.abc import Callable


class DrawingBudget:
    """Keeps this thread's processor time below a `share` of a core, with a drawing every `least` to `most` seconds.

    A training on all cores waits for each moment that its viewer takes from one of them.
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
        """Take note that a drawing begins: what is spent from now on counts against the time until the next."""
        self._last, self._spent_before = self._clock(), self._spent()
