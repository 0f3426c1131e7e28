"""The state of a point's trials: whether it is done, why trials failed, and how to try it again."""

from optuna.trial import FrozenTrial, TrialState

from txt.search.space import Params

LOST, STOPPED, DUPLICATE, UNBUILDABLE = "its process died", "stopped", "duplicate", "cannot be built"
"""Why a trial failed that says nothing about its point; any other reason is the point's own, and final."""
_NOT_FINAL = (LOST, STOPPED, DUPLICATE, UNBUILDABLE)

BEGUN_AT = "begun_at"
"""Where a trial began: the number of its run, and the step that a checkpoint let it begin at."""

MOST_LOSSES = 4  # of one point at the same place: after that the point itself is what kills

_DONE = (TrialState.COMPLETE, TrialState.PRUNED)
_LIVE = (TrialState.WAITING, TrialState.RUNNING)


def group_by_point(trials: list[FrozenTrial]) -> dict[int, list[FrozenTrial]]:
    """Return the trials of each point that was tried or is queued."""
    found: dict[int, list[FrozenTrial]] = {}
    for trial in trials:
        point = trial.user_attrs.get("point")
        if point is not None:
            found.setdefault(int(point), []).append(trial)
    return found


def is_live(trial: FrozenTrial) -> bool:
    """Return whether a trial is queued or going on."""
    return trial.state in _LIVE


def has_ended(trial: FrozenTrial) -> bool:
    """Return whether a trial has come to an end that says something about its point."""
    return trial.state in _DONE or counts_as_failed(trial)


def counts_as_failed(trial: FrozenTrial) -> bool:
    """Return whether a trial failed for a reason of its point's own."""
    return trial.state == TrialState.FAIL and failure_reason(trial) not in _NOT_FINAL


def was_lost(trial: FrozenTrial) -> bool:
    """Return whether a trial's process died."""
    return failure_reason(trial) == LOST


def failure_reason(trial: FrozenTrial) -> str | None:
    """Return why a trial failed; None where it has not."""
    if trial.state != TrialState.FAIL:
        return None
    return str(trial.user_attrs.get("why", LOST))  # marked as failed from outside, as in a dashboard: to be tried again


def is_given_up(tried: list[FrozenTrial]) -> bool:
    """Return whether a point has killed too many of the processes that tried it."""
    return _count_losses(tried) >= MOST_LOSSES


def _count_losses(tried: list[FrozenTrial]) -> int:
    """Count the processes that died on a point and had begun as far on as any.

    Where checkpoints bring a point on between two losses, something else killed its processes.
    """
    begun = [trial.user_attrs.get(BEGUN_AT) for trial in tried if was_lost(trial)]
    furthest = max((place for place in begun if place is not None), default=None)
    return sum(place in (None, furthest) for place in begun)


def find_earlier_params(tried: list[FrozenTrial]) -> Params | None:
    """Return the options that an earlier try of a point drew, so that another try takes the same."""
    return next((trial.params for trial in tried if trial.params and failure_reason(trial) != UNBUILDABLE), None)
