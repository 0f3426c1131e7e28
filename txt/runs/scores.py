"""The scores of a run, as columns of numbers that grow with each evaluation."""

from array import array
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from txt.runs.events import Evaluation


@dataclass
class ScoreColumns:
    """The numbers of all evaluations, as columns; the confusion only of the last."""

    columns: dict[str, "array[float]"] = field(default_factory=dict)
    last: Evaluation | None = None
    best: Evaluation | None = None

    def __len__(self) -> int:
        return len(self.columns["step"]) if self.columns else 0

    def add(self, event: Evaluation) -> None:
        """Take in an evaluation."""
        numbers = {"step": event.step, "time": event.time, "val_loss": event.val_loss, **event.metrics}
        before = len(self)
        for name in [name for name in numbers if name not in self.columns]:
            self.columns[name] = array("d", [float("nan")]) * before
        for name, value in numbers.items():
            self.columns[name].append(value)
        for name in self.columns.keys() - numbers.keys():
            self.columns[name].append(float("nan"))
        self.last = event
        if event.best:
            self.best = event

    def cut(self, step: int) -> None:
        """Forget what came after a step."""
        kept = int(np.searchsorted(self.get_column("step"), step, side="right"))
        for column in self.columns.values():
            del column[kept:]
        if self.last and self.last.step > step:
            self.last = None
        if self.best and self.best.step > step:
            self.best = None

    def get_column(self, name: str) -> npt.NDArray[np.float64]:
        """Return one number of all evaluations (N,)."""
        return np.array(self.columns.get(name, ()), np.float64)
