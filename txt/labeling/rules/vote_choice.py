"""Chooses how votes are combined: as the file says, but weighted only if it is better on the rows people labeled."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from txt.labeling.rules.combination import ABSTAIN, Floats, LabelCodes, Vote, combine
from txt.labeling.rules.firing import FiringResult
from txt.labeling.rules.judged_rows import FOLDS, JudgedRows, learn_weights
from txt.labeling.rules.rule import Combination
from txt.proportions import Interval, paired_difference

_PLAIN: tuple[Combination, ...] = ("majority", "priority")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ChosenVote:
    """The vote that is used. `gain` is the accuracy of the weighted vote above `rival`, where one was asked for.

    There every judged row counts: where a vote abstains, the largest class is guessed.
    """

    vote: Vote
    asked: Combination
    used: Combination
    rival: Combination | None = None
    gain: Interval | None = None


def choose_vote(fired: FiringResult, judged: JudgedRows) -> ChosenVote:
    """Combine the votes of rules as their file asks; a weighted vote must beat the better of the plain ones.

    It is measured on the rows that people labeled, each with weights learned from the other folds, and wins where the
    95 % interval of the difference is above 0.
    """
    asked = fired.rules.combine
    if asked != "weighted":
        return ChosenVote(combine(fired, asked), asked, asked)
    right_by_plain = {how: _find_right(combine(select_rows(fired, judged.rows), how).winners, judged) for how in _PLAIN}
    rival = max(_PLAIN, key=lambda how: int(right_by_plain[how].sum()))
    gain = None
    if len(judged) >= FOLDS:
        won = _find_right(_vote_out_of_fold(fired, judged), judged)
        lost = right_by_plain[rival]
        gain = paired_difference(int((won & ~lost).sum()), int((lost & ~won).sum()), len(judged))
    if gain is not None and gain.low > 0:
        return ChosenVote(combine(fired, "weighted", learn_weights(fired, judged)), asked, "weighted", rival, gain)
    return ChosenVote(combine(fired, rival), asked, rival, rival, gain)


def select_rows(fired: FiringResult, rows: npt.NDArray[np.int64]) -> FiringResult:
    """Return where rules fire among some rows."""
    return replace(fired, fires=fired.fires[:, rows])


def fill_abstentions(winners: LabelCodes, judged: JudgedRows) -> npt.NDArray[np.int64]:
    """Return the answers of a vote on the judged rows (J,), with the largest class where it abstains."""
    return np.where(winners == ABSTAIN, judged.majority, winners).astype(np.int64)


def _find_right(winners: LabelCodes, judged: JudgedRows) -> Mask:
    return np.asarray(fill_abstentions(winners, judged) == judged.codes)


def _vote_out_of_fold(fired: FiringResult, judged: JudgedRows) -> LabelCodes:
    folds = judged.folds()
    winners = np.full(len(judged), ABSTAIN, np.int16)
    for fold in range(FOLDS):
        weights: Floats = learn_weights(fired, judged.part(folds != fold))
        winners[folds == fold] = combine(select_rows(fired, judged.rows[folds == fold]), "weighted", weights).winners
    return winners
