"""Combines the votes of rules into one label for each row, or none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from txt.labeling.rules.firing import FiringResult
from txt.labeling.rules.rule import Combination, RuleSet

ABSTAIN = -1

LabelCodes = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_CLOSE = 1e-9  # sums of weights that differ by rounding alone are a tie


@dataclass(frozen=True)
class Vote:
    """What the rules say of each row: `winners` (N,) are places in `labels`, or ABSTAIN.

    `share` (N,) is the winner's part of all votes that were cast on the row, 0 where none won.
    """

    labels: Sequence[str]
    winners: LabelCodes
    share: Floats

    @property
    def covered(self) -> Mask:
        """Which rows get a label (N,)."""
        return np.asarray(self.winners != ABSTAIN)


def label_codes(rules: RuleSet) -> LabelCodes:
    """Return each rule's label as a place in `rules.labels` (R,)."""
    labels = list(rules.labels)
    return np.array([labels.index(rule.label) for rule in rules.rules], np.int16)


def combine(fired: FiringResult, how: Combination, weights: Floats | None = None) -> Vote:
    """Return the label that wins each row's votes; ties abstain. `weights` (R,) are for `weighted`."""
    rules = fired.rules
    counted = np.ones(len(rules.rules)) if weights is None or how != "weighted" else weights
    cast = _sum_votes(rules, fired.fires, counted)  # (C, N)
    deciding = _sum_votes(rules, _keep_highest(rules, fired.fires), counted) if how == "priority" else cast
    winners = _find_winners(deciding)
    total = cast.sum(0)
    won = np.take_along_axis(cast, np.maximum(winners, 0)[None].astype(np.int64), 0)[0]
    share = np.divide(won, total, out=np.zeros(len(total)), where=(winners != ABSTAIN) & (total > 0))
    return Vote(tuple(rules.labels), winners, share)


def _sum_votes(rules: RuleSet, fires: Mask, weights: Floats) -> Floats:
    """Return the sum of the votes for each label on each row (C, N)."""
    votes = np.zeros((len(rules.labels), fires.shape[1]))
    for code, weight, line in zip(label_codes(rules).tolist(), weights.tolist(), fires, strict=True):
        votes[code] += weight * line
    return votes


def _keep_highest(rules: RuleSet, fires: Mask) -> Mask:
    """Return where rules fire that no rule of a higher priority outranks (R, N)."""
    priorities = np.array([rule.priority for rule in rules.rules])
    standing = np.zeros_like(fires)
    decided = np.zeros(fires.shape[1], np.bool_)
    for priority in sorted(set(priorities.tolist()), reverse=True):
        tier = priorities == priority
        standing[tier] = fires[tier] & ~decided
        decided |= fires[tier].any(0)
    return standing


def _find_winners(votes: Floats) -> LabelCodes:
    best = votes.max(0)
    winners: LabelCodes = votes.argmax(0).astype(np.int16)
    tied = (votes >= best - _CLOSE).sum(0) > 1
    winners[tied | (best <= 0)] = ABSTAIN
    return np.asarray(winners)
