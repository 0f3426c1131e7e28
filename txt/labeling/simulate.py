"""Would active learning have helped here? Replays labeling with the labels that are there, beside random order."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from txt.arrays import Floats, Ints
from txt.labeling.active.learner import ActiveLearner
from txt.labeling.active.models import RankingModel
from txt.labeling.active.queues import RANDOM_SHARE, KnownLabels, Question
from txt.labeling.active.vectors import Vectors
from txt.labeling.store.decision import sort_label
from txt.proportions import LEVEL, Interval

RANDOM = "random"
SHARES = (0.90, 0.95)
"""Of the score that all labels give: how many labels reach them?"""

_FIRST, _LEAST_STEP, _GROWTH = 10, 5, 0.1  # labels; then each step a tenth more
_MOST_MEASURED, _MEASURED_SHARE = 2000, 0.2  # rows that accuracy is measured on, never learned from


@dataclass(frozen=True)
class SimulationTask:
    """Rows with known labels: their vectors (N, F), labels (N,) as numbers into `names`.

    `measured` are rows that accuracy is measured on; None draws a part of the rows anew for each seed. With `several`
    labels are joined ones, and a row is right where all are.
    """

    vectors: Vectors
    labels: Ints
    names: tuple[str, ...]
    model: RankingModel
    measured: Ints | None = None
    several: bool = False

    def find_codes(self, names: tuple[str, ...], predicted: Ints) -> Ints:
        """Return what is predicted, numbers into `names`, as numbers into those of the task; -1 for what no row has."""
        if not self.several:
            return predicted
        known = {sort_label(name): code for code, name in enumerate(self.names)}
        return np.array([known.get(name, -1) for name in names], np.int64)[predicted]


@dataclass(frozen=True)
class SimulatedRun:
    """One replay: accuracy after so many labels, and `full`, what all labels would give."""

    strategy: str
    seed: int
    labels: tuple[int, ...]
    accuracy: tuple[float, ...]
    full: float


@dataclass(frozen=True)
class LabelsNeeded:
    """The labels needed for a share of the full score: the mean over the seeds, those that never got there counted with
    the most labels given; `reached` is how many of `seeds` got there.
    """

    labels: Interval
    reached: int
    seeds: int


@dataclass(frozen=True)
class Comparison:
    """A strategy beside random order.

    `curves` have (labels, mean, low, high) for each; `area` is the mean accuracy over all label counts, `gain` the
    difference to random in it, paired by seed; `labels_to` has, by share of the full score, what each needed.
    """

    strategy: str
    full: Interval
    curves: dict[str, list[tuple[int, float, float, float]]]
    area: dict[str, Interval]
    gain: Interval
    labels_to: dict[float, dict[str, LabelsNeeded]]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        return {
            "strategy": self.strategy,
            "full": self.full.to_json(),
            "curves": {name: [list(point) for point in curve] for name, curve in self.curves.items()},
            "area": {**{name: area.to_json() for name, area in self.area.items()}, "difference": self.gain.to_json()},
            "labels_to": {
                f"{share:.2f}": {
                    name: {**each.labels.to_json(), "reached": each.reached, "seeds": each.seeds}
                    for name, each in needed.items()
                }
                for share, needed in self.labels_to.items()
            },
        }


def list_budgets(most: int) -> list[int]:
    """Return the numbers of labels at which the model is fitted: ten, then always a tenth more."""
    found = [min(_FIRST, most)]
    while found[-1] < most:
        found.append(min(found[-1] + max(_LEAST_STEP, int(found[-1] * _GROWTH)), most))
    return found


def simulate_run(
    task: SimulationTask, strategy: str, seed: int, most: int, noise: float = 0.0, full: float | None = None
) -> SimulatedRun:
    """Label by a strategy up to `most` rows; a share `noise` of the answers is wrong, at random.

    `full` is the score that all labels give, where it is known already.
    """
    measured = _draw_measured(task, seed) if task.measured is None else task.measured
    free = np.setdiff1d(np.arange(len(task.labels)), measured)
    answers = add_noise(task.labels, len(task.names), noise, seed)
    pool = np.arange(len(task.labels))
    learner = ActiveLearner(pool, task.vectors, task.model, strategy, seed, several=task.several)
    steps = list_budgets(min(most, len(free)))
    known: list[int] = []
    accuracy = []
    for target, before in zip([*steps, None], [0, *steps], strict=True):
        rows = np.array(known, np.int64)
        labels = KnownLabels(rows, answers[rows], task.names)
        count = 1 if target is None else target - before
        candidates = np.setdiff1d(free, rows)
        ranking = learner.rank(Question(labels, candidates, rows[:0], before), count, RANDOM_SHARE)
        if before:
            said = np.full(len(pool), answers[known[0]])
            if len(ranking.predicted):
                said = task.find_codes(ranking.names, ranking.predicted)
            accuracy.append(float((said[measured] == task.labels[measured]).mean()))
        known += ranking.rows[:count].tolist()
    if full is None:
        full = _score_all_labels(learner, task, free, answers, measured)
    return SimulatedRun(strategy, seed, tuple(steps), tuple(accuracy), full)


def simulate_runs(
    task: SimulationTask, strategies: Sequence[str], seeds: int, most: int, noise: float = 0.0, workers: int = 1
) -> Iterator[SimulatedRun]:
    """Yield a replay for each strategy and seed, from several processes in whatever order they end."""
    if workers < 2:
        for seed in range(seeds):
            yield from _simulate_seed(task, strategies, seed, most, noise)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _set_task, (task,)) as pool:
        done = [pool.submit(_simulate_seed_in_pool, strategies, seed, most, noise) for seed in range(seeds)]
        for each in as_completed(done):
            yield from each.result()


def compare(found: Sequence[SimulatedRun], strategy: str) -> Comparison:
    """Compare the replays of a strategy with those in random order."""
    ordered = sorted(found, key=lambda each: each.seed)
    by_name = {name: [each for each in ordered if each.strategy == name] for name in (strategy, RANDOM)}
    areas = {name: np.array([area(each) for each in of]) for name, of in by_name.items()}
    labels_to = {
        share: {
            name: _summarize_reached([find_labels_needed(each, share) for each in of], of)
            for name, of in by_name.items()
        }
        for share in SHARES
    }
    return Comparison(
        strategy=strategy,
        full=mean_over_seeds(np.array([each.full for each in by_name[RANDOM]])),
        curves={name: _average_curve(of) for name, of in by_name.items()},
        area={name: mean_over_seeds(values) for name, values in areas.items()},
        gain=mean_over_seeds(areas[strategy] - areas[RANDOM]),
        labels_to=labels_to,
    )


def area(found: SimulatedRun) -> float:
    """Return the mean accuracy over all numbers of labels, by the trapezoid rule."""
    labels, accuracy = np.array(found.labels, float), np.array(found.accuracy)
    if len(labels) < 2:
        return float(accuracy.mean())
    return float(((accuracy[1:] + accuracy[:-1]) / 2 * np.diff(labels)).sum() / (labels[-1] - labels[0]))


def find_labels_needed(found: SimulatedRun, share: float) -> float | None:
    """Return the labels after which accuracy first is this share of the full score; None where it never was."""
    goal = share * found.full
    for place, accuracy in enumerate(found.accuracy):
        if accuracy >= goal:
            if place == 0:
                return float(found.labels[0])
            before = found.accuracy[place - 1]
            part = (goal - before) / (accuracy - before)
            return found.labels[place - 1] + part * (found.labels[place] - found.labels[place - 1])
    return None


def mean_over_seeds(values: Floats) -> Interval:
    """Return the mean with Student's 95 % interval."""
    mean, count = float(values.mean()), len(values)
    if count < 2:
        return Interval(mean, mean, mean)
    reach = float(student.ppf((1 + LEVEL) / 2, count - 1)) * float(values.std(ddof=1)) / math.sqrt(count)
    return Interval(mean, mean - reach, mean + reach)


