"""A search for the best options: each of its points is tried exactly once, even if workers die.

Optuna stores the study; this module adds what its samplers and storages do not do. Every point waits in the queue as a
trial of its own, so that taking one is a single step in the storage. A trial whose process died is marked as failed by
any worker that notices, and its point is queued again. A point may be queued twice if two machines do that at the same
moment: then the trial with the lower number counts, and the worker that takes the other one discards it.
"""

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from txt.arrays import Ints
from txt.errors import InputError, TxtError
from txt.metrics import is_error
from txt.search.description import StudyDescription
from txt.search.owner import identify_process, is_gone
from txt.search.rounds import (
    ONE_ROUND,
    PAUSE_AT,
    RoundEnds,
    SearchProgress,
    measure_progress,
    plan_halving,
    reaches_end,
)
from txt.search.space import (
    Choices,
    Dimension,
    Params,
    SearchPoints,
    explain_impossible,
    grid_points,
    span_numbers,
)
from txt.search.trial_states import (
    DUPLICATE,
    LOST,
    UNBUILDABLE,
    failure_reason,
    find_earlier_params,
    group_by_point,
    has_ended,
    is_live,
)

LEASE_SECONDS = 120.0  # without a sign of life, a trial of another machine counts as lost
_MOST_UNBUILDABLE = 50

_DESCRIPTION = "txt"


@dataclass(frozen=True)
class TakenPoint:
    """A point that this process is to try."""

    trial: optuna.Trial
    point: int
    params: Params
    pause_at: int | None = None
    """The epoch after which it pauses; None: it is trained to the end."""


