"""Advice on when to stop labeling: when the predictions and the accuracy on the holdout hardly change any more.

Source: Bloodgood and Vijay-Shanker 2009, "A method for stopping active learning based on stabilizing predictions";
small-text's KappaAverage with its window and threshold. Agreement of successive models alone would also be reached by a
model that has stopped learning too soon, so the holdout has to be flat as well.
"""

import math
from collections.abc import Sequence
from statistics import mean

from txt.labeling.agreement import cohen_kappa

WINDOW = 3
SETTLED_KAPPA = 0.99
FLAT = 0.01
"""A gain in accuracy on the holdout, over the whole window, that is taken for none."""

LEAST_HOLDOUT = 50
_STEP, _STEP_SHARE = 20, 0.05  # labels between two models that are compared: fewer, and any two models agree


def list_earlier_steps(count: int) -> list[int]:
    """Return the numbers of labels of the models that one of `count` labels is compared with, the smallest first."""
    steps: list[int] = []
    while len(steps) < WINDOW and count >= 2 * _STEP:
        count = min(count - _STEP, math.floor(count / (1 + _STEP_SHARE)))
        steps.insert(0, count)
    return steps


class StopAdvice:
    """Compares the models of a file's labels, `WINDOW` steps back."""

    def __init__(self) -> None:
        self._trained_on: list[int] = []
        self._samples: list[Sequence[str]] = []
        self._holdouts: list[Sequence[str]] = []

    def note(self, trained_on: int, sample: Sequence[str], holdout: Sequence[str]) -> bool:
        """Take note of a model: what it predicts for a fixed sample and for all rows of the holdout.

        Models too close to the one before are passed over; tells whether this one was not.
        """
        before = self._trained_on[-1] if self._trained_on else 0
        if trained_on - before < max(_STEP, _STEP_SHARE * before):
            return False
        self._trained_on.append(trained_on)
        self._samples.append(sample)
        self._holdouts.append(holdout)
        for kept in (self._trained_on, self._samples, self._holdouts):
            del kept[: -WINDOW - 1]
        return True

    def kappa(self) -> float | None:
        """Return the mean agreement of successive models over the window; None before there are enough models."""
        if len(self._samples) <= WINDOW:
            return None
        pairs = zip(self._samples, self._samples[1:], strict=False)
        kappas = [cohen_kappa(before, after) for before, after in pairs]
        return mean(1.0 if kappa is None else kappa for kappa in kappas)

    def gain(self, labels: Sequence[str | None]) -> float | None:
        """Return the gain in accuracy over the window on the holdout's labels, None in them for rows without one.

        None before there are enough models or labels.
        """
        known = [place for place, label in enumerate(labels) if label is not None]
        if len(self._holdouts) <= WINDOW or len(known) < LEAST_HOLDOUT:
            return None
        first, last = (sum(each[place] == labels[place] for place in known) for each in self._ends())
        return (last - first) / len(known)

    def advice(self, labels: Sequence[str | None]) -> str:
        """Return the advice to stop and its reasons, or nothing."""
        kappa, gain = self.kappa(), self.gain(labels)
        if kappa is None or gain is None or kappa < SETTLED_KAPPA or gain > FLAT:
            return ""
        span = self._trained_on[-1] - self._trained_on[0]
        return (
            f"the last {span:,} labels hardly changed the model (agreement {kappa:.3f}, {gain:+.1%} accuracy on the"
            " holdout): you may stop here"
        )

    def _ends(self) -> tuple[Sequence[str], Sequence[str]]:
        return self._holdouts[0], self._holdouts[-1]
