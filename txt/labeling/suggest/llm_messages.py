"""What a sitting and the process that asks a language model say to each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from txt.labeling.side_process import SideProcess
from txt.labeling.suggest.llm_client import Endpoint
from txt.labeling.suggest.llm_prompt import LabeledText


@dataclass(frozen=True)
class LlmPlan:
    """Whom to ask and how: `instructions` come before every text, `most` requests are sent at most."""

    endpoint: Endpoint
    instructions: str
    classes: tuple[str, ...]
    most: int


@dataclass(frozen=True)
class LlmTask:
    """Texts by row to ask about, and labeled texts of which the most similar become examples."""

    texts: tuple[tuple[int, str], ...]
    labeled: tuple[LabeledText, ...]


@dataclass(frozen=True)
class LlmAnswered:
    """What the model said of a row; no label where it gave none. `tokens` and `seconds` are 0 out of the cache."""

    row: int
    label: str | None
    reason: str
    tokens: int
    seconds: float


@dataclass(frozen=True)
class LlmTrouble:
    """Something went wrong for the first time; `is_over` says that nothing more is asked."""

    message: str
    is_over: bool = False


LlmMessage = LlmAnswered | LlmTrouble


class LlmProcess:
    """The process, as a sitting sees it."""

    def __init__(self, plan: LlmPlan) -> None:
        self._process = SideProcess("txt.labeling.suggest.llm_worker")
        self._process.send(plan)

    def send(self, task: LlmTask) -> None:
        """Ask about further texts."""
        self._process.send(task)

    def answers(self, seconds: float = 0.0) -> Iterator[Any]:
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
