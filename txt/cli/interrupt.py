"""Ctrl-C and SIGTERM ask for a clean stop once; a second one leaves at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from txt.cli.console import say

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stop_on_signals(message: str) -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether a stop was requested; `message` is printed when it is.

    The first signal sets the flag and restores the default handlers, so that a second one ends the program at once.
    """
    asked = False

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        for one in _SIGNALS:
            signal.signal(one, signal.default_int_handler if one == signal.SIGINT else signal.SIG_DFL)
        with suppress(OSError, SystemExit):  # the reader of our output may have been ended by the same Ctrl-C
            say(message)

    before = {number: signal.signal(number, request_stop) for number in _SIGNALS}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
