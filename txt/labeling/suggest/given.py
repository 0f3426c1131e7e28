"""The names of the sources of suggestions, and the answers of those that work elsewhere."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from txt.labeling.row_states import RowNumbers

SOURCES = ("names", "rules", "model", "near", "llm")
"""The names of all sources."""


@dataclass(frozen=True)
class GivenAnswers:
    """The answers of a source that works elsewhere: `codes` (P,) or ABSTAIN, `sure` (P,), and what they cost.

    `tokens` are those of all answers, `seconds` the time that they took.
    """

    codes: RowNumbers
    sure: npt.NDArray[np.float32]
    tokens: int = 0
    seconds: float = 0.0
