"""The best rung so far: judges each on rows that it did not learn from, and keeps the model of the best on the disk."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints
from txt.proportions import normal_quantile, wilson_interval
from txt.runs.events import Event, Rung, Warned
from txt.runs.folder import Run
from txt.training.best_model import BestModel
from txt.training.ladder.joined_model import Candidate
from txt.training.ladder.kinds import LadderKind
from txt.training.ladder.rung_events import make_evaluation, make_saved

NAMES = ("n-grams", "n-grams + frozen encoder", "n-grams + fine-tuned encoder")
"""What the rungs are called."""


@dataclass(frozen=True)
class Trial:
    """A rung that was fitted and is to be judged.

    Attributes:
        number: of the rung, from 1.
        members: what each model of it says of the rows in each repetition, (R, n, C), out of fold.
        begun: when it was begun, by `time.monotonic`.
        weights: of the model.
        speed: rows that it reads a second.
        places: of the rows among all, (n,); None for all of them.
    """

    number: int
    members: Sequence[npt.NDArray[np.float32]]
    begun: float
    weights: int
    speed: float
    places: Ints | None = None


class BestRung:
    """Judges rungs and keeps the best.

    Args:
        run: where the model is kept.
        kind: what the labels are.
        labels: of all rows, (N,) or (N, K).
        metric: the score that the decision of labels or of ordered classes is chosen for.
        write: writes the model of a candidate into the run, or raises OSError.

    Attributes:
        candidate: the best of those that were judged; on the disk unless it waits.
        judged: all of them, by their number.
        loss, step, number: of the one on the disk; None before there is one.
    """

    def __init__(
        self,
        run: Run,
        kind: LadderKind,
        labels: npt.NDArray[Any],
        metric: str,
        write: Callable[[Candidate], None],
    ) -> None:
        self._run, self._kind, self._labels, self._metric = run, kind, labels, metric
        self._model = BestModel[Candidate](write)
        self.candidate: Candidate | None = None
        self.judged: dict[int, Candidate] = {}
        self.loss: float | None = None
        self.step: int | None = None
        self.number: int | None = None

    def judge(self, trial: Trial, step: int) -> Iterator[Event]:
        """Blend a rung's members, judge it, and keep it if it is the best."""
        number, classes = trial.number, trial.members[0].shape[-1]
        at = np.arange(len(self._labels)) if trial.places is None else trial.places
        repetitions = len(trial.members[0])
        repeated = np.concatenate([self._labels[at]] * repetitions)
        stacked = [each.reshape(-1, classes) for each in trial.members]
        blend = self._kind.blend(stacked, repeated)
        logits = self._kind.mix([each[0] for each in trial.members], blend)
        losses = self._kind.losses(self._kind.mix(stacked, blend), repeated)
        by_row = losses.reshape(repetitions, -1).mean(0)
        loss = float(by_row.mean())
        reach = normal_quantile(0.95) * float(by_row.std()) / np.sqrt(len(by_row))
        before = None if self.candidate is None else self._loss_at(self.candidate, at)
        best = before is None or float(self._kind.losses(logits, self._labels[at]).mean()) < before
        judged = self._kind.judge(logits, self._labels[at], self._metric)
        candidate = Candidate(number, at, logits, blend, judged.decision)
        self.judged[number] = candidate
        right = wilson_interval(int(judged.right.sum()), len(at))
        kept = False
        if best:
            self.candidate = candidate
            kept = self._model.keep(candidate, loss, step)
            if kept:
                self.loss, self.step, self.number = loss, step, number
            else:
                problem = f"{self.describe_problem()}; it is tried again after the next rung"
                yield Warned(time=time.time(), step=step, message=problem)
        seconds = time.monotonic() - trial.begun
        best_loss = loss if self.loss is None else self.loss
        yield make_evaluation(step, number, loss, judged, kept, best_loss, seconds)
        yield Rung(
            time=time.time(),
            step=step,
            name=NAMES[number - 1],
            rows=len(at),
            log_loss=[loss, loss - reach, loss + reach],
            accuracy=[right.value, right.low, right.high],
            seconds=seconds,
            weights=trial.weights,
            rows_per_second=trial.speed,
            kept=best,
        )
        if kept:
            yield make_saved(step, self._run)
        elif not best:
            yield from self.save_waiting()

    def save_waiting(self) -> Iterator[Event]:
        """Try again to save a model that the disk refused."""
        saved = self._model.try_again()
        if saved is not None:
            self.loss, self.step, self.number = saved.score, saved.step, saved.model.number
            yield make_saved(saved.step, self._run)

    def describe_problem(self) -> str | None:
        """Say which model is not on the disk, and why; None where nothing waits."""
        return self._model.describe_problem()

    def _loss_at(self, candidate: Candidate, places: Ints) -> float:
        kept = np.isin(candidate.places, places)
        return float(self._kind.losses(candidate.logits[kept], self._labels[candidate.places[kept]]).mean())
