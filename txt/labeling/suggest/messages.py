"""What a sitting and the process that works out suggestions say to each other; importing it loads nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from txt.labeling.active.queues import KnownLabels
from txt.labeling.active.ranker import Pool, Vectorize
from txt.labeling.guide import Guide
from txt.labeling.row_states import RowNumbers
from txt.labeling.side_process import Failed, Progress, Ready, SideProcess
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
class Suggested:
    """The suggestions for the rows `rows` (P,) of the file, from so many labels."""

    moment: int
    trained_on: int
    rows: RowNumbers
    found: "Suggestions"


SuggestMessage = Progress | Ready | Suggested | Failed


def start_suggesting(pool: SuggestPool) -> SideProcess[SuggestQuestion, SuggestMessage]:
    """Start the process; it is asked one question at a time."""
    return SideProcess("txt.labeling.suggest.server", pool)
