"""Suggestions in a sitting: what to propose for a row, what to hide, and how good each source is.

The work is done in another process. `step` is called between keys: it reads the answers of that process, and asks again
when there are new labels. What is suggested for the row on screen never changes; it may only appear.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from txt.data.reading.open_rows import OpenRows
from txt.labeling.active.active_learning import make_question
from txt.labeling.active.holdout import Holdout, draw_holdout, read_holdout, save_holdout
from txt.labeling.active.queues import KnownLabels
from txt.labeling.guide import Guide
from txt.labeling.item import Suggestion
from txt.labeling.row_states import BY_PEOPLE, Mask, RowNumbers, RowStates
from txt.labeling.session import LabelSession
from txt.labeling.side_process import Failed, Progress, Ready, SideProcess
from txt.labeling.store.journal import Journal
from txt.labeling.suggest.given import GivenAnswers
from txt.labeling.suggest.messages import (
    Suggested,
    SuggestMessage,
    SuggestPool,
    SuggestQuestion,
    start_suggesting,
)
from txt.labeling.suggest.unaided import SURE, find_aided_rows, is_blind, log_hidden

if TYPE_CHECKING:
    from txt.labeling.suggest.judging import Suggestions

Suggest = Callable[[int], Suggestion | None]

_HOLDOUT_EVERY = 5  # rows, of which one is of the holdout, as long as there are some
_REFIT_SHARE = 20  # suggestions are worked out again when the labels have grown by a twentieth
_SAID_AT_MOST = 3  # other classes that are named beside the likeliest


@dataclass(frozen=True)
class SuggestOptions:
    """What a sitting's suggestions need: the sources, rows to hold out and the share to hide, who labels, the guide."""

    sources: tuple[str, ...]
    annotator: str
    holdout: int = 200
    blind: float = 0.0
    seed: int = 42
    guide: Guide | None = None


