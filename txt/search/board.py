"""A snapshot of a study for the leaderboard: its trials, ranked, and the time left."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from optuna.trial import FrozenTrial, TrialState

from txt.search.rounds import ONE_ROUND, SearchProgress, planned_epochs, reached_epoch
from txt.search.space import Params
from txt.search.study import Study, left_out
from txt.search.trial_states import group_by_point, has_ended, is_live, was_lost

TrialRowState = Literal["waiting", "running", "paused", "done", "pruned", "failed"]


@dataclass(frozen=True)
class TrialRow:
    """A point's trial as it is shown; `curve` is its val score after each epoch.

    A paused trial has reached the end of its round, and may be promoted to the next.
    """

    number: int
    params: Params
    state: TrialRowState
    score: float | None
    half_width: float | None
    curve: tuple[float, ...]
    scores: tuple[float, ...]
    runs: tuple[str, ...]
    steps: int
    seconds: float
    reason: str | None = None


@dataclass(frozen=True)
class Board:
    """The whole study: the trials that count, ranked."""

    name: str
    metric: str
    minimizes: bool
    total: int
    trials: tuple[TrialRow, ...]
    left_out: Mapping[str, int]
    lost: int
    workers: int
    seconds_left: float | None

    def of(self, state: TrialRowState) -> list[TrialRow]:
        """Return the trials in a state, the best first."""
        return [trial for trial in self.trials if trial.state == state]

    @property
    def best(self) -> TrialRow | None:
        """The best finished trial."""
        done = self.of("done")
        return done[0] if done else None

    @property
    def ended(self) -> int:
        """How many points are done, pruned or failed."""
        return sum(trial.state in ("done", "pruned", "failed") for trial in self.trials)

    @property
    def cost_seconds(self) -> float:
        """Seconds of training so far, all workers together."""
        return sum(trial.seconds for trial in self.trials)

    @property
    def steps(self) -> int:
        """Steps trained so far."""
        return sum(trial.steps for trial in self.trials)


def build_board(study: Study, workers: int = 0) -> Board:
    """Return a snapshot of a study."""
    trials = study.trials()
    rows = list(_make_rows(study, group_by_point(trials)))
    sign = 1 if study.minimizes else -1
    order = {"done": 0, "paused": 1, "pruned": 2, "running": 3, "waiting": 4, "failed": 5}
    rows.sort(key=lambda row: (order[row.state], sign * (row.score if row.score is not None else 0.0), row.number))
    return Board(
        name=study.name,
        metric=study.description.config.metric,
        minimizes=study.minimizes,
        total=len(study.points.params),
        trials=tuple(rows),
        left_out=left_out(study),
        lost=sum(was_lost(trial) for trial in trials),
        workers=workers,
        seconds_left=_estimate_seconds_left(study, rows, workers),
    )


def _make_rows(study: Study, tried: Mapping[int, list[FrozenTrial]]) -> Iterator[TrialRow]:
    """Yield a row for each point that was tried or is queued: that of its most advanced trial."""
    standing = study.measure_progress(tried)
    for point, trials in tried.items():
        counted = [trial for trial in trials if is_live(trial) or has_ended(trial)]
        if counted:
            counted.sort(key=lambda trial: (-reached_epoch(trial), not has_ended(trial), trial.number))
            trial, *others = counted
            before = next(
                (other for other in others if reached_epoch(other) < reached_epoch(trial) and has_ended(other)), None
            )
            yield _make_row(trial, _classify_trial(trial, point, standing), before)


def _make_row(trial: FrozenTrial, state: TrialRowState, before: FrozenTrial | None) -> TrialRow:
    """Return the row of a trial; `before` is the one that brought its point to the end of the round before."""
    attributes = trial.user_attrs
    curve = _score_curve(trial) or (_score_curve(before) if before else ())
    goes_on_from = before.user_attrs if before is not None and is_live(trial) else {}
    scored = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    return TrialRow(
        number=trial.number,
        params=trial.params or trial.system_attrs.get("fixed_params", {}),
        state=state,
        score=trial.value if scored else (curve[-1] if curve else None),
        half_width=attributes.get("half_width"),
        curve=curve,
        scores=tuple(attributes.get("scores", ())),
        runs=tuple(attributes.get("runs", goes_on_from.get("runs", ()))),
        steps=int(attributes.get("steps", goes_on_from.get("steps", 0))),
        seconds=_measure_seconds(trial, attributes) + float(goes_on_from.get("seconds", 0.0)),
        reason=attributes.get("why") if state == "failed" else None,
    )


def _score_curve(trial: FrozenTrial) -> tuple[float, ...]:
    return tuple(trial.intermediate_values[epoch] for epoch in sorted(trial.intermediate_values))


def _classify_trial(trial: FrozenTrial, point: int, standing: SearchProgress) -> TrialRowState:
    """Return the state of a trial as the leaderboard names it."""
    match trial.state:
        case TrialState.WAITING:
            return "waiting"
        case TrialState.RUNNING:
            return "running"
        case TrialState.COMPLETE:
            return "done"
        case TrialState.FAIL:
            return "failed"
    if point in standing.paused:
        return "paused"
    return "waiting" if point in standing.due else "pruned"


def _measure_seconds(trial: FrozenTrial, attributes: Mapping[str, Any]) -> float:
    if trial.state == TrialState.RUNNING and trial.datetime_start is not None:
        return (datetime.now() - trial.datetime_start).total_seconds()
    return float(attributes.get("seconds", 0.0))


def _estimate_seconds_left(study: Study, rows: list[TrialRow], workers: int) -> float | None:
    """Estimate the time left; None before the first trial has ended or without workers."""
    ended = [row.seconds for row in rows if row.state in ("done", "paused", "pruned")]
    if not ended or not workers:
        return None
    if study.rounds != ONE_ROUND:
        return _estimate_seconds_left_of_rounds(study, rows) / workers
    running = [row.seconds for row in rows if row.state == "running"]
    left = len(study.points.params) - sum(row.state in ("done", "pruned", "failed") for row in rows)
    each = sum(ended) / len(ended)
    return max(left * each - sum(min(seconds, each) for seconds in running), 0.0) / workers


def _estimate_seconds_left_of_rounds(study: Study, rows: list[TrialRow]) -> float:
    """Estimate by the epochs trained so far, as each round trains its points for a time of its own."""
    description = study.description
    planned = planned_epochs(
        len(study.points.params), study.rounds, description.config.num_epochs, seeds=description.seeds
    )
    trained = sum(len(row.curve) * max(len(row.scores), 1) for row in rows)
    seconds = sum(row.seconds for row in rows)
    return max(planned - trained, 0) * seconds / trained if trained else 0.0
