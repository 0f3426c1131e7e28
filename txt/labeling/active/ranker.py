"""The process that ranks, as a sitting sees it, and what the two say to each other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from txt.data.reading.rows import Form
from txt.labeling.active.log import QueryPlan
from txt.labeling.active.queues import Question, Ranking
from txt.labeling.row_states import RowNumbers
from txt.labeling.side_process import SideProcess

Vectorize = Callable[[Sequence[str], Callable[[float], object]], Any]
"""See vectors.py, which a sitting does not load."""


@dataclass(frozen=True)
class Pool:
    """Which file to read and how to rank its rows.

    `vectorize` makes the vectors, or the prior, of a model that is none of MODELS; `wanted` are rows that must be in
    the pool of a big file.
    """

    path: Path
    form: Form
    split_column: str | None
    plan: QueryPlan
    wanted: RowNumbers
    vectorize: Vectorize | None = None


@dataclass(frozen=True)
class Vectorizing:
    """So much of the texts has become vectors."""

    share: float


@dataclass(frozen=True)
class Ready:
    """The vectors are there; `pool` (P,) are the rows that may be asked about or learned from."""

    pool: RowNumbers


@dataclass(frozen=True)
class RankerFailed:
    """The process cannot go on."""

    message: str


RankerMessage = Vectorizing | Ready | Ranking | RankerFailed


class Ranker:
    """The process, as the sitting sees it; one question at a time."""

    def __init__(self, pool: Pool) -> None:
        self._process = SideProcess("txt.labeling.active.rank_server")
        self._process.send(pool)

    def ask(self, question: Question) -> None:
        """Ask for a queue; the answer comes in its time."""
        self._process.send(question)

    def answers(self, seconds: float = 0.0) -> Iterator[RankerMessage]:
        """Yield the answers that are there, after waiting at most some seconds for one.

        Raises:
            EOFError: the process has gone.
        """
        while self._process.has_answer(seconds):
            seconds = 0.0
            yield self._process.receive()

    def close(self) -> None:
        """End the process."""
        self._process.close()
