"""How far work on the rows of a file has come."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RowProgress:
    """How far the work has come: `done` rows of `total`, which is None where that is not known yet."""

    stage: str
    done: int
    total: int | None


ProgressWatcher = Callable[[RowProgress], None]
