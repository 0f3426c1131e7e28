"""Active learning in a sitting: which rows come next, what the model suggests, and how good it is by the holdout.

The model runs in another process. `step` is called between keys: it reads the answers of that process, and requests a
new queue when there are new labels. It never changes the row on screen.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from txt.data.reading.open_rows import OpenRows
from txt.data.reading.split_column import is_held_out
from txt.labeling.active.holdout import Holdout, draw_holdout, estimate_shares, read_holdout, save_holdout
from txt.labeling.active.log import QueryLog, QueryPlan
from txt.labeling.active.queues import PICKED, QUEUE_ROWS, KnownLabels, Question, Ranking
from txt.labeling.active.ranker import Pool, Ranker, Vectorize, start_ranker
from txt.labeling.active.stopping import StopAdvice, list_earlier_steps
from txt.labeling.item import Suggestion
from txt.labeling.row_states import BY_PEOPLE, Mask, RowNumbers, RowStates
from txt.labeling.session import LabelSession
from txt.labeling.side_process import Failed, Progress, Ready
from txt.labeling.store.decision import SEPARATOR, sort_label
from txt.labeling.store.journal import Journal
from txt.proportions import Interval, wilson_interval

LEAST_MEASURED = 10
"""Rows of the holdout with a label; with fewer, a share says nothing."""

Suggest = Callable[[int], Suggestion | None]

_SAMPLE = 1000  # rows whose predictions tell whether the model has settled
_LEARNED_FROM = (*BY_PEOPLE, "duplicate")
_REFIT_SHARE = 50  # with more labels than this, a new queue is asked for when they have grown by a fiftieth


@dataclass(frozen=True)
class ModelStatus:
    """What is known of the model: `accuracy` on the labeled rows of the holdout, of which there are `measured`.

    `shares` of the classes are estimated from the holdout alone. `curve` has (labels, accuracy) for each model so far.
    """

    trained_on: int
    measured: int
    held_out: int
    accuracy: Interval | None
    shares: dict[str, Interval]
    curve: Sequence[tuple[int, Interval]]
    advice: str
    doing: str


@dataclass(frozen=True)
class SittingOptions:
    """What else a sitting needs: rows to hold out, the column that names splits, who labels, and see Pool.

    With `several` rows have several labels; the accuracy is then the share of rows of which all are right.
    """

    holdout: int
    split_column: str | None
    annotator: str
    vectorize: Vectorize | None = None
    several: bool = False


class ActiveLearning:
    """One sitting's active learning; hand `suggest`, `order` and `log_shown` to the session, then call `attach`."""

    def __init__(
        self, rows: OpenRows, journal: Journal, states: RowStates, plan: QueryPlan, options: SittingOptions
    ) -> None:
        self._plan = plan
        self._rows, self._journal = rows, journal
        self._split, self._several = options.split_column, options.several
        self._log = QueryLog(journal, options.annotator, plan)
        self._holdout = self._load_holdout(states, options.holdout)
        self._advice = StopAdvice()
        self._session: LabelSession | None = None
        self._ranking: Ranking | None = None
        self._pool: RowNumbers | None = None
        self._sample: RowNumbers = np.empty(0, np.int64)
        self._earlier: deque[Question] = deque()
        self._asked: int | None = None
        self._waiting = False
        self._doing = "reading the texts"
        self._curve: list[tuple[int, Interval]] = []
        self._status: ModelStatus | None = None
        labeled = np.flatnonzero(states.labeled)
        wanted = np.union1d(labeled, self._holdout.rows)
        self.order = self._draw_first_order(states)
        pool = Pool(rows.path, rows.form, options.split_column, plan, wanted, options.vectorize, options.several)
        self._ranker: Ranker | None = start_ranker(pool)

    def attach(self, session: LabelSession) -> None:
        """Begin to guide a session."""
        self._session = session

    @property
    def held_out(self) -> Mask:
        """Which rows have a text of the holdout (N,)."""
        return self._holdout.same_text

    def suggest(self, row: int) -> Suggestion | None:
        """Return what the model says of a row; nothing for the holdout, nor for rows drawn at random beside it.

        If only rows of the holdout came without a suggestion, they would be marked by that.
        """
        ranking = self._ranking
        if ranking is None or self._pool is None or not len(ranking.predicted) or self._holdout.same_text[row]:
            return None
        picked = ranking.picked[ranking.rows == row]
        if len(picked) and PICKED[picked[0]] == "random":
            return None
        place = int(np.searchsorted(self._pool, row))
        if place >= len(self._pool) or self._pool[place] != row:
            return None
        label = ranking.names[ranking.predicted[place]]
        return Suggestion(
            label, float(ranking.confidence[place]), "model", f"{self._plan.model} after {ranking.trained_on:,} labels"
        )

    def combine_with(self, others: Suggest) -> Suggest:
        """Return what proposes by rules, or where they say nothing by the model; for the holdout nobody does."""

        def suggest(row: int) -> Suggestion | None:
            return None if self._holdout.same_text[row] else others(row) or self.suggest(row)

        return suggest

    def log_shown(self, row: int) -> None:
        """Log that a row of the queue is shown."""
        if self._session is not None and not self._session.states.decided[row]:
            self._log.note(row, self._session.states.row_id(row))

    def step(self, seconds: float = 0.0) -> bool:
        """Take in what the other process says, and ask for a new queue if there are new labels.

        Waits at most some seconds for it, and tells whether there is anything new to see.
        """
        if self._ranker is None or self._session is None:
            return False
        before = (self._doing, self._ranking)
        try:
            for answer in self._ranker.answers(seconds):
                self._handle_answer(answer)
            self._ask_if_due()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._end("the model's process has ended; the queue stays as it is")
        return before != (self._doing, self._ranking)

    def model_status(self) -> ModelStatus:
        """Return what is known of the model, as of its last queue."""
        if self._status is None:
            self._status = self._compute_status()
        return self._status

    def close(self) -> None:
        """End the other process."""
        if self._ranker is not None:
            self._ranker.close()
            self._ranker = None

    def _compute_status(self) -> ModelStatus:
        labels = self._holdout_labels()
        known = [label for label in labels if label is not None]
        return ModelStatus(
            trained_on=self._ranking.trained_on if self._ranking else 0,
            measured=len(known),
            held_out=len(labels),
            accuracy=self._accuracy(self._ranking, labels),
            shares=estimate_shares(self._count_classes(known), len(known)) if known else {},
            curve=self._curve,
            advice=self._advice.advice(labels),
            doing=self._doing,
        )

    def _count_classes(self, labels: Sequence[str]) -> Counter[str]:
        return Counter(
            name for label in labels for name in (label.split(SEPARATOR) if self._several else [label]) if name
        )

    def _handle_answer(self, answer: object) -> None:
        self._status = None
        match answer:
            case Progress(share):
                self._doing = f"reading the texts {share:.0%}" if share else "reading the texts"
            case Ready(pool):
                self._pool, self._doing = pool, ""
                rng = np.random.default_rng(self._plan.seed)
                free = np.setdiff1d(pool, np.flatnonzero(self._holdout.same_text))
                self._sample = np.sort(rng.permutation(free)[:_SAMPLE])
                self._look_back()
            case Ranking():
                self._waiting = False
                if self._earlier:
                    self._earlier.popleft()
                    self._compare(answer)
                else:
                    self._adopt(answer)
            case Failed(message):
                self._end(message)

    def _adopt(self, ranking: Ranking) -> None:
        assert self._session is not None
        self._ranking = ranking
        self._log.begin(ranking)
        self._session.queue.order = ranking.rows
        if len(ranking.predicted):
            self._compare(ranking)

    def _compare(self, ranking: Ranking) -> None:
        """Use a model for the advice on stopping, and add it to the learning curve."""
        sample, holdout = (self._predict_rows(ranking, rows) for rows in (self._sample, self._holdout.rows))
        self._advice.note(ranking.trained_on, sample, holdout)
        labels = self._holdout_labels()
        accuracy = self._accuracy(ranking, labels)
        if accuracy is not None and len(labels) - labels.count(None) >= LEAST_MEASURED:
            self._curve.append((ranking.trained_on, accuracy))

    def _look_back(self) -> None:
        """First request models of fewer labels, so that the advice on stopping continues from the sitting before."""
        assert self._session is not None
        states = self._session.states
        self._earlier.extend(make_earlier_questions(make_question(states, self._holdout, 0), states))

    def _ask_if_due(self) -> None:
        session = self._session
        assert session is not None
        assert self._ranker is not None
        if self._pool is None or self._waiting or session.pending:
            return
        if self._earlier:
            self._waiting = True
            self._ranker.send(self._earlier[0])
            return
        trained = self._ranking.trained_on if self._ranking else 0
        moment = session.journal.last_number
        if self._asked is not None and moment - self._asked < max(1, trained // _REFIT_SHARE):
            return
        self._asked, self._waiting = moment, True
        self._ranker.send(make_question(session.states, self._holdout, moment))

    def _end(self, why: str) -> None:
        self._status = None
        self._doing = why
        self.close()

    def _predict_rows(self, ranking: Ranking, rows: RowNumbers) -> list[str]:
        """Return what the model predicts for rows; nothing for those outside the pool."""
        assert self._pool is not None
        places = np.minimum(np.searchsorted(self._pool, rows), len(self._pool) - 1)
        inside = self._pool[places] == rows
        names = np.array([*ranking.names, ""])
        return list(names[np.where(inside, ranking.predicted[places], -1)].tolist())

    def _holdout_labels(self) -> list[str | None]:
        states = self._session.states if self._session is not None else None
        if states is None:
            return [None] * len(self._holdout.rows)
        found = [states.label(row) if states.how(row) in _LEARNED_FROM else None for row in self._holdout.rows.tolist()]
        return [sort_label(label) if self._several and label is not None else label for label in found]

    def _accuracy(self, ranking: Ranking | None, labels: Sequence[str | None]) -> Interval | None:
        if ranking is None or not len(ranking.predicted):
            return None
        said = self._predict_rows(ranking, self._holdout.rows)
        right = [a == b for a, b in zip(said, labels, strict=True) if b is not None]
        return wilson_interval(sum(right), len(right)) if right else None

    def _load_holdout(self, states: RowStates, count: int) -> Holdout:
        rows = read_holdout(self._journal, states)
        if rows is None:
            rows = draw_holdout(states, count, self._plan.seed, self._is_usable)
            if len(rows):
                with self._journal.transaction():
                    save_holdout(self._journal, states, rows)
        return Holdout.of(rows, states.index)

    def _draw_first_order(self, states: RowStates) -> RowNumbers:
        """Return rows at random, of the holdout and others, for the seconds until there is a queue."""
        order = np.random.default_rng(self._plan.seed + 1).permutation(np.flatnonzero(~states.decided))
        found = (row for row in order.tolist() if self._is_usable(row))
        return np.array([row for row, _ in zip(found, range(QUEUE_ROWS), strict=False)], np.int64)

    def _is_usable(self, row: int) -> bool:
        return self._split is None or not is_held_out(self._rows.metadata(row).get(self._split, ""))


def make_question(states: RowStates, holdout: Holdout, moment: int) -> Question:
    """Return the request for a queue: the labels that people gave so far, and the rows without a decision."""
    by_people = np.zeros(len(states), np.bool_)
    for how in _LEARNED_FROM:
        by_people |= states.mask_how(how)
    labeled = np.flatnonzero(states.labeled & by_people & ~holdout.same_text)
    codes, names = states.labels_of(labeled)
    undecided: Mask = ~states.decided
    return Question(
        labels=KnownLabels(labeled, codes, names),
        candidates=np.flatnonzero(undecided & ~holdout.same_text),
        holdout=holdout.rows[undecided[holdout.rows]],
        moment=moment,
    )


def make_earlier_questions(now: Question, states: RowStates) -> Iterator[Question]:
    """Yield requests for models of only the first of these labels, in the order in which they were given."""
    labels = now.labels
    by_time = np.argsort(states.acts(labels.rows), kind="stable")
    nothing = labels.rows[:0]
    for count in list_earlier_steps(len(labels.rows)):
        first = np.sort(by_time[:count])
        if len(np.unique(labels.codes[first])) > 1:
            yield Question(
                KnownLabels(labels.rows[first], labels.codes[first], labels.names), nothing, nothing, now.moment
            )
