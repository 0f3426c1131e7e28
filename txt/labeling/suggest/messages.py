"""What a sitting and the process that works out suggestions say to each other; importing it loads nothing heavy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from txt.labeling.active.queues import KnownLabels
from txt.labeling.active.ranker import Pool, Vectorize
from txt.labeling.guide import Guide
from txt.labeling.row_states import RowNumbers
from txt.labeling.side_process import SideProcess
from txt.labeling.suggest.given import GivenAnswers

if TYPE_CHECKING:
    from txt.labeling.suggest.judging import Suggestions


@dataclass(frozen=True)
class SuggestPool:
    """Which rows suggestions are for, from which sources, what is known of the classes, and what makes vectors."""

    pool: Pool
    sources: tuple[str, ...]
    guide: Guide | None = None
    encode: Vectorize | None = None


@dataclass(frozen=True)
class SuggestQuestion:
    """Asks for suggestions: the classes, the labels to learn from and to judge by, the rows held out.

    `given` has the answers of other sources for all rows of the file; `moment` is the last decision that was taken in.
    """

    names: tuple[str, ...]
    known: KnownLabels
    judged: KnownLabels
    held_out: RowNumbers
    given: Mapping[str, GivenAnswers]
    moment: int


@dataclass(frozen=True)
class Preparing:
    """So much of the texts has become vectors."""

    share: float


@dataclass(frozen=True)
class Prepared:
    """The vectors are there."""

    rows: RowNumbers


@dataclass(frozen=True)
class Suggested:
    """The suggestions for the rows `rows` (P,) of the file, from so many labels."""

    moment: int
    trained_on: int
    rows: RowNumbers
    found: "Suggestions"


@dataclass(frozen=True)
class SuggestFailed:
    """The process cannot go on."""

    message: str


SuggestMessage = Preparing | Prepared | Suggested | SuggestFailed


class SuggestProcess:
    """The process, as a sitting sees it; one question at a time."""

    def __init__(self, pool: SuggestPool) -> None:
        self._process = SideProcess("txt.labeling.suggest.server")
        self._process.send(pool)

    def ask(self, question: SuggestQuestion) -> None:
        """Ask for suggestions; they come in their time."""
        self._process.send(question)

    def answers(self, seconds: float = 0.0) -> Iterator[SuggestMessage]:
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
