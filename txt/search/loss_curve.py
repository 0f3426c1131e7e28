"""The loss curve of one range test: suggestions read off it, and whether it is clear enough."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from txt.search.suggestion_rules import NEED_EXPLOSION, RULES, Floats, smooth_losses

Bools = npt.NDArray[np.bool_]

_FEWEST_POINTS = 10
_LEVEL_POINTS = 5  # at the beginning, whose mean is where the loss begins
_CLEAR_FALL = 2.0  # times the noise of single losses: about six standard errors of the smoothed curve
_FALLING = 0.05  # share of the fall that is made before the part of the curve that the rules are given
_FALLEN = 0.98  # share of the fall after which the curve is at its bottom, which may be long and flat
_AT_THE_END = 0.95  # share of the points, from which on it is the end
_LASTING = 8  # steps in a row
_HARM = 0.001  # of the loss at the beginning: that much above it, training does harm
_EDGE = 0.5  # times the noise of single losses that it has to be above its beginning, one and a half standard errors


@dataclass(frozen=True)
class LossCurve:
    """The loss at each learning rate, (N,) each, in the order in which they were tried."""

    rates: Floats
    losses: Floats

    @classmethod
    def of(cls, points: list[tuple[float, float]]) -> "LossCurve":
        """Make a curve of (rate, loss); points whose loss is not finite are left out."""
        finite = [(rate, loss) for rate, loss in points if np.isfinite(loss)]
        return cls(np.array([rate for rate, _ in finite]), np.array([loss for _, loss in finite]))

    @cached_property
    def smoothed(self) -> Floats:
        """The losses (N,), smoothed without lag."""
        return smooth_losses(self.losses)

    @property
    def start(self) -> float:
        """The loss at the beginning."""
        return float(self.smoothed[:_LEVEL_POINTS].mean())

    @property
    def fall(self) -> float:
        """How far the smoothed loss falls from its beginning to its minimum."""
        return self.start - float(self.smoothed[: self._harmless].min())

    @cached_property
    def _harmless(self) -> int:
        """How many points lie before training does harm, at least one: a minimum after that does not count."""
        return max(int(np.argmax(self.rates >= (self.harmful_rate() or np.inf))) or len(self.rates), 1)

    @cached_property
    def noise(self) -> float:
        """The standard deviation of single losses around the curve, from the part before its minimum."""
        before = max(int(self.smoothed.argmin()) + 1, _LEVEL_POINTS)  # what explodes has noise of its own
        return float(np.median(np.abs(self.losses - self.smoothed)[:before]) * 1.4826)

    def trouble(self) -> str | None:
        """Say why no minimum can be made out on the curve, or return None."""
        if len(self.rates) < _FEWEST_POINTS:
            return f"the loss exploded after {len(self.rates)} steps"
        if self.fall < _CLEAR_FALL * self.noise:
            fall = f"by {self.fall:.2g} before training did harm" if self.fall > 0 else "not at all"
            return f"the loss never fell clearly: {fall}, while single batches scatter by {self.noise:.2g}"
        if int(np.argmax(self.rates >= self.rate_after_share(_FALLEN))) >= _AT_THE_END * (len(self.rates) - 1):
            return f"the loss was still falling at the last rate, {self.rates[-1]:.2g}"
        return None

    def suggestions(self) -> dict[str, float]:
        """Return what each rule reads off the smoothed curve, from where the loss begins to fall."""
        first = int(np.argmax(self.rates >= self.rate_after_share(_FALLING)))
        found = {}
        for name, rule in RULES.items():
            last = len(self.rates) if name in NEED_EXPLOSION else max(self._harmless, first + 2)
            found[name] = rule(self.rates[first:last], self.smoothed[first:last])
        return found

    def rate_after_share(self, share: float) -> float:
        """Return the first rate at which the loss has made this share of its fall."""
        return float(self.rates[int(np.argmax(self.smoothed <= self.start - share * self.fall))])

    def edge(self) -> float | None:
        """Return the first rate beyond the minimum from which on the loss stays clearly above where it began.

        Unlike `harmful_rate`, it ignores noise at rates too low to change anything, where a pretrained model's loss
        varies around its initial value. None where there is no such rate.
        """
        if len(self.rates) < _FEWEST_POINTS:
            return None
        worse = self.smoothed > self.start + max(_EDGE * self.noise, _HARM * self.start)
        return self._first_lasting(worse, int(self.smoothed.argmin()))

    def harmful_rate(self) -> float | None:
        """Return the first rate from which on the loss stays above where it began; None where it does not."""
        if len(self.rates) < _FEWEST_POINTS:
            return None
        return self._first_lasting(self.smoothed > (1 + _HARM) * self.start)

    def _first_lasting(self, worse: Bools, first: int = 0) -> float | None:
        """Return the first rate, from a place on, that begins a row of points that are worse."""
        places = range(first, len(worse) - 1)
        return next((float(self.rates[place]) for place in places if worse[place : place + _LASTING].all()), None)
