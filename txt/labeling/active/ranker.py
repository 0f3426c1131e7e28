"""What a sitting and the process that ranks say to each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from txt.data.reading.rows import Form
from txt.labeling.active.log import QueryPlan
from txt.labeling.active.queues import Question, Ranking
from txt.labeling.row_states import RowNumbers
from txt.labeling.side_process import Failed, Progress, Ready, SideProcess

Vectorize = Callable[[Sequence[str], Callable[[float], object]], Any]
"""See vectors.py, which a sitting does not load."""


@dataclass(frozen=True)
class Pool:
    """Which file to read and how to rank its rows.

    `vectorize` makes the vectors, or the prior, of a model that is none of MODELS; `wanted` are rows that must be in
    the pool of a big file. With `several` rows have several labels.
    """

    path: Path
    form: Form
    split_column: str | None
    plan: QueryPlan
    wanted: RowNumbers
    vectorize: Vectorize | None = None
    several: bool = False


RankerMessage = Progress | Ready | Ranking | Failed


Ranker = SideProcess[Question, RankerMessage]
"""The process, as the sitting sees it; it is asked one question at a time."""


def start_ranker(pool: Pool) -> Ranker:
    """Start the process."""
    return SideProcess("txt.labeling.active.rank_server", pool)
