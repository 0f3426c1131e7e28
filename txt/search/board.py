"""How a study stands at one moment: what a leaderboard shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from optuna.trial import FrozenTrial, TrialState

from txt.search.space import Params
from txt.search.study import Study, counts_as_failed, left_out, was_lost

State = Literal["waiting", "running", "done", "pruned", "failed"]


@dataclass(frozen=True)
class TrialRow:
    """A trial as it is shown; `curve` is its val score after each epoch."""

    number: int
    params: Params
    state: State
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
    """The whole study: its trials, ranked, those that count only."""

    name: str
    metric: str
    minimizes: bool
    total: int
    trials: tuple[TrialRow, ...]
    left_out: Mapping[str, int]
    lost: int
    workers: int
    seconds_left: float | None

    def of(self, state: State) -> list[TrialRow]:
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


def board_of(study: Study, workers: int = 0) -> Board:
    """Return how a study stands."""
    trials = study.trials()
    rows = [row for trial in trials if (row := _row(trial)) is not None]
    sign = 1 if study.minimizes else -1
    order = {"done": 0, "pruned": 1, "running": 2, "waiting": 3, "failed": 4}
    rows.sort(key=lambda row: (order[row.state], sign * (row.score if row.score is not None else 0.0), row.number))
    total = len(study.points.params)
    return Board(
        name=study.name,
        metric=study.description.config.metric,
        minimizes=study.minimizes,
        total=total,
        trials=tuple(rows),
        left_out=left_out(study),
        lost=sum(was_lost(trial) for trial in trials),
        workers=workers,
        seconds_left=_seconds_left(rows, total, workers),
    )


def _row(trial: FrozenTrial) -> TrialRow | None:
    state = _state(trial)
    if state is None or trial.user_attrs.get("point") is None:
        return None
    attributes = trial.user_attrs
    curve = tuple(trial.intermediate_values[epoch] for epoch in sorted(trial.intermediate_values))
    scored = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    return TrialRow(
        number=trial.number,
        params=trial.params or trial.system_attrs.get("fixed_params", {}),
        state=state,
        score=trial.value if scored else (curve[-1] if curve else None),
        half_width=attributes.get("half_width"),
        curve=curve,
        scores=tuple(attributes.get("scores", ())),
        runs=tuple(attributes.get("runs", ())),
        steps=int(attributes.get("steps", 0)),
        seconds=_seconds(trial, attributes),
        reason=attributes.get("why") if state == "failed" else None,
    )


def _state(trial: FrozenTrial) -> State | None:
    """Return the state of a trial in our words, or None for one that says nothing about its point."""
    if counts_as_failed(trial):
        return "failed"
    states: dict[TrialState, State] = {
        TrialState.WAITING: "waiting",
        TrialState.RUNNING: "running",
        TrialState.COMPLETE: "done",
        TrialState.PRUNED: "pruned",
    }
    return states.get(trial.state)


def _seconds(trial: FrozenTrial, attributes: Mapping[str, Any]) -> float:
    if trial.state == TrialState.RUNNING and trial.datetime_start is not None:
        return (datetime.now() - trial.datetime_start).total_seconds()
    return float(attributes.get("seconds", 0.0))


def _seconds_left(rows: list[TrialRow], total: int, workers: int) -> float | None:
    """Estimate the time left by the trials that have ended; None before the first or without workers."""
    ended = [row.seconds for row in rows if row.state in ("done", "pruned")]
    if not ended or not workers:
        return None
    running = [row.seconds for row in rows if row.state == "running"]
    left = total - sum(row.state in ("done", "pruned", "failed") for row in rows)
    each = sum(ended) / len(ended)
    return max(left * each - sum(min(seconds, each) for seconds in running), 0.0) / workers
