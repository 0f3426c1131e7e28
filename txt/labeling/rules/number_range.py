"""Ranges of numbers as rules write them: `> 0.1`, `<= 20`, `-0.1 to 0.1`."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_NUMBER = r"[-+]?\d*\.?\d+"
_BOUND = re.compile(rf"\s*(>=|<=|>|<)\s*({_NUMBER})\s*")
_BETWEEN = re.compile(rf"\s*({_NUMBER})\s+to\s+({_NUMBER})\s*")


@dataclass(frozen=True)
class NumberRange:
    """Numbers from `low` to `high`; a limit that is `open` is itself not in it."""

    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = False
    high_open: bool = False

    def holds(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return which values (N,) are in it."""
        above = values > self.low if self.low_open else values >= self.low
        below = values < self.high if self.high_open else values <= self.high
        return np.asarray(above & below)


def parse_range(written: object) -> NumberRange:
    """Return the range that a rule writes.

    Raises:
        ValueError: it is not one; the message is the fix.
    """
    if isinstance(written, str):
        if bound := _BOUND.fullmatch(written):
            sign, number = bound[1], float(bound[2])
            is_open = len(sign) == 1
            if sign.startswith(">"):
                return NumberRange(low=number, low_open=is_open)
            return NumberRange(high=number, high_open=is_open)
        between = _BETWEEN.fullmatch(written)
        if between and float(between[1]) <= float(between[2]):
            return NumberRange(float(between[1]), float(between[2]))
    raise ValueError('write "> 0.1", "<= 20" or "-0.1 to 0.1", in quotes')
