"""The rules during a session: their latest votes, what they propose for a row, and how good they are."""

from collections.abc import Callable
from pathlib import Path

from txt.labeling.item import Suggestion
from txt.labeling.row_states import RowStates
from txt.labeling.rules.analysis import Analysis, analyze
from txt.labeling.rules.combination import Mask
from txt.labeling.rules.firing import FiringResult
from txt.labeling.rules.judged_rows import JudgedRows, find_judged_rows
from txt.labeling.rules.proposals import Proposals
from txt.labeling.rules.vote_choice import ChosenVote, choose_vote
from txt.labeling.rules.watcher import RulesMistake, RuleVotes

_JUDGED_AGAIN = 10  # further labels after which the rules are judged anew


class RuleBook:
    """Takes the watcher's votes, and answers from them; without votes it proposes nothing.

    `mistake` is what is wrong in the file now; the votes before it go on to hold. `share` says how far the first votes
    have come, `whole` whether the rules have voted on all rows.
    """

    def __init__(self, path: Path, text_of: Callable[[int], str]) -> None:
        self.path = path
        self.mistake: RulesMistake | None = None
        self.proposals: Proposals | None = None
        self.share = 0.0
        self.whole = False
        self._text_of = text_of
        self._fired: FiringResult | None = None
        self._test: Mask | None = None
        self._judged: JudgedRows | None = None
        self._decided: ChosenVote | None = None
        self._analysis: Analysis | None = None
        self._labeled = 0

    def take(self, voted: RuleVotes, states: RowStates) -> None:
        """Use these votes from now on."""
        self._fired, self._test, self.whole = voted.unpack(), voted.find_held_out(), voted.whole
        self._decided, self.mistake = None, None
        self.judge(states)

    def judge(self, states: RowStates) -> None:
        """Judge the rules by the labels that there are now; only a weighted vote can change by them."""
        if self._fired is None:
            return
        rules = self._fired.rules
        self._judged = find_judged_rows(states, rules.labels, self._test, self._fired.fires.shape[1])
        if self._decided is None or rules.combine == "weighted":
            self._decided = choose_vote(self._fired, self._judged)
        self.proposals = Proposals(self._fired, self._judged, self._decided, self._test)
        self._analysis, self._labeled = None, states.decided_count

    def judge_if_due(self, states: RowStates) -> None:
        """Judge the rules anew when there are enough further labels."""
        if abs(states.decided_count - self._labeled) >= max(_JUDGED_AGAIN, self._labeled // 20):
            self.judge(states)

    def suggest(self, row: int) -> Suggestion | None:
        """Return what the rules propose for a row."""
        return None if self.proposals is None else self.proposals.explain(row, self._text_of(row))

    def list_fired(self) -> dict[str, Mask]:
        """Return the rows on which each rule fires, (N,); nothing before the first votes."""
        if self._fired is None:
            return {}
        return {rule.name: fires for rule, fires in zip(self._fired.rules.rules, self._fired.fires, strict=True)}

    def analysis(self) -> Analysis | None:
        """Return how good the rules are; None before their first votes."""
        if self._analysis is None and self._fired is not None and self._judged is not None:
            self._analysis = analyze(self._fired, self._judged, self._decided)
        return self._analysis
