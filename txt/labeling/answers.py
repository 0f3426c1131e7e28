"""The final answer for each row of an export: a person's, or a proposed one where nobody decided."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from txt.data.formats.record import RowStatus
from txt.labeling.item import Suggestion
from txt.labeling.probable_labels import ProbableLabels, find_best
from txt.labeling.row_states import RowStates
from txt.labeling.store.decision import format_utc
from txt.labeling.store.journal import Journal

Propose = Callable[[int], Suggestion | None]
"""Returns a label for a row that nobody decided on, or None."""


CONSENSUS = "consensus"
"""Who gave a label that is most probable given all annotators, where the last of them gave another one."""


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """The answer for a row: its label (several are joined by `|`), who gave it, when (UTC), how, and what was noted.

    `confidence` is there where a rule or a model gave the label; `by` then names it.
    """

    label: str | None = None
    status: RowStatus = "unlabeled"
    by: str = ""
    time: str = ""
    how: str = ""
    flagged: bool = False
    note: str = ""
    confidence: float | None = None


def propose_nothing(_row: int) -> None:
    """Leave undecided rows without a label."""


def answers(
    states: RowStates, journal: Journal, propose: Propose = propose_nothing, probable: ProbableLabels | None = None
) -> Iterator[RowAnswer]:
    """Yield the answer for each row, in the file's order; `propose` never comes before a person.

    With `probable` a row that people labeled has the label most probable given all of them, and how probable that is;
    where that is not the last one, it is by the CONSENSUS.
    """
    notes = journal.notes()
    notes_by_row = dict(zip(states.find_rows(list(notes)).tolist(), notes.values(), strict=True))
    earlier = journal.earlier_times()
    times_by_row = dict(zip(states.find_rows(list(earlier)).tolist(), earlier.values(), strict=True))
    scores = journal.scores()
    scores_by_row = dict(zip(states.find_rows(list(scores)).tolist(), scores.values(), strict=True))
    decided = states.decided.tolist()
    for row, is_decided in enumerate(decided):
        flagged, note = states.is_flagged(row), notes_by_row.get(row, "")
        label = states.label(row)
        if label is None and not is_decided and (proposed := propose(row)) is not None:
            reason, score = proposed.reason, proposed.score
            yield RowAnswer(proposed.label, "labeled", reason, "", proposed.how, flagged, note, score)
        elif label is None and not states.is_skipped(row):
            yield RowAnswer(flagged=flagged, note=note)
        else:
            status: RowStatus = "skipped" if label is None else "labeled"
            act, by, how = states.act(row), states.annotator(row), states.how(row)
            time = times_by_row.get(row) or (format_act_time(act) if act else "")
            score = scores_by_row.get(row)
            shares = None if probable is None or label is None else probable.find_row(states.row_id(row))
            if shares is not None:
                found, score = find_best(shares)
                score = round(score, 4)
                if found != label:
                    label, by, how = found, CONSENSUS, CONSENSUS
            yield RowAnswer(label, status, by, time, how, flagged, note, score)


def format_act_time(act: int) -> str:
    """Return when an act was done; its number is in nanoseconds."""
    return format_utc(act / 1e9)
