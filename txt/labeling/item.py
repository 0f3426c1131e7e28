"""What the screen shows of the current row and of the whole file."""

from dataclasses import dataclass

from txt.labeling.store.decision import How


@dataclass(frozen=True)
class Suggestion:
    """What a rule or a model proposes for a row, how sure it is, why, in words, and which words of the text say so.

    `who` names what proposes it, where that is not `how`. `ranked` are the likeliest classes; one that is not `is_sure`
    is shown with the next ones, and enter does not take it.
    """

    label: str
    score: float | None = None
    how: How = "rule"
    reason: str = ""
    words: tuple[str, ...] = ()
    who: str = ""
    ranked: tuple[str, ...] = ()
    is_sure: bool = True


@dataclass(frozen=True)
class RecentDecision:
    """A decision of this annotator: on which row (from 0, None if the file no longer has it), what, and when (UTC)."""

    row: int | None
    label: str | None
    time: str


@dataclass(frozen=True)
class Opinion:
    """What one annotator says of a row: the label (None where skipped, or where there is only a note) and the note."""

    annotator: str
    label: str | None
    note: str
    skipped: bool = False


@dataclass(frozen=True)
class Item:
    """All that is to be seen of one row."""

    row: int
    text: str
    metadata: dict[str, str]
    label: str | None
    skipped: bool
    flagged: bool
    note: str
    annotator: str
    how: str
    copies: int
    suggestion: Suggestion | None


@dataclass(frozen=True)
class LabelProgress:
    """How far the file has come."""

    done: int
    total: int
    skipped: int
    flagged: int
    classes: dict[str, int]
    seconds_each: float | None
    seconds_left: float | None

    @property
    def left(self) -> int:
        """The number of rows without a decision."""
        return self.total - self.done
