"""Checks of values that several commands take."""

import re

from txt.errors import InputError


def seconds_of(flag: str, length: str) -> float:
    """Return a length of time, as people type it, in seconds.

    Raises:
        InputError: it is not one.
    """
    number, unit = length[:-1], {"s": 1, "m": 60, "h": 3600, "d": 86400}.get(length[-1:])
    try:
        seconds = float(number) * unit if unit else float(length)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise InputError(f"{flag} `{length}` is not a length of time", "try 3600, 90m or 8h")
    return seconds


def check_device(name: str) -> None:
    """Refuse what is no device's name on any machine; whether this one has it, torch knows.

    Raises:
        InputError: it is none.
    """
    if not re.fullmatch(r"auto|cpu|(cuda|mps|xpu|hpu)(:\d+)?", name):
        raise InputError(f"--device `{name}` is not available here", "--device auto takes the best there is")
