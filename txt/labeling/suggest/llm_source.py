"""The language model as one source of a sitting's suggestions: which rows to ask about, and what it said."""

from collections.abc import Callable

import numpy as np

from txt.labeling.item import Suggestion
from txt.labeling.row_states import RowNumbers
from txt.labeling.session import LabelSession
from txt.labeling.side_process import SideProcess
from txt.labeling.suggest.given import GivenAnswers
from txt.labeling.suggest.llm_messages import LlmAnswered, LlmMessage, LlmPlan, LlmTask, LlmTrouble, start_asking
from txt.labeling.suggest.llm_prompt import LabeledText
from txt.labeling.suggest.suggester import Suggester

_AHEAD = 24  # rows asked about before they come
_MOST_EXAMPLES = 200  # labeled texts of which the most similar ones are sent
_GIVEN_EVERY = 4  # answers, after which suggestions are worked out again
_SURE = 0.8  # what one answer counts as before there are labels to weigh it by


class LlmSource:
    """Asks a language model about the rows that come next, and about labeled ones, by which it is judged."""

    def __init__(
        self, plan: LlmPlan, session: LabelSession, suggester: Suggester, notify: Callable[[str], object]
    ) -> None:
        self._session, self._suggester, self._notify = session, suggester, notify
        self._names = plan.classes
        self._labels: dict[int, str] = {}
        self._reasons: dict[int, str] = {}
        self._asked: set[int] = set()
        self._pending = 0
        self._new = 0
        self._is_over = False
        self.tokens = 0
        self.seconds = 0.0
        self.answered = 0
        self._process: SideProcess[LlmTask, LlmMessage] | None = start_asking(plan)
        suggester.explain["llm"] = self._explain

    def step(self, seconds: float = 0.0) -> bool:
        """Take in answers, and ask about further rows; tells whether there is anything new."""
        if self._process is None:
            return False
        heard = False
        try:
            for answer in self._process.answers(seconds):
                heard = True
                match answer:
                    case LlmAnswered():
                        self._take(answer)
                    case LlmTrouble(message, is_over):
                        self._is_over |= is_over
                        self._notify(message)
            self._ask_ahead()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._notify("the process that asks the language model has ended")
            self.close()
        if self._new and (self._new >= _GIVEN_EVERY or not self._pending or self._is_over):
            self._new = 0
            self._suggester.give("llm", self.collect_answers())
        return heard

    def collect_answers(self) -> GivenAnswers:
        """Return the answers so far, for all rows."""
        count, classes = len(self._session.rows), self._session.classes
        codes, sure = np.full(count, -1, np.int64), np.full(count, _SURE, np.float32)
        for row, label in self._labels.items():
            if label in classes:
                codes[row] = classes.index(label)
        return GivenAnswers(codes, sure, self.tokens, self.seconds)

    def describe(self) -> str:
        """Return what was asked and what it cost, in a few words."""
        return f"language model: {self.answered:,} answers, {self.tokens:,} tokens"

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _take(self, answer: LlmAnswered) -> None:
        self._pending -= 1
        self._new += 1
        self.answered += 1
        self.tokens += answer.tokens
        self.seconds += answer.seconds
        if answer.label is not None:
            self._labels[answer.row], self._reasons[answer.row] = answer.label, answer.reason

    def _explain(self, row: int) -> Suggestion | None:
        if row not in self._labels:
            return None
        reason = self._reasons.get(row, "")
        return Suggestion(self._labels[row], None, "model", f"llm: {reason}" if reason else "")

    def _ask_ahead(self) -> None:
        if self._pending >= _AHEAD // 2 or self._is_over or self._process is None:
            return
        rows = [row for row in self._choose_rows() if row not in self._asked][: _AHEAD - self._pending]
        if not rows:
            return
        self._asked.update(rows)
        self._pending += len(rows)
        texts = tuple((row, self._session.rows.text(row)) for row in rows)
        self._process.send(LlmTask(texts, self._choose_labeled()))

    def _choose_rows(self) -> list[int]:
        """Return the row on screen and those that come next, and every fourth time a labeled one."""
        session = self._session
        order = session.queue.order
        ahead = order[~session.states.decided[order]] if len(order) else order
        if len(ahead) < _AHEAD:
            start = session.row or 0
            ahead = np.concatenate([ahead, start + np.flatnonzero(~session.states.decided[start:])[: 2 * _AHEAD]])
        rows = [session.row, *ahead.tolist()] if session.row is not None else ahead.tolist()
        labeled: RowNumbers = np.flatnonzero(session.states.labeled)
        unasked = [row for row in labeled.tolist() if row not in self._asked][: _AHEAD // 4]
        return list(dict.fromkeys([*rows[:4], *unasked, *rows[4:]]))

    def _choose_labeled(self) -> tuple[LabeledText, ...]:
        """Return labeled texts that may be examples: the latest ones, and none of the holdout."""
        states, hidden = self._session.states, self._suggester.held_out
        rows = np.flatnonzero(states.labeled & ~hidden)
        latest = rows[np.argsort(states.acts(rows), kind="stable")][-_MOST_EXAMPLES:]
        labels = [(row, states.label(row)) for row in latest.tolist()]
        return tuple(LabeledText(self._session.rows.text(row), label) for row, label in labels if label)
