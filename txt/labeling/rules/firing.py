"""Where each rule fires: cached by the rule's content, so that after an edit only changed rules are computed again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from txt.labeling.rules.conditions import Condition
from txt.labeling.rules.corpus import Corpus, Mask, SlowPatternError
from txt.labeling.rules.rule import Rule, RuleSet


@dataclass(frozen=True)
class FiringResult:
    """Where rules fire: `fires` (R, N), a line a rule. `rows` is the number of rows that have a text.

    Rules in `slow` fire nowhere; it tells the row at which each gave up.
    """

    rules: RuleSet
    fires: Mask
    rows: int
    slow: Mapping[str, int] = field(default_factory=dict)


class Firing:
    """Works out where rules fire in a corpus, and remembers it."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._known: dict[Condition, Mask | SlowPatternError] = {}

    def fire(self, rules: RuleSet) -> FiringResult:
        """Return where the rules of a file fire; what this file does not ask for is forgotten."""
        masks, slow = [], {}
        before, self._known = self._known, {}
        for rule in rules.rules:
            try:
                masks.append(self._mask(rule, before))
            except SlowPatternError as error:
                slow[rule.name] = error.row
                masks.append(np.zeros(len(self.corpus), np.bool_))
        return FiringResult(rules, np.stack(masks) & self.corpus.has_text, int(self.corpus.has_text.sum()), slow)

    def _mask(self, rule: Rule, before: Mapping[Condition, Mask | SlowPatternError]) -> Mask:
        fires = self._where(rule.when, before)
        return fires if rule.unless is None else fires & ~self._where(rule.unless, before)

    def _where(self, condition: Condition, before: Mapping[Condition, Mask | SlowPatternError]) -> Mask:
        if condition not in self._known:
            known = before.get(condition)
            self._known[condition] = self._work_out(condition) if known is None else known
        answer = self._known[condition]
        if isinstance(answer, SlowPatternError):
            raise SlowPatternError(answer.row)
        return answer

    def _work_out(self, condition: Condition) -> Mask | SlowPatternError:
        try:
            return condition.fires(self.corpus)
        except SlowPatternError as error:
            return error
