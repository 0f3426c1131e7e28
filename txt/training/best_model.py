"""The best model of a training: its score counts from the moment that it is on the disk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Model = TypeVar("Model")


@dataclass(frozen=True)
class Candidate(Generic[Model]):
    """A model with the score and the step for which it is to be kept."""

    model: Model
    score: float
    step: int


class BestModel(Generic[Model]):
    """Writes models to the disk, and holds one that the disk refused, to be tried again.

    Args:
        write: writes a model whole or not at all, and raises OSError when the disk refuses.
        hold: makes of a model what may be kept while the model itself goes on changing.

    Attributes:
        waiting: the best model so far, where it is not on the disk.
        problem: why not.
    """

    def __init__(self, write: Callable[[Model], None], hold: Callable[[Model], Model] = lambda model: model) -> None:
        self._write, self._hold = write, hold
        self.waiting: Candidate[Model] | None = None
        self.problem: str | None = None

    def keep(self, model: Model, score: float, step: int) -> bool:
        """Write a model that is better than all before it; return whether it is on the disk."""
        return self._try(Candidate(model, score, step), is_new=True)

    def try_again(self) -> Candidate[Model] | None:
        """Write the model that waits, if there is one; return it when it is on the disk."""
        waiting = self.waiting
        return waiting if waiting is not None and self._try(waiting, is_new=False) else None

    def describe_problem(self) -> str | None:
        """Say which model is not on the disk, and why; None where nothing waits."""
        if self.waiting is None:
            return None
        return f"the best model, of step {self.waiting.step:,}, could not be saved: {self.problem}"

    def _try(self, candidate: Candidate[Model], is_new: bool) -> bool:
        try:
            self._write(candidate.model)
        except OSError as error:
            self.problem = str(error)
            if is_new:
                self.waiting = Candidate(self._hold(candidate.model), candidate.score, candidate.step)
            return False
        self.waiting = self.problem = None
        return True