def add_noise(labels: Ints, num_classes: int, noise: float, seed: int) -> Ints:
    """Return labels (N,) of which about a share `noise` is another class, drawn at random."""
    rng = np.random.default_rng([seed, 1])
    wrong = rng.random(len(labels)) < noise
    shift = rng.integers(1, max(num_classes, 2), len(labels))
    return np.where(wrong, (labels + shift) % num_classes, labels)


def _simulate_seed(
    task: SimulationTask, strategies: Sequence[str], seed: int, most: int, noise: float
) -> list[SimulatedRun]:
    """Replay all strategies with one seed; what all labels would give is worked out once."""
    found: list[SimulatedRun] = []
    for strategy in strategies:
        found.append(simulate_run(task, strategy, seed, most, noise, found[0].full if found else None))
    return found


def _score_all_labels(learner: ActiveLearner, task: SimulationTask, free: Ints, answers: Ints, measured: Ints) -> float:
    said = task.find_codes(*learner.predict(KnownLabels(free, answers[free], task.names)))
    return float((said[measured] == task.labels[measured]).mean())


def _draw_measured(task: SimulationTask, seed: int) -> Ints:
    count = min(_MOST_MEASURED, max(int(len(task.labels) * _MEASURED_SHARE), 1))
    return np.sort(np.random.default_rng([seed, 0]).permutation(len(task.labels))[:count])


def _average_curve(of: Sequence[SimulatedRun]) -> list[tuple[int, float, float, float]]:
    points = []
    for place, labels in enumerate(of[0].labels):
        mean = mean_over_seeds(np.array([each.accuracy[place] for each in of]))
        points.append((labels, mean.value, mean.low, mean.high))
    return points


def _summarize_reached(labels: Sequence[float | None], of: Sequence[SimulatedRun]) -> LabelsNeeded:
    counted = [float(each.labels[-1]) if found is None else found for found, each in zip(labels, of, strict=True)]
    return LabelsNeeded(mean_over_seeds(np.array(counted)), sum(found is not None for found in labels), len(labels))


_task: SimulationTask | None = None  # of a process in the pool, sent once rather than with each replay


def _set_task(task: SimulationTask) -> None:
    global _task
    _task = task
    threadpool_limits(1)  # each process has a core; threads of several would wait for each other


def _simulate_seed_in_pool(strategies: Sequence[str], seed: int, most: int, noise: float) -> list[SimulatedRun]:
    assert _task is not None
    return _simulate_seed(_task, strategies, seed, most, noise)
