"""What more labels would bring: a curve through the errors on parts of the rows, drawn on.

The error is taken to fall as b · rows^-c (Hestness et al. 2017, "Deep Learning Scaling is Predictable, Empirically"),
by the three largest parts. The band is the bootstrap's over rows, each drawn with its hits at all sizes, times what
such a curve is off by itself: a factor whose logarithm has a standard deviation of 0.4. It was chosen on 73 gains that
were measured when the rows of 18 files were doubled (by n-grams; 11 of the 73 by the ladder): allowing for the noise of
what was measured, bands of 95 % held 95 % of them, and 75 % without the factor.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.proportions import Interval

_PARTS = 3  # through which the curve goes: smaller ones say little about what follows
_SPREAD = 0.4  # of the logarithm of what a gain is off, as its standard deviation
_LEAST = 1e-9  # an error of which there is a logarithm
_RESAMPLES = 500
_MORE = 500


@dataclass(frozen=True)
class LabelGain:
    """`more` labels would bring `gain` of accuracy; from parts of `least` to `most` rows."""

    more: int
    gain: Interval
    least: int
    most: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"more": self.more, "gain": self.gain.to_json(), "least_rows": self.least, "most_rows": self.most}


def estimate_label_gain(
    rows: Ints, right: npt.NDArray[np.bool_], learned: int, more: int | None = None, seed: int = 0
) -> LabelGain:
    """Return what more labels would bring to a model that learned from `learned` rows.

    Args:
        rows: sizes of the parts, (K,), K ≥ 3.
        right: whether each row was right by models of each size that did not learn it, (K, N).
        learned: rows that the model has.
        more: labels to add; by default 500, or as many as there are, or a tenth of many.
        seed: of the bootstrap.
    """
    count = more or (min(_MORE, learned) if learned <= 10 * _MORE else 100 * round(learned / 1000))
    wrong = (~right).astype(np.float64)  # (K, N)
    rng = np.random.default_rng(seed)
    N = wrong.shape[1]
    times = rng.multinomial(N, np.full(N, 1 / N), _RESAMPLES).T  # (N, R): how often each row was drawn
    sampled = (wrong @ times) / N  # (K, R)
    gains = _predict_gains(rows, sampled, learned, count) * np.exp(rng.normal(0, _SPREAD, _RESAMPLES))
    found = _predict_gains(rows, wrong.mean(1)[:, None], learned, count)
    low, high = np.quantile(gains, [0.025, 0.975])
    value = float(found[0])
    return LabelGain(
        int(count), Interval(value, min(value, float(low)), max(value, float(high))), int(rows[0]), int(rows[-1])
    )


def describe_label_gain(gain: LabelGain | None) -> str | None:
    """Say what more labels would bring; None where that is not known."""
    if gain is None:
        return None
    points, low, high = (100 * each for each in (gain.gain.value, gain.gain.low, gain.gain.high))
    return (
        f"{gain.more:,} more labels: {points:+.1f} points of accuracy [{low:.1f}, {high:.1f}], by a curve over parts "
        f"of {gain.least:,} to {gain.most:,} rows."
    )


def _predict_gains(rows: Ints, errors: Floats, learned: int, more: int) -> Floats:
    """Return by how much the fitted error falls, (R,), for errors (K, R) at K sizes."""
    sizes = np.log(rows[-_PARTS:].astype(np.float64))  # (P,)
    logs = np.log(np.maximum(errors[-_PARTS:], _LEAST))  # (P, R)
    centred = sizes - sizes.mean()
    exponent = np.maximum(-(centred @ (logs - logs.mean(0))) / (centred @ centred), 0.0)  # (R,)
    now = np.exp(logs.mean(0) - exponent * (np.log(learned) - sizes.mean()))
    return np.asarray(now * (1 - (1 + more / learned) ** -exponent))
