"""The report on a data set: what to know before training on it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.files import FORMAT

PERCENTILES = (50, 90, 95, 99, 100)

_ENOUGH = 99  # percent of texts that the suggested length keeps whole


@dataclass(frozen=True)
class Conflict:
    """A text that has different labels, and how often each."""

    text: str
    labels: dict[str, int]


@dataclass(frozen=True)
class DataReport:
    """The data report of one prepared folder. Shares are between 0 and 1, lengths are in tokens.

    `class_counts` holds the rows of each class by split; `lengths` holds by percentile how long the train split's texts
    are before they are cut. `duplicates` counts the rows whose text stands in an earlier row, `alike` those whose text
    does but for case, spaces, punctuation, links and mentions, `near_duplicates` those with a near-duplicate in an
    earlier row, None where nobody looked. `overlaps` holds by pair of splits (`train-test`) the rows of the later one
    that are `equal`, `alike` or `near` to one of the other. `conflicting_texts` counts the texts under different
    labels, of which `conflicts` lists the first. `kind` says what labels are: `single`, `several`, `ordered`, `nested`.
    """

    sources: dict[str, str]
    columns: dict[str, dict[str, str] | None]
    metadata: tuple[str, ...]
    split_by: str
    rows_read: int
    dropped: dict[str, int]
    rows: dict[str, int]
    class_counts: dict[str, dict[str, int]]
    lengths: dict[int, int]
    tokens: dict[str, int]
    max_length: int
    truncated: float
    unknown_on_val: float | None
    duplicates: int
    conflicting_texts: int
    lookalike_labels: tuple[tuple[str, ...], ...]
    imbalance: float
    vocab_size: int
    tokenizer: dict[str, Any]
    suggested_max_length: int
    warnings: tuple[str, ...]
    path: str = ""
    kind: str = "single"
    conflicts: tuple[Conflict, ...] = ()
    alike: int = 0
    near_duplicates: int | None = None
    overlaps: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {"format": FORMAT, **asdict(self)}


def compute_percentiles(histogram: npt.NDArray[np.int64]) -> dict[int, int]:
    """Return the lengths at PERCENTILES of a histogram that counts at place n the texts of n tokens."""
    total = int(histogram.sum())
    if not total:
        return dict.fromkeys(PERCENTILES, 0)
    reached = np.cumsum(histogram)
    return {each: int(np.searchsorted(reached, np.ceil(total * each / 100))) for each in PERCENTILES}


def suggest_max_length(lengths: Mapping[int, int]) -> int:
    """Return a length that keeps 99 % of the texts whole, a multiple of 8."""
    return max(16, -(-lengths[_ENOUGH] // 8) * 8)
