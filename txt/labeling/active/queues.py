"""The requests to the ranking process and its answers: plain values that are sent between processes."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints

RANDOM_SHARE = 0.1
"""Of the rows asked about, those drawn at random, so that the model's blind spots are met too."""

HOLDOUT_SHARE = 0.2
"""Of the rows asked about, those of the holdout, as long as there are some."""

PICKED = ("start", "strategy", "random", "holdout")
"""Why a row is asked about."""

START, STRATEGY, RANDOM, HOLDOUT = range(4)
QUEUE_ROWS = 64  # ranked anew long before these are through


@dataclass(frozen=True)
class KnownLabels:
    """What is known: `rows` (M,) have the labels `codes` (M,), numbers into `names`."""

    rows: Ints
    codes: Ints
    names: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """Asks for a queue.

    `candidates` may be asked about, `holdout` are rows of the holdout still to be labeled, in the order in which they
    were drawn. `moment` is the number of the last decision that was taken in: with the seed, it settles every draw.
    """

    labels: KnownLabels
    candidates: Ints
    holdout: Ints
    moment: int


@dataclass(frozen=True)
class Ranking:
    """The rows to ask about (K,), why (K,) as numbers into PICKED, and their scores (K,); and what the model predicts.

    `predicted` (P,) are numbers into `names` for the rows `pool` (P,), with `confidence` (P,); all are empty before
    two classes are known.
    """

    moment: int
    rows: Ints
    picked: npt.NDArray[np.int8]
    scores: npt.NDArray[np.float32]
    names: tuple[str, ...] = ()
    predicted: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    confidence: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    trained_on: int = 0
