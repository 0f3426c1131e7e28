"""How good rules are: the table that Snorkel calls LFAnalysis, and each rule beside guessing the largest class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.labeling.rules.combination import ABSTAIN, label_codes
from txt.labeling.rules.firing import FiringResult
from txt.labeling.rules.judged_rows import JudgedRows
from txt.labeling.rules.vote_choice import ChosenVote, choose_vote, fill_abstentions
from txt.proportions import Interval, paired_difference, wilson_interval

Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """How answers fare on the judged rows that they cover, beside a guess.

    `guess` is the largest class on the same rows; for answers that are always that class, its share of all judged rows.
    They are `worse` than guessing where the 95 % interval is below it.
    """

    judged: int
    accuracy: Interval | None = None
    guess: float | None = None
    worse: bool = False


@dataclass(frozen=True)
class RuleLine:
    """A rule's line of the table; `covered`, `overlapping` and `conflicting` count rows.

    On overlapping rows another rule fires too, on conflicting ones with another label.
    """

    name: str
    label: str
    covered: int
    overlapping: int
    conflicting: int
    score: Score
    slow_at: int | None = None


@dataclass(frozen=True)
class Analysis:
    """The whole table; `conflicts` (R, R) counts the rows on which two rules disagree.

    `with_guesses` is the accuracy on all judged rows when the largest class is guessed where the vote abstains,
    `guessing` that of always guessing, and `gain` their difference.
    """

    rows: int
    judged: int
    lines: Sequence[RuleLine]
    conflicts: Counts
    decided: ChosenVote
    vote: Score
    largest_class: str | None = None
    guessing: Interval | None = None
    with_guesses: Interval | None = None
    gain: Interval | None = None

    @property
    def covered(self) -> int:
        """The number of rows that get a label."""
        return int(self.decided.vote.covered.sum())

    def to_json(self) -> dict[str, Any]:
        """Return the table as a JSON object; shares are of all rows with a text."""
        whole = max(self.rows, 1)
        return {
            "rows": self.rows,
            "judged_rows": self.judged,
            "largest_class": self.largest_class,
            "guessing": _interval_json(self.guessing),
            "combination": {
                "asked": self.decided.asked,
                "used": self.decided.used,
                "compared_with": self.decided.rival,
                "gain_of_weighted": _interval_json(self.decided.gain),
                "coverage": self.covered / whole,
                **_score_json(self.vote),
                "accuracy_with_guesses": _interval_json(self.with_guesses),
                "gain_over_guessing": _interval_json(self.gain),
            },
            "rules": [
                {
                    "name": line.name,
                    "label": line.label,
                    "covered": line.covered,
                    "coverage": line.covered / whole,
                    "overlaps": line.overlapping / whole,
                    "conflicts": line.conflicting / whole,
                    **_score_json(line.score),
                    "slow_at_row": None if line.slow_at is None else line.slow_at + 1,
                }
                for line in self.lines
            ],
            "conflicts": {"rules": [line.name for line in self.lines], "rows": self.conflicts.tolist()},
        }


def analyze(fired: FiringResult, judged: JudgedRows, decided: ChosenVote | None = None) -> Analysis:
    """Work out the table for rules that fired; accuracies are on the rows that people labeled."""
    decided = decided or choose_vote(fired, judged)
    codes = label_codes(fired.rules)
    together = _count_together(fired.fires)  # (R, R)
    differ = codes[:, None] != codes
    others = fired.fires.sum(0) > 1
    disagreed = _find_disagreements(fired, codes)
    answers = np.where(fired.fires[:, judged.rows], codes[:, None], ABSTAIN)  # (R, J)
    lines = [
        RuleLine(
            name=rule.name,
            label=rule.label,
            covered=int(fires.sum()),
            overlapping=int((fires & others).sum()),
            conflicting=int((fires & disagreed).sum()),
            score=score_answers(answer, judged),
            slow_at=fired.slow.get(rule.name),
        )
        for rule, fires, answer in zip(fired.rules.rules, fired.fires, answers, strict=True)
    ]
    vote = decided.vote.winners[judged.rows]
    return Analysis(
        fired.rows,
        len(judged),
        lines,
        together * differ,
        decided,
        score_answers(vote, judged),
        **_compare_with_guessing(vote, judged),
    )


def _count_together(fires: Mask) -> Counts:
    """Return on how many rows each pair of rules fires (R, R)."""
    ones = fires.astype(np.float32)  # exact up to 16 million rows
    return np.asarray((ones @ ones.T).round().astype(np.int64))


def _find_disagreements(fired: FiringResult, codes: npt.NDArray[np.int16]) -> Mask:
    """Return on which rows rules fire for more than one label (N,)."""
    labels = np.stack([fired.fires[codes == code].any(0) for code in np.unique(codes)])
    return np.asarray(labels.sum(0) > 1)


def score_answers(answers: npt.NDArray[Any], judged: JudgedRows) -> Score:
    """Score answers (J,) on the judged rows that they cover."""
    covered = answers != ABSTAIN
    count = int(covered.sum())
    if not count:
        return Score(0)
    right = answers[covered] == judged.codes[covered]
    accuracy = wilson_interval(int(right.sum()), count)
    if (answers[covered] == judged.majority).all():
        share = float((judged.codes == judged.majority).mean())
        return Score(count, accuracy, share, accuracy.high < share)
    guessed = judged.codes[covered] == judged.majority
    difference = paired_difference(int((right & ~guessed).sum()), int((guessed & ~right).sum()), count)
    return Score(count, accuracy, float(guessed.mean()), difference.high < 0)


def _compare_with_guessing(winners: npt.NDArray[np.int16], judged: JudgedRows) -> dict[str, Any]:
    """Return what compares the vote with guessing on all judged rows."""
    if not len(judged):
        return {}
    count = len(judged)
    right, guessed = fill_abstentions(winners, judged) == judged.codes, judged.codes == judged.majority
    return {
        "largest_class": judged.names[judged.majority],
        "guessing": wilson_interval(int(guessed.sum()), count),
        "with_guesses": wilson_interval(int(right.sum()), count),
        "gain": paired_difference(int((right & ~guessed).sum()), int((guessed & ~right).sum()), count),
    }


def _score_json(score: Score) -> dict[str, Any]:
    return {
        "judged": score.judged,
        "accuracy": _interval_json(score.accuracy),
        "guess": score.guess,
        "worse_than_guessing": score.worse,
    }


def _interval_json(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else interval.to_json()
