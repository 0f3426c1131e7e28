"""Replays a finished run's record at any speed."""

import time
from collections.abc import Callable

import numpy as np

from txt.runs.feed import FeedUpdate, RunFeed

_LONGEST_WAIT = 2.0  # seconds without anything to see: longer pauses are left out


class RecordReplay:
    """Returns the events of a record when they are due, at `speed` times real time; the speed may change."""

    def __init__(self, feed: RunFeed, speed: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._feed, self._clock = feed, clock
        self._news = feed.look()
        self.speed = speed
        self.paused = False
        self._looked = clock()
        self._shown_until = _first_time(self._news)

    def look(self) -> FeedUpdate:
        """Return what happened since the last look, in the record's time; `share` is 1 at its end."""
        now, passed = self._clock(), 0.0
        if not self.paused:
            passed = now - self._looked
        self._looked = now
        self._shown_until += passed * self.speed
        if not self._news and self._news.share < 1.0:
            self._news = self._feed.look()
        self._skip_waiting()
        ready, self._news = _split_at_time(self._news, self._shown_until)
        return ready

    @property
    def ended(self) -> bool:
        """Whether everything has been replayed."""
        return not self._news and self._news.share == 1.0

    def _skip_waiting(self) -> None:
        begins = _first_time(self._news)
        if self._news and begins - self._shown_until > _LONGEST_WAIT * self.speed:
            self._shown_until = begins - _LONGEST_WAIT * self.speed


def choose_speed(first: float, last: float, seconds: float = 30.0) -> float:
    """Return the speed at which a record from one time to another takes so many seconds; never slower than it was."""
    return max((last - first) / seconds, 1.0)


def _first_time(news: FeedUpdate) -> float:
    times = [float(news.steps["time"][0])] if len(news.steps) else []
    times += [news.others[0][1].time] if news.others else []
    return min(times, default=0.0)


def _split_at_time(news: FeedUpdate, until: float) -> tuple[FeedUpdate, FeedUpdate]:
    """Part news in those up to a time and those after it."""
    steps = int(np.searchsorted(news.steps["time"], until, side="right"))
    others = next((k for k, (_, event) in enumerate(news.others) if event.time > until), len(news.others))
    ready = FeedUpdate(news.steps[:steps], news.others[:others], news.is_restart, 0.999, news.bad_lines)
    later = [(max(place - steps, 0), event) for place, event in news.others[others:]]
    rest = FeedUpdate(news.steps[steps:], later, False, news.share)
    return ready, rest
