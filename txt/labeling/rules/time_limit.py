"""A limit on how long something may take: some regular expressions of users never end."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlowError(Exception):
    """The time was up."""


def in_main_thread() -> bool:
    """Tell whether this is the thread in which a limit holds."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt the block after so many seconds.

    The engine of `re` looks for signals while it works, so that it is interrupted too. Python hears the system's alarm
    clock in the main thread only; in another one there is no limit.

    Raises:
        TooSlowError: the time was up.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    if not in_main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
