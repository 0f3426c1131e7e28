"""The time that a climb may take, and what can be had for it."""

import time

from txt.arrays import Ints
from txt.durations import format_duration

_FEWEST_JUDGED = 100  # rows that a fine-tuning is judged on at least


class Budget:
    """So many seconds from now on."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._begun = time.monotonic()

    def spent(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self._begun

    def left(self) -> float:
        """Return the seconds that are left; negative when it is overdrawn."""
        return self.seconds - self.spent()

    def describe_lack(self, need: float) -> str:
        """Say that something takes `need` seconds, and how many are left."""
        left, whole = self.left(), format_duration(self.seconds)
        rest = f"{format_duration(left)} of the {whole} of the budget are left"
        if left < 1:
            rest = f"the {whole} of the budget are used up"
        return f"takes about {format_duration(need)}, and {rest}"


def default_budget(rows: int) -> float:
    """Return the seconds that a climb on so many rows may take where nothing is said."""
    return float(min(1800.0, 90.0 + 0.06 * rows))


def count_affordable(whole: float, left: float, count: int, folds: Ints) -> int:
    """Return on how many folds a fine-tuning can be judged before one on all rows takes the rest; 0 for none.

    Args:
        whole: seconds of a fine-tuning on all rows.
        left: seconds of the budget.
        count: folds there are.
        folds: of each row, (N,).
    """
    each = whole * (1 - 1 / count)
    judged = min(count, int((left - whole) / each)) if each > 0 else count
    if judged < 1 or int((folds < judged).sum()) < min(_FEWEST_JUDGED, len(folds)):
        return 0
    return judged
