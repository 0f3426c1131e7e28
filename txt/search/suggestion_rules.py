"""Rules that read a learning rate off the curve of a range test, and the smoothing they need.

All take learning rates (N,), rising, with the smoothed loss (N,) at each, and return one of the rates.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_WIDTH = 3.0  # steps, of the Gaussian: a quarter of a decade in the default test
_SLIDE_REACH = 15  # steps between the two slopes that are compared, and
_SLIDE_CHANGE = 0.005  # how alike they have to be: both fastai's


def smooth_losses(losses: Floats, width: float = _WIDTH) -> Floats:
    """Return losses (N,) averaged with a Gaussian of `width` steps around each.

    It looks both ways and so has no lag: a running mean of the past moves every slope to higher rates.
    """
    places = np.arange(len(losses))
    weights = np.exp(-0.5 * ((places[:, None] - places) / width) ** 2)  # (N, N)
    return np.asarray(weights @ losses / weights.sum(1))


def valley(rates: Floats, losses: Floats) -> float:
    """Return the rate in the middle of the longest stretch of falling losses, which need not be neighbours.

    Source: fastai's `valley` (ESRI's rule), the middle third of the longest decreasing subsequence.
    """
    length, end = _find_longest_fall(losses)
    start = end - length
    third = length / 3
    return float(rates[start + int(third) + int(third / 2)])


def steepest(rates: Floats, losses: Floats) -> float:
    """Return the rate at which the loss falls fastest over the logarithm of the rate, before its minimum."""
    before = max(int(losses.argmin()), 1) + 1
    slopes = np.gradient(losses[:before], np.log(rates[:before]))
    return float(rates[int(slopes.argmin())])


def slide(rates: Floats, losses: Floats) -> float:
    """Return the rate below the last stretch where the loss's slope changes, seen from the end.

    Source: fastai's `slide` (Novetta's rule).
    """
    slopes = np.gradient(losses)
    right, left = len(losses) - 1, len(losses) - 1 - _SLIDE_REACH
    found = max(left, 0)
    while left >= 0 and abs(slopes[right] - slopes[left]) > _SLIDE_CHANGE:
        found, right, left = left, right - 1, left - 1
    return float(rates[found])


def minimum(rates: Floats, losses: Floats) -> float:
    """Return a tenth of the rate at which the loss is lowest."""
    return float(rates[int(losses.argmin())] / 10)


RULES: dict[str, Callable[[Floats, Floats], float]] = {
    "valley": valley,
    "steepest": steepest,
    "slide": slide,
    "minimum": minimum,
}


NEED_EXPLOSION = {"slide"}
"""The rules that look at the curve from its end; the others are given what lies before training does harm."""


def _find_longest_fall(losses: Floats) -> tuple[int, int]:
    """Return the length of the longest decreasing subsequence and the first place where one that long ends."""
    lengths = np.ones(len(losses), dtype=np.int64)
    for place in range(1, len(losses)):
        higher = lengths[:place][losses[:place] > losses[place]]
        if len(higher):
            lengths[place] = higher.max() + 1
    end = int(lengths.argmax())
    return int(lengths[end]), end