class Suggester:
    """One sitting's suggestions; hand `suggest`, `order` and `note_shown` to the session, then call `attach`.

    `fallback` suggests where the sources say nothing. `explain` has, by source, what tells its reasons for a row.
    """

    def __init__(
        self, rows: OpenRows, journal: Journal, states: RowStates, asked: SuggestPool, options: SuggestOptions
    ) -> None:
        self.options = options
        self.fallback: Suggest = lambda _row: None
        self.explain: dict[str, Suggest] = {}
        self.trouble = ""
        self._rows, self._journal = rows, journal
        self._holdout = _load_holdout(journal, states, options)
        self.order = order_with_holdout(states, self._holdout, options.seed)
        self._given: dict[str, GivenAnswers] = {}
        self._session: LabelSession | None = None
        self._latest: Suggested | None = None
        self._share: float | None = 0.0
        self._is_ready = False
        self._waiting = False
        self._asked_at: tuple[int, int] | None = None  # the last decision, and the number of given answers
        self._given_count = 0
        self._process: SideProcess[SuggestQuestion, SuggestMessage] | None = start_suggesting(asked)

    def attach(self, session: LabelSession) -> None:
        """Begin to suggest in a session."""
        self._session = session

    @property
    def held_out(self) -> Mask:
        """Which rows have a text of the holdout (N,)."""
        return self._holdout.same_text

    @property
    def latest(self) -> "Suggestions | None":
        """The suggestions as they are now; None before the first."""
        return None if self._latest is None else self._latest.found

    def suggest(self, row: int) -> Suggestion | None:
        """Return what is proposed for a row; nothing for the holdout, nor for the share that is shown without."""
        return None if self.why_hidden(row) else self.propose(row)

    def propose(self, row: int) -> Suggestion | None:
        """Return what the sources say of a row, whoever may see it."""
        found = self._find_suggestion(row)
        return self.fallback(row) if found is None else found

    def why_hidden(self, row: int) -> str:
        """Return why a row is shown without help: `holdout`, `blind`, or nothing where it is not."""
        if self._holdout.same_text[row]:
            return "holdout"
        states = self._session.states if self._session is not None else None
        if states is not None and self.options.blind > 0:
            # The name of a text, not of a row: copies of one text are hidden together.
            name = states.row_id(row).partition("-")[0]
            return "blind" if is_blind(name, self.options.blind, self.options.seed) else ""
        return ""

    def note_shown(self, row: int) -> None:
        """Log what was hidden from the row that is shown."""
        session = self._session
        why = self.why_hidden(row)
        if session is None or not why or session.states.decided[row]:
            return
        hidden = self._find_suggestion(row)
        if hidden is not None and hidden.is_sure:
            name = session.states.row_id(row)
            log_hidden(self._journal, self.options.annotator, name, hidden.label, hidden.score, why)

    def give(self, name: str, answers: GivenAnswers) -> None:
        """Take the answers of a source that works elsewhere, for all rows."""
        self._given[name] = answers
        self._given_count += 1

    def step(self, seconds: float = 0.0) -> bool:
        """Take in what the process says, and ask again if there are new labels; tells whether there is anything new."""
        if self._process is None or self._session is None:
            return False
        before = (self._share, self._latest, self.trouble)
        try:
            for answer in self._process.answers(seconds):
                match answer:
                    case Progress(share):
                        self._share = share
                    case Ready():
                        self._share, self._is_ready = None, True
                    case Suggested():
                        self._latest, self._waiting = answer, False
                    case Failed(message):
                        self._end(message)
            self._ask_if_due()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._end("the process that works out suggestions has ended")
        return before != (self._share, self._latest, self.trouble)

    def has_taken_in(self, moment: int) -> bool:
        """Tell whether the suggestions are from all decisions up to a moment and from all answers that were given."""
        return not self._waiting and self._asked_at == (moment, self._given_count) and self._latest is not None

    def describe(self) -> str:
        """Return in a few words how far the suggestions are; nothing where all is well."""
        if self._share is not None and not self.trouble:
            return f"suggestions: reading the texts {self._share:.0%}"
        return self.trouble

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.close()
            self._process = None

    def _find_suggestion(self, row: int) -> Suggestion | None:
        if self._latest is None:
            return None
        rows, found = self._latest.rows, self._latest.found
        place = int(np.searchsorted(rows, row))
        if place >= len(rows) or rows[place] != row or found.codes[place] < 0:
            return None
        label, sure = found.names[found.codes[place]], float(found.sure[place])
        agree = [
            name for name, said in zip(found.sources, found.said[:, place], strict=True) if said == found.codes[place]
        ]
        reasons: list[str] = []
        words: list[str] = []
        for name in agree:
            told = self.explain[name](row) if name in self.explain else None
            if told is not None:
                reasons.append(told.reason)
                words += told.words
        if "near" in agree and found.nearest[place] >= 0:
            reasons.append(f"like row {int(rows[found.nearest[place]]) + 1:,}")
        against = [
            f"{name}: {found.names[said]}"
            for name, said in zip(found.sources, found.said[:, place].tolist(), strict=True)
            if said >= 0 and said != found.codes[place]
        ]
        reasons += [f"against it {', '.join(against)}"] if against else []
        ranked = tuple(found.names[code] for code in found.ranked[place].tolist())
        return Suggestion(
            label,
            round(sure, 4),
            "model",
            " · ".join(each for each in reasons if each),
            tuple(words),
            who=" and ".join(agree) or found.method,
            ranked=ranked[: _SAID_AT_MOST + 2],
            is_sure=sure >= SURE,
        )

    def _ask_if_due(self) -> None:
        session = self._session
        assert session is not None
        assert self._process is not None
        if not self._is_ready or self._waiting or session.pending or not session.classes:
            return
        moment = session.journal.last_number
        if self._asked_at is not None:
            trained = 0 if self._latest is None else self._latest.trained_on
            is_new = self._asked_at[1] != self._given_count
            if not is_new and moment - self._asked_at[0] < max(1, trained // _REFIT_SHARE):
                return
        self._asked_at, self._waiting = (moment, self._given_count), True
        names = tuple(session.classes)
        self._process.send(
            make_suggest_question(session.states, self._holdout, self._journal, names, self._given, moment)
        )

    def _end(self, why: str) -> None:
        self.trouble = f"no further suggestions: {why}"
        self.close()


def make_suggest_question(
    states: RowStates,
    holdout: Holdout,
    journal: Journal,
    names: tuple[str, ...],
    given: Mapping[str, GivenAnswers],
    moment: int,
) -> SuggestQuestion:
    """Return the request for suggestions: labels to learn from, and those by people who saw none to judge by."""
    known = make_question(states, holdout, moment).labels
    by_people = states.labeled & np.logical_or.reduce([states.mask_how(how) for how in BY_PEOPLE])
    aided = states.find_rows(sorted(find_aided_rows(journal)))
    by_people[aided[aided >= 0]] = False
    judged = np.flatnonzero(by_people)
    codes, own = states.labels_of(judged)
    return SuggestQuestion(
        names,
        _rename(KnownLabels(known.rows, known.codes, known.names), names),
        _rename(KnownLabels(judged, codes, own), names),
        np.flatnonzero(holdout.same_text),
        dict(given),
        moment,
    )


def order_with_holdout(states: RowStates, holdout: Holdout, seed: int) -> RowNumbers:
    """Return the rows to begin with: those of the file in order, with one of the holdout among every five or so."""
    left = holdout.rows[~states.decided[holdout.rows]]
    others = np.flatnonzero(~states.decided & ~holdout.same_text)[: _HOLDOUT_EVERY * len(left)]
    drawn = np.random.default_rng(seed).random(len(others)) < 1 / (_HOLDOUT_EVERY - 1)
    order: list[int] = []
    waiting = iter(left.tolist())
    for row, is_next in zip(others.tolist(), drawn.tolist(), strict=True):
        if is_next and (held := next(waiting, None)) is not None:
            order.append(held)
        order.append(row)
    return np.array(order, np.int64)


def _rename(labels: KnownLabels, names: tuple[str, ...]) -> KnownLabels:
    """Return labels as numbers into `names`; those of other classes are left out."""
    places = np.array([names.index(name) if name in names else -1 for name in labels.names], np.int64)
    codes = places[labels.codes] if len(places) else labels.codes
    return KnownLabels(labels.rows[codes >= 0], codes[codes >= 0], names)


def _load_holdout(journal: Journal, states: RowStates, options: SuggestOptions) -> Holdout:
    """Return the holdout of the store, drawn now where there is none."""
    rows = read_holdout(journal, states)
    if rows is None:
        rows = draw_holdout(states, options.holdout, options.seed, lambda _row: True)
        if len(rows):
            with journal.transaction():
                save_holdout(journal, states, rows)
    return Holdout.of(rows, states.index)
