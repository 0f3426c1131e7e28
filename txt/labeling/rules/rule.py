"""A rule, and a file of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from txt.labeling.rules.conditions import Condition

Combination = Literal["priority", "majority", "weighted"]
COMBINATIONS: tuple[Combination, ...] = ("priority", "majority", "weighted")


@dataclass(frozen=True)
class Rule:
    """Proposes a label for the rows where `when` is true and `unless` is not."""

    name: str
    label: str
    when: Condition
    unless: Condition | None = None
    priority: int = 0
    weight: float | None = None


@dataclass(frozen=True)
class RuleSet:
    """The rules of a file, and how their votes are combined.

    `priority`: the rules of the highest priority that fire vote. `majority`: all that fire vote. Most votes win, and a
    tie abstains. `weighted`: votes weigh by `weight`, or by how often each rule was right on rows labeled by people.
    """

    rules: tuple[Rule, ...]
    combine: Combination = "majority"
    declared: tuple[str, ...] = ()

    @property
    def labels(self) -> Sequence[str]:
        """The labels declared, or else those that rules give, in the file's order."""
        return self.declared or tuple(dict.fromkeys(rule.label for rule in self.rules))
