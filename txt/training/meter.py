"""Means over the steps between two lines of the record."""

import time

from txt.runs.events import Step
from txt.training.gradients import BatchLoss


class Meter:
    """Adds up steps, and gives them as one event."""

    def __init__(self) -> None:
        self._loss = 0.0
        self._correct = self._rows = self._tokens = 0
        self._seconds = 0.0
        self._norm = self._rate = 0.0

    def add(self, batch: BatchLoss, rows: int, tokens: int, norm: float, rate: float, seconds: float) -> None:
        """Count a step; the gradient norm and the learning rate of the last one stand for all."""
        self._loss += batch.loss * rows
        self._correct += batch.correct
        self._rows += rows
        self._tokens += tokens
        self._seconds += seconds
        self._norm, self._rate = norm, rate

    def event(self, step: int, epoch: float, memory_bytes: int) -> Step:
        """Return the means so far; at least one step has been added."""
        return Step(
            time=time.time(),
            step=step,
            epoch=epoch,
            loss=self._loss / self._rows,
            accuracy=self._correct / self._rows,
            learning_rate=self._rate,
            gradient_norm=self._norm,
            rows_per_second=self._rows / self._seconds,
            tokens_per_second=self._tokens / self._seconds,
            memory_bytes=memory_bytes,
        )
