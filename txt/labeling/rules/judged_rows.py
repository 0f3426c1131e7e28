"""The labels by people that rules are judged by, and the weights of rules learned from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from txt.labeling.row_states import BY_PEOPLE, RowStates
from txt.labeling.rules.combination import label_codes
from txt.labeling.rules.firing import FiringResult

FOLDS = 5
_PULL = 4.0  # rows of its own that weigh as much as those of all other rules, for the trust in a rule

LabelCodes = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JudgedRows:
    """Rows labeled by people: their numbers (J,), and their labels as places in `names` (J,)."""

    rows: npt.NDArray[np.int64]
    codes: LabelCodes
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, chosen: npt.NDArray[np.bool_]) -> "JudgedRows":
        """Return some of the rows, (J,) says which."""
        return JudgedRows(self.rows[chosen], self.codes[chosen], self.names)

    def folds(self) -> npt.NDArray[np.int64]:
        """Return the fold of each row (J,), always the same ones."""
        return np.random.default_rng(0).permutation(len(self)) % FOLDS

    @property
    def majority(self) -> int:
        """The place of the most frequent label in `names`."""
        return int(np.bincount(self.codes, minlength=len(self.names)).argmax())


def find_judged_rows(
    states: RowStates, labels: Sequence[str], test: npt.NDArray[np.bool_] | None = None, count: int | None = None
) -> JudgedRows:
    """Return the rows that people labeled; `labels`, the rules' own, come first among the names.

    Rows in `test` (N,) are left out, since nothing may be chosen by them; `count` leaves only that many at the head.
    """
    by_people = states.labeled & np.logical_or.reduce([states.mask_how(how) for how in BY_PEOPLE])
    by_people = by_people[: len(states) if count is None else count]
    rows = np.flatnonzero(by_people if test is None else by_people & ~test[: len(by_people)])
    names = dict.fromkeys(labels)
    given = [states.label(row) or "" for row in rows.tolist()]
    places = {name: place for place, name in enumerate(dict.fromkeys([*names, *given]))}
    return JudgedRows(rows, np.array([places[label] for label in given], np.int16), tuple(places))


def count_hits(fired: FiringResult, judged: JudgedRows) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return for each rule on how many judged rows it fires, and on how many of them it is right, (R,) each."""
    fires = fired.fires[:, judged.rows]  # (R, J)
    right = fires & (label_codes(fired.rules)[:, None] == judged.codes)
    return fires.sum(1), right.sum(1)


def learn_weights(fired: FiringResult, judged: JudgedRows) -> Floats:
    """Return the weight of each rule's vote (R,): the file's, or the log-odds of being right on the judged rows.

    These are AdaBoost's for several classes (Zhu et al. 2009): a rule no better than chance weighs nothing.
    """
    count, right = count_hits(fired, judged)
    share = (right + 1) / (count + 2)
    classes = max(len(fired.rules.labels), 2)
    learned = np.maximum(np.log(share / (1 - share)) + np.log(classes - 1), 0.0)
    given = [rule.weight for rule in fired.rules.rules]
    return np.array([own if own is not None else learned[place] for place, own in enumerate(given)])


def estimate_trust(fired: FiringResult, judged: JudgedRows) -> Floats:
    """Return how far each rule can be trusted (R,): its share of right votes, drawn to that of all rules together.

    Without a single judged row that is a half: nothing is known.
    """
    count, right = count_hits(fired, judged)
    all_rules = (right.sum() + 1) / (count.sum() + 2)
    return np.asarray((right + _PULL * all_rules) / (count + _PULL))
