"""The rules as a sitting knows them: their latest votes, what they propose for a row, how good they are."""

from collections.abc import Callable
from pathlib import Path

from txt.labeling.item import Suggestion
from txt.labeling.rules.analysis import Analysis, analyze
from txt.labeling.rules.decision import decide
from txt.labeling.rules.judging import judged_rows
from txt.labeling.rules.proposals import Proposals
from txt.labeling.rules.watcher import Mistake, Voted
from txt.labeling.states import RowStates

_JUDGED_AGAIN = 10  # further labels after which the rules are judged anew


class RuleBook:
    """Takes the watcher's votes, and answers from them; without votes it proposes nothing.

    `mistake` is what is wrong in the file now; the votes before it go on to hold. `share` says how far the first votes
    have come.
    """

    def __init__(self, path: Path, text_of: Callable[[int], str]) -> None:
        self.path = path
        self.mistake: Mistake | None = None
        self.analysis: Analysis | None = None
        self.proposals: Proposals | None = None
        self.share = 0.0
        self._text_of = text_of
        self._voted: Voted | None = None
        self._labeled = 0

    def take(self, voted: Voted, states: RowStates) -> None:
        """Go by other votes from now on."""
        self._voted, self.mistake = voted, None
        self.judge(states)

    def judge(self, states: RowStates) -> None:
        """Judge the rules by the labels that there are now."""
        if self._voted is None:
            return
        fired, test = self._voted.fired(), self._voted.held_out()
        judged = judged_rows(states, fired.rules.labels, test, fired.fires.shape[1])
        decided = decide(fired, judged)
        self.analysis = analyze(fired, judged, decided)
        self.proposals = Proposals(fired, judged, decided, test)
        self._labeled = states.decided_count

    def judge_in_time(self, states: RowStates) -> None:
        """Judge the rules anew when there are enough further labels."""
        if abs(states.decided_count - self._labeled) >= max(_JUDGED_AGAIN, self._labeled // 20):
            self.judge(states)

    def suggest(self, row: int) -> Suggestion | None:
        """Return what the rules propose for a row."""
        return None if self.proposals is None else self.proposals.explained(row, self._text_of(row))

    @property
    def whole(self) -> bool:
        """Tell whether the rules have voted on all rows."""
        return self._voted is not None and self._voted.whole
