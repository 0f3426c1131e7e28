"""What rules propose for a row: its label, how sure they are, which rules say so and by which words."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from txt.labeling.item import Suggestion
from txt.labeling.rules.combination import ABSTAIN, Mask, label_codes
from txt.labeling.rules.firing import FiringResult
from txt.labeling.rules.judged_rows import JudgedRows, estimate_trust
from txt.labeling.rules.rule import Rule
from txt.labeling.rules.vote_choice import ChosenVote, choose_vote
from txt.time_limit import TooSlowError, in_main_thread, time_limit

_SEEN_SECONDS = 0.05  # for the words that made a rule fire; without them the row is shown all the same


class Proposals:
    """The rules' answers by row, made when they are asked for. Rows in `test` (N,) are for people alone."""

    def __init__(
        self, fired: FiringResult, judged: JudgedRows, decided: ChosenVote | None = None, test: Mask | None = None
    ) -> None:
        self.decided = decided or choose_vote(fired, judged)
        self._test = test
        self._fired = fired
        self._codes = label_codes(fired.rules).tolist()
        self._trust = estimate_trust(fired, judged).tolist()

    def answer(self, row: int) -> Suggestion | None:
        """Return the label proposed for a row, by the names of its rules; None where they abstain.

        Its score is the part of all votes that it has, times how often the best of its rules is right.
        """
        found = self._find_winner(row)
        if found is None:
            return None
        label, places = found
        score = float(self.decided.vote.share[row]) * max(self._trust[place] for place in places)
        names = ", ".join(self._fired.rules.rules[place].name for place in places)
        return Suggestion(label, round(score, 4), "rule", names)

    def answer_all(self, names: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Return for all rows the label as a number into `names`, or ABSTAIN, and the score (N,), as in `answer`."""
        vote, N = self.decided.vote, len(self.decided.vote.winners)
        places = np.array([names.index(label) if label in names else ABSTAIN for label in vote.labels], np.int64)
        codes = np.where(vote.winners == ABSTAIN, ABSTAIN, places[vote.winners])
        if self._test is not None:
            codes = np.where(self._test[:N], ABSTAIN, codes)
        best = np.zeros(N)
        for place, trust in enumerate(self._trust):
            agrees = self._fired.fires[place][:N] & (vote.winners == self._codes[place])
            best = np.maximum(best, np.where(agrees, trust, 0.0))
        return codes, (vote.share * best).astype(np.float32)

    def explain(self, row: int, text: str) -> Suggestion | None:
        """Return the label proposed for a row with this text, and the words that made it so."""
        found, answer = self._find_winner(row), self.answer(row)
        if found is None or answer is None:
            return None
        rules = self._fired.rules.rules
        seen = {rules[place].name: _find_evidence(rules[place], text) for place in found[1]}
        reason = "; ".join(f"{name}: {', '.join(words)}" if words else name for name, words in seen.items())
        against = [
            rule.name
            for place, rule in enumerate(rules)
            if self._fired.fires[place, row] and self._codes[place] != self._codes[found[1][0]]
        ]
        reason += f" · against it: {', '.join(against)}" if against else ""
        return Suggestion(
            answer.label, answer.score, "rule", reason, tuple(w for words in seen.values() for w in words)
        )

    def _find_winner(self, row: int) -> tuple[str, list[int]] | None:
        """Return the label that won a row, and the places of the rules that voted for it."""
        vote = self.decided.vote
        if row >= len(vote.winners) or vote.winners[row] == ABSTAIN or (self._test is not None and self._test[row]):
            return None
        code = int(vote.winners[row])
        fires = self._fired.fires[:, row]
        return vote.labels[code], [place for place, own in enumerate(self._codes) if own == code and fires[place]]


def _find_evidence(rule: Rule, text: str) -> list[str]:
    if not in_main_thread():  # a row that comes up while many are labeled in another thread
        return []
    try:
        with time_limit(_SEEN_SECONDS):
            return rule.when.find_matches(text)
    except TooSlowError:
        return []
