"""What a sitting and the process that asks a language model say to each other."""

from dataclasses import dataclass

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


def start_asking(plan: LlmPlan) -> SideProcess[LlmTask, LlmMessage]:
    """Start the process; it takes further texts at any time."""
    return SideProcess("txt.labeling.suggest.llm_worker", plan)
