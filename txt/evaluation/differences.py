"""Differences between two models in words: points with their interval, and which of the two is better."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from txt.metrics import format_label

if TYPE_CHECKING:
    from txt.proportions import Interval


def format_points(share: float) -> str:
    """Return a difference in percentage points, such as +2.1 or -0.4."""
    return f"{100 * share:+.1f}".replace("-0.0", "+0.0")


def format_points_with_span(difference: "Interval") -> str:
    """Return a difference in percentage points with its interval: +2.1 [+0.4, +3.8]."""
    return f"{format_points(difference.value)} [{format_points(difference.low)}, {format_points(difference.high)}]"


def format_difference(name: str, difference: "Interval") -> str:
    """Return the difference of a score with its interval: in points, or in its own unit where it is not a share."""
    if name != "mae":
        return format_points_with_span(difference)
    return f"{difference.value:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]"


def sign(difference: "Interval") -> int:
    """Return 1 or -1 when the whole interval lies on one side of 0, else 0."""
    return int(difference.low > 0) - int(difference.high < 0)


def verdict(difference: Mapping[str, "Interval"], metric: str = "accuracy") -> str | None:
    """Compare the model with the baseline in one sentence; None without a baseline.

    One score decides; macro-F1 is added where it disagrees, as it can with unequal classes.
    """
    if not difference:
        return None
    main, macro_f1 = difference[metric], difference["macro_f1"]
    name = "Accuracy" if metric == "accuracy" else format_label(metric)
    sentence = f"{name[0].upper()}{name[1:]} is {_describe_difference(main)}"
    if sign(main) != sign(macro_f1):
        sentence += f"; macro-F1 is {_describe_difference(macro_f1)}"
    return sentence


def _describe_difference(difference: "Interval") -> str:
    bounds = f"[{format_points(difference.low)}, {format_points(difference.high)}]"
    if sign(difference) == 0:
        return f"not distinguishable from the baseline's: {format_points(difference.value)} points {bounds}"
    if difference.value > 0:
        return f"better than the baseline's by {100 * difference.value:.1f} points {bounds}"
    return (
        f"worse than the baseline's by {-100 * difference.value:.1f} points {bounds} (a bag of words does better here)"
    )
