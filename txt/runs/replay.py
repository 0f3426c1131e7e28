"""A finished run's record, told again at any speed."""

import time
from collections.abc import Callable

import numpy as np

from txt.runs.feed import News, RunFeed

_LONGEST_WAIT = 2.0  # seconds without anything to see: longer pauses are left out


class Replay:
    """Gives the news of a record when their time has come, `speed` times as fast as it was; the speed may change."""

    def __init__(self, feed: RunFeed, speed: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._feed, self._clock = feed, clock
        self._news = feed.look()
        self.speed = speed
        self.paused = False
        self._looked = clock()
        self._told = _first_time(self._news)

    def look(self) -> News:
        """Return what happened since the last look, in the record's time; `share` is 1 at its end."""
        now, passed = self._clock(), 0.0
        if not self.paused:
            passed = now - self._looked
        self._looked = now
        self._told += passed * self.speed
        if not self._news and self._news.share < 1.0:
            self._news = self._feed.look()
        self._skip_waiting()
        ready, self._news = _parted(self._news, self._told)
        return ready

    @property
    def ended(self) -> bool:
        """Whether all has been told."""
        return not self._news and self._news.share == 1.0

    def _skip_waiting(self) -> None:
        begins = _first_time(self._news)
        if self._news and begins - self._told > _LONGEST_WAIT * self.speed:
            self._told = begins - _LONGEST_WAIT * self.speed


def speed_for(first: float, last: float, seconds: float = 30.0) -> float:
    """Return the speed at which a record from one time to another takes so many seconds; never slower than it was."""
    return max((last - first) / seconds, 1.0)


def _first_time(news: News) -> float:
    times = [float(news.steps["time"][0])] if len(news.steps) else []
    times += [news.others[0][1].time] if news.others else []
    return min(times, default=0.0)


def _parted(news: News, until: float) -> tuple[News, News]:
    """Part news in those up to a time and those after it."""
    steps = int(np.searchsorted(news.steps["time"], until, side="right"))
    others = next((k for k, (_, event) in enumerate(news.others) if event.time > until), len(news.others))
    ready = News(news.steps[:steps], news.others[:others], news.anew, 0.999)
    later = [(max(place - steps, 0), event) for place, event in news.others[others:]]
    rest = News(news.steps[steps:], later, False, news.share)
    return ready, rest
