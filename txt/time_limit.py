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
    """Interrupt the block after so many seconds of processor time, so that a busy machine cuts nothing short.

    The engine of `re` looks for signals while it works, so that it is interrupted too. Python hears the system's timer
    in the main thread only; in another one there is no limit.

    Raises:
        TooSlowError: the time was up.
    """

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlowError

    if not in_main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
