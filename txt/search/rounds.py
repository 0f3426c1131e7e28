"""The rounds of a search: in successive halving (Jamieson and Talwalkar 2016) the best third of a round goes on.

Its first round ends after one epoch, the next after three, nine and so on; in the last, what is left is trained to the
end. A trial that reaches the end of its round pauses: it counts as pruned, and its run keeps its checkpoint. Once all
points have finished the round, the best are queued again and continue from these checkpoints. Without halving there is
one round, with all points.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from optuna.trial import FrozenTrial, TrialState

from txt.search.trial_states import has_ended, is_given_up

PAUSE_AT = "pause_at"
"""The epoch after which a trial pauses; a trial without it is trained to the end."""

FACTOR = 3
"""One point in so many goes on to the next round."""

RoundEnds = tuple[int | None, ...]
"""The epochs after which the rounds of a search end; None: when all are trained to the end."""

ONE_ROUND: RoundEnds = (None,)


@dataclass(frozen=True)
class SearchProgress:
    """How far a search has come."""

    due: Mapping[int, int | None]
    """The points to be trained in this round, those being trained among them, and the epoch after which to pause."""

    paused: frozenset[int]
    """The points at the end of the round that may still be among its best."""


def plan_halving(num_epochs: int) -> RoundEnds:
    """Return the rounds of successive halving."""
    ends, epoch = list[int | None](), 1
    while epoch < num_epochs:
        ends.append(epoch)
        epoch *= FACTOR
    return (*ends, None)


def measure_progress(
    tried: Mapping[int, list[FrozenTrial]], count: int, ends: RoundEnds, *, minimize: bool
) -> SearchProgress:
    """Return how far a search of `count` points has come, from the trials of each."""
    contenders: Sequence[int] = range(count)
    for end in ends:
        ended, due = list[int](), dict[int, int | None]()
        for point in contenders:
            trials = tried.get(point, [])
            if is_given_up(trials) or any(has_ended(trial) and reaches_end(trial, end) for trial in trials):
                ended.append(point)
            else:
                due[point] = end
        if end is None:
            return SearchProgress(due, frozenset())
        best = _pick_best(tried, ended, end, most=max(1, len(contenders) // FACTOR), minimize=minimize)
        if due:
            return SearchProgress(due, frozenset(best))
        contenders = best
    raise AssertionError("the last round has no end")


def reached_epoch(trial: FrozenTrial) -> float:
    """Return the epoch up to which a trial trains its point; infinity if it is final."""
    if trial.state == TrialState.COMPLETE or trial.state == TrialState.FAIL:
        return inf
    return float(trial.user_attrs.get(PAUSE_AT, inf))


def reaches_end(trial: FrozenTrial, end: int | None) -> bool:
    """Return whether a trial trains its point at least to the end of a round, or is final."""
    return reached_epoch(trial) >= (inf if end is None else end)


def planned_epochs(count: int, ends: RoundEnds, num_epochs: int, seeds: int) -> int:
    """Return the epochs of a search that has no failures: only the last round trains each point with all seeds."""
    epochs, begun = 0, 0
    for end in ends:
        if end is None:
            return epochs + count * (seeds * num_epochs - begun)
        epochs += count * (end - begun)
        count, begun = max(1, count // FACTOR), end
    raise AssertionError("the last round has no end")


def _pick_best(
    tried: Mapping[int, list[FrozenTrial]], ended: Sequence[int], end: int, *, most: int, minimize: bool
) -> list[int]:
    """Return the best points by their score at the end of a round; those that failed are not among them."""
    scores = {point: score for point in ended if (score := _score_at_end(tried.get(point, []), end)) is not None}
    return sorted(scores, key=lambda point: (scores[point] if minimize else -scores[point], point))[:most]


def _score_at_end(trials: Sequence[FrozenTrial], end: int) -> float | None:
    """Return the score after an epoch, or the last one before it if training stopped earlier."""
    for trial in trials:
        if trial.state in (TrialState.PRUNED, TrialState.COMPLETE) and reaches_end(trial, end):
            epochs = [epoch for epoch in trial.intermediate_values if epoch <= end]
            return trial.intermediate_values[max(epochs)] if epochs else trial.value
    return None
