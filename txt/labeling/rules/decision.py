"""Which way of combining votes is used: the file's, but a weighted vote only where people's labels say that it wins."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from txt.labeling.rules.combination import ABSTAIN, Codes, Floats, Vote, combine
from txt.labeling.rules.firing import Fired
from txt.labeling.rules.judging import FOLDS, Judged, weights_for
from txt.labeling.rules.rule import Combination
from txt.proportions import Interval, paired_difference

_PLAIN: tuple[Combination, ...] = ("majority", "priority")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Decided:
    """The vote that is used. `gain` is the accuracy of the weighted vote above `rival`, where one was asked for.

    There every judged row counts: where a vote abstains, the largest class is guessed.
    """

    vote: Vote
    asked: Combination
    used: Combination
    rival: Combination | None = None
    gain: Interval | None = None


def decide(fired: Fired, judged: Judged) -> Decided:
    """Combine the votes of rules as their file asks; a weighted vote must beat the better of the plain ones.

    It is measured on the rows that people labeled, each with weights learned from the other folds, and wins where the
    95 % interval of the difference is above 0.
    """
    asked = fired.rules.combine
    if asked != "weighted":
        return Decided(combine(fired, asked), asked, asked)
    right_by_plain = {how: _right(combine(on_rows(fired, judged.rows), how).winners, judged) for how in _PLAIN}
    rival = max(_PLAIN, key=lambda how: int(right_by_plain[how].sum()))
    gain = None
    if len(judged) >= FOLDS:
        won = _right(_weighted_out_of_fold(fired, judged), judged)
        lost = right_by_plain[rival]
        gain = paired_difference(int((won & ~lost).sum()), int((lost & ~won).sum()), len(judged))
    if gain is not None and gain.low > 0:
        return Decided(combine(fired, "weighted", weights_for(fired, judged)), asked, "weighted", rival, gain)
    return Decided(combine(fired, rival), asked, rival, rival, gain)


def on_rows(fired: Fired, rows: npt.NDArray[np.int64]) -> Fired:
    """Return where rules fire among some rows."""
    return replace(fired, fires=fired.fires[:, rows])


def filled(winners: Codes, judged: Judged) -> npt.NDArray[np.int64]:
    """Return the answers of a vote on the judged rows (J,), with the largest class where it abstains."""
    return np.where(winners == ABSTAIN, judged.majority, winners).astype(np.int64)


def _right(winners: Codes, judged: Judged) -> Mask:
    return np.asarray(filled(winners, judged) == judged.codes)


def _weighted_out_of_fold(fired: Fired, judged: Judged) -> Codes:
    folds = judged.folds()
    winners = np.full(len(judged), ABSTAIN, np.int16)
    for fold in range(FOLDS):
        weights: Floats = weights_for(fired, judged.part(folds != fold))
        winners[folds == fold] = combine(on_rows(fired, judged.rows[folds == fold]), "weighted", weights).winners
    return winners
