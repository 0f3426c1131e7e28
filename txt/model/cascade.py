"""A cascade: rows of which the n-grams of a ladder's model are sure are answered by them, and never reach the encoder.

How sure is sure enough is chosen where the ladder judges its models: on rows that neither part learned from.
Source: Viola and Jones 2001, "Rapid Object Detection using a Boosted Cascade of Simple Features", for the idea.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.proportions import wilson_interval

KEY = "cascade"
"""Where config.json holds it."""

MOST_OTHERS = 0.0025
"""The share of all answers that may differ out of fold from the whole model's.

It is half of what is promised, 0.5 %: the model that is kept has learned from all rows, and is surer of a text than
those that are judged out of fold. On sst2 a margin with 0.3 % of other answers out of fold had 0.9 % on test.
"""


@dataclass(frozen=True)
class Cascade:
    """When n-grams answer alone.

    Attributes:
        bias: of the n-grams' part of the logits, (C,).
        scale: what that part is multiplied by to give probabilities by itself.
        margin: how far the likeliest class must be above the next one, in scaled logits.
        share: of the rows that it was chosen on, those that n-grams answer.
        same: the share of all of these rows whose answer stays the same.
        rows: how many there were.
    """

    bias: tuple[float, ...]
    scale: float
    margin: float
    share: float
    same: float
    rows: int

    def to_json(self) -> dict[str, Any]:
        """Return what config.json holds."""
        return asdict(self)

    @classmethod
    def read(cls, values: Mapping[str, Any], classes: int) -> Self | None:
        """Return what a config.json holds for so many classes; None where there is none, or it makes no sense."""
        found = values.get(KEY)
        if not isinstance(found, Mapping):
            return None
        try:
            bias = tuple(float(each) for each in found["bias"])
            scale, margin, share, same = (float(found[name]) for name in ("scale", "margin", "share", "same"))
            rows = int(found["rows"])
        except (KeyError, TypeError, ValueError):
            return None
        whole = len(bias) == classes and bool(np.isfinite([*bias, scale, margin, share, same]).all())
        return cls(bias, scale, margin, share, same, rows) if whole and scale > 0 else None

    def find_sure(self, scaled: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """Tell for which rows (N,) n-grams answer, from their scaled logits (N, C)."""
        return measure_margins(scaled) >= self.margin

    def describe(self) -> str:
        """Say what was found when it was chosen."""
        return (
            f"on {self.rows:,} rows out of fold n-grams answered {self.share:.0%} alone, and {self.same:.1%} of all "
            "answers stayed the same"
        )


def measure_margins(logits: npt.NDArray[np.floating]) -> Floats:
    """Return how far the highest logit of each row is above the next one, (N,)."""
    highest = np.partition(np.asarray(logits, np.float64), -2, axis=1)[:, -2:]
    return np.asarray(highest[:, 1] - highest[:, 0])


def choose_cascade(
    scaled: npt.NDArray[np.floating], alone: Ints, whole: Ints, bias: tuple[float, ...], scale: float
) -> Cascade | None:
    """Return the cascade that spares the encoder most rows; None where n-grams are never sure enough.

    As many rows as possible are answered by n-grams, the surest first, as long as the answers that differ from the
    whole model's are not more than MOST_OTHERS of all rows, by the upper end of their 95 % interval.

    Args:
        scaled: what n-grams say of rows that they did not learn from, (N, C), times `scale`.
        alone: the answer of n-grams alone to each row, (N,).
        whole: the answer of the whole model, which did not learn from the row either, (N,).
        bias: of the n-grams' part, (C,).
        scale: as in Cascade.
    """
    margins = measure_margins(scaled)
    order = np.argsort(-margins, kind="stable")
    others = np.cumsum(alone[order] != whole[order])  # among the surest 1 … N
    rows = len(order)
    sorted_margins = margins[order]
    ends = np.append(sorted_margins[1:] < sorted_margins[:-1], True)  # equal margins are taken together
    most = max((count for count in range(int(others[-1]) + 1) if _is_few(count, rows)), default=-1)
    good = np.flatnonzero(ends & (others <= most) & (sorted_margins > 0))
    if not len(good):
        return None
    last = int(good[-1])
    return Cascade(bias, scale, float(sorted_margins[last]), (last + 1) / rows, 1 - float(others[last]) / rows, rows)


def _is_few(others: int, rows: int) -> bool:
    return wilson_interval(others, rows).high <= MOST_OTHERS