class Study:
    """A study in its storage, as one process sees it."""

    def __init__(self, study: optuna.Study, storage: BaseStorage, description: StudyDescription) -> None:
        self.optuna, self.storage, self.description = study, storage, description
        self._beats: dict[int, tuple[Any, float]] = {}

    @classmethod
    def begin(cls, name: str, storage: BaseStorage, description: StudyDescription) -> "Study":
        """Make a study, or join the one of this name.

        Raises:
            InputError: the one that is there was made for other data or options; it says which.
        """
        minimize = is_error(description.config.metric)
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            direction="minimize" if minimize else "maximize",
            load_if_exists=True,
        )
        there = study.user_attrs.get(_DESCRIPTION)
        if there is None:
            study.set_user_attr(_DESCRIPTION, vars(description))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                study.set_metric_names([description.config.metric])
        else:
            differences = StudyDescription(**there).differences(description)
            if differences:
                raise InputError(
                    f"study `{name}` was made with other settings: {'; '.join(differences)}",
                    f"txt grid --resume {name} continues it with its own settings; another --name starts a new one",
                )
        return cls(study, storage, description)

    @classmethod
    def open(cls, name: str, storage: BaseStorage) -> "Study":
        """Open the study of this name.

        Raises:
            InputError: there is none in the storage, or it is not one of ours.
        """
        try:
            study = optuna.load_study(storage=storage, study_name=name)
        except KeyError:
            raise InputError(f"the storage holds no study `{name}`") from None
        there = study.user_attrs.get(_DESCRIPTION)
        if there is None:
            raise InputError(f"study `{name}` was not made by `txt grid`")
        try:
            return cls(study, storage, StudyDescription(**there))
        except TypeError:
            raise InputError(f"study `{name}` was made by another version of txt, or is damaged") from None

    @property
    def name(self) -> str:
        """The study's name."""
        return self.optuna.study_name

    @property
    def minimizes(self) -> bool:
        """Whether lower scores are better."""
        return is_error(self.description.config.metric)

    @cached_property
    def points(self) -> SearchPoints:
        """The combinations to try; those of a random or TPE search are empty, and drawn when their turn comes."""
        description = self.description
        if description.sampler != "grid":
            return SearchPoints(({},) * (description.trials or 0), {})
        return grid_points(description.dimensions, description.config, description.trials, seed=description.config.seed)

    @cached_property
    def _order(self) -> Ints:
        """The order in which points are queued.

        A pruner compares a trial with earlier ones. In grid order the learning rate rises, so each trial would be
        better than the ones before and hardly any would be pruned; therefore the points are shuffled.
        """
        count, description = len(self.points.params), self.description
        if description.pruner == "none":
            return np.arange(count)
        return np.random.default_rng(description.config.seed).permutation(count)

    def trials(self) -> list[FrozenTrial]:
        """Return all trials so far, those that do not count among them; not to be changed."""
        return self.optuna.get_trials(deepcopy=False)

    # The queue

    def replenish(self) -> int:
        """Queue every point that is neither done nor queued nor tried at this moment. Returns how many were queued."""
        tried = group_by_point(self.trials())
        due = self.measure_progress(tried).due
        queued = 0
        for point in self._order:
            trials = tried.get(point, [])
            if point not in due or any(is_live(trial) for trial in trials):
                continue
            self._queue(int(point), due[point], find_earlier_params(trials) or self.points.params[point])
            queued += 1
        return queued

    def take(self, seed: int = 0) -> TakenPoint | None:
        """Take a point off the queue, or return None where none waits. `seed` differs between the processes."""
        while self.optuna.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            self.optuna.sampler = self._sampler(seed)
            trial = self.optuna.ask()
            trial.set_user_attr("owner", identify_process())
            point = trial.user_attrs.get("point")
            if point is None:  # the queue was emptied meanwhile, and Optuna made a trial of its own
                self.fail(trial.number, DUPLICATE)
                return None
            if self._has_earlier_trial(trial):
                self.fail(trial.number, DUPLICATE)
                continue
            params = self._draw(trial, point)
            if params is not None:
                return TakenPoint(trial, point, params, trial.user_attrs.get(PAUSE_AT))
        return None

    def reap(self) -> int:
        """Fail the trials whose process is gone or has long given no sign of life. Returns how many."""
        return sum(self.fail(trial.number, LOST) for trial in self._find_lost())

    def fail(self, number: int, why: str) -> bool:
        """Mark a trial as failed; return whether it was still running."""
        trial_id = self._trial_id(number)
        with suppress(UpdateFinishedTrialError, ValueError):
            if "why" not in self.storage.get_trial(trial_id).user_attrs:
                self.storage.set_trial_user_attr(trial_id, "why", why)
            return self.storage.set_trial_state_values(trial_id, TrialState.FAIL)
        return False

    def is_mine(self, number: int) -> bool:
        """Return whether a trial is still this process's, and was not given up as lost."""
        trial = self.storage.get_trial(self._trial_id(number))
        return trial.state == TrialState.RUNNING and trial.user_attrs.get("owner") == identify_process()

    def beat(self, number: int) -> bool:
        """Give a sign of life for a trial; return whether it is still running."""
        trial_id = self._trial_id(number)
        with suppress(UpdateFinishedTrialError):
            self.storage.set_trial_user_attr(trial_id, "beat", round(time.time()))
            return True
        return False

    def is_over(self) -> bool:
        """Return whether every point is done, or has failed for good."""
        return not self.measure_progress(group_by_point(self.trials())).due

    @cached_property
    def rounds(self) -> RoundEnds:
        """The epochs after which the rounds end."""
        if self.description.pruner == "halving":
            return plan_halving(self.description.config.num_epochs)
        return ONE_ROUND

    def measure_progress(self, tried: Mapping[int, list[FrozenTrial]]) -> SearchProgress:
        """Return how far the search has come, from the trials of each point."""
        return measure_progress(tried, len(self.points.params), self.rounds, minimize=self.minimizes)

    def pruner(self) -> optuna.pruners.BasePruner:
        """Return what ends weak trials early, where not rounds do."""
        epochs = self.description.config.num_epochs
        match self.description.pruner:
            case "hyperband":
                return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=epochs, reduction_factor=3)
            case "median":
                return optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=0)
        return optuna.pruners.NopPruner()

    def _queue(self, point: int, pause_at: int | None, params: Params) -> None:
        pause = {} if pause_at is None else {PAUSE_AT: pause_at}
        self.optuna.enqueue_trial(params, user_attrs={"point": point, **pause})

    def _has_earlier_trial(self, trial: optuna.Trial) -> bool:
        """Return whether an earlier trial brings the point as far."""
        point, pause_at = trial.user_attrs["point"], trial.user_attrs.get(PAUSE_AT)
        return any(
            (is_live(other) or has_ended(other)) and reaches_end(other, pause_at)
            for other in self.trials()
            if other.number < trial.number and other.user_attrs.get("point") == point
        )

    def _find_lost(self) -> Iterator[FrozenTrial]:
        now = time.monotonic()
        for trial in self.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            owner = trial.user_attrs.get("owner")
            beat = (trial.user_attrs.get("beat"), len(trial.intermediate_values), owner)
            known, since = self._beats.get(trial.number, (None, now))
            if known != beat:
                self._beats[trial.number] = beat, now  # by this machine's clock: those of others may be wrong
                since = now
            if (owner and is_gone(owner)) or now - since > LEASE_SECONDS:
                yield trial

    def _sampler(self, seed: int) -> optuna.samplers.BaseSampler:
        begun = sum(trial.state != TrialState.WAITING for trial in self.trials())
        own = (self.description.config.seed + 1_000_003 * seed + begun) % 2**32  # another for each draw of each process
        if self.description.sampler == "tpe":
            return optuna.samplers.TPESampler(seed=own)
        return optuna.samplers.RandomSampler(seed=own)

    def _draw(self, trial: optuna.Trial, point: int) -> Params | None:
        """Return the options of a trial just taken; where they cannot be built, put it away and return None."""
        if self.description.sampler == "random":  # by the point, so that the draw does not depend on who takes it
            again = sum(trial.user_attrs.get("point") == point for trial in self.trials())
            seed = (self.description.config.seed * 1_000_003 + point * 1009 + again) % 2**32
            self.optuna.sampler = optuna.samplers.RandomSampler(seed=seed)
        for name, dimension in self.description.dimensions.items():
            _suggest(trial, name, self._find_distribution(name, dimension))
        reason = explain_impossible(self.description.config, trial.params)
        if reason is None:
            return dict(trial.params)
        self._leave_out(trial, point, reason)
        return None

    def _find_distribution(self, name: str, dimension: Dimension) -> Dimension:
        """Return what an option is drawn from, as Optuna is told.

        A grid's points are given, so that a list of numbers may be a range: Optuna's own pictures then have them on an
        axis, by their logarithm where they lie far apart. A study that was begun with a list goes on with it.
        """
        if self.description.sampler != "grid" or not isinstance(dimension, Choices):
            return dimension
        as_list = any(
            isinstance(trial.distributions.get(name), optuna.distributions.CategoricalDistribution)
            for trial in self.trials()
        )
        return dimension if as_list else span_numbers(dimension) or dimension

    def _leave_out(self, trial: optuna.Trial, point: int, reason: str) -> None:
        trial.set_user_attr("reason", reason)
        self.fail(trial.number, UNBUILDABLE)
        left_out = [each for each in self.trials() if failure_reason(each) == UNBUILDABLE]
        if len(left_out) > _MOST_UNBUILDABLE + 10 * len(self.points.params):
            raise TxtError(f"hardly any combination of the space can be built: {reason}", "change the lists")
        self._queue(point, trial.user_attrs.get(PAUSE_AT), {})

    def _trial_id(self, number: int) -> int:
        study_id = self.storage.get_study_id_from_name(self.name)
        return self.storage.get_trial_id_from_study_id_trial_number(study_id, number)


def left_out(study: Study) -> dict[str, int]:
    """Return how many combinations could not be built, by the reason."""
    counts = dict(study.points.left_out)
    for trial in study.trials():
        if failure_reason(trial) == UNBUILDABLE:
            reason = str(trial.user_attrs.get("reason"))
            counts[reason] = counts.get(reason, 0) + 1
    return counts


def _suggest(trial: optuna.Trial, name: str, dimension: Dimension) -> None:
    if isinstance(dimension, Choices):
        trial.suggest_categorical(name, dimension.values)
    elif dimension.whole:
        trial.suggest_int(name, int(dimension.low), int(dimension.high), log=dimension.log)
    else:
        trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
