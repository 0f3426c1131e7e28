"""Options and checks that several commands share."""

import re
from typing import Any

from txt.errors import InputError
from txt.option_schema import option


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


def declare_device() -> Any:
    """Declare where a command computes."""
    return option("auto", "`auto`, `cpu`, `cuda`, `cuda:1`, `mps`.", group="Machine")


def declare_precision() -> Any:
    """Declare with which numbers it computes."""
    return option(
        "auto",
        "`bf16` where the machine is faster with it, else `float32`.",
        group="Machine",
        choices=("auto", "bf16", "float32"),
    )


def declare_threads() -> Any:
    """Declare how many cores it takes."""
    return option(0, "CPU threads; 0 takes all cores.", group="Machine", low=0, high=1024)


def declare_int8() -> Any:
    """Declare that a finished model computes with whole numbers."""
    return option(False, "Compute in 8 bits: faster where the model is not small.", group="Machine")


def declare_cascade() -> Any:
    """Declare that a model of the ladder asks its encoder only about the rows that its n-grams leave open."""
    return option(
        False, "Let n-grams answer alone where they are sure: faster with a model of the ladder.", group="Machine"
    )


def declare_stride() -> Any:
    """Declare how texts are read that are longer than what a model takes."""
    return option(
        None, "Read long texts in windows this many tokens apart, and average [cut them].", group="Answers", low=1
    )
