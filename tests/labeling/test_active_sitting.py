"""Active learning in a sitting: the process that ranks, the holdout, the log, the advice to stop."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.labeling.conftest import write_csv
from tests.labeling.replay import replay
from tests.labeling.test_active import reviews
from tests.waiting import wait_until
from txt.data.reading.open_rows import OpenRows, open_rows
from txt.data.reading.rows import ReadingOptions
from txt.labeling.active.active_learning import ActiveLearning, SittingOptions
from txt.labeling.active.log import QueryPlan
from txt.labeling.active.queues import QUEUE_ROWS
from txt.labeling.active.stopping import StopAdvice, list_earlier_steps
from txt.labeling.row_states import read_row_states
from txt.labeling.session import LabelSession
from txt.labeling.store.journal import Journal, store_path
from txt.labeling.task import Task

NAMES = ("neg", "pos")


@dataclass
class Sitting:
    active: ActiveLearning
    session: LabelSession
    truth: np.ndarray
    rows: OpenRows

    def answer(self) -> None:
        assert self.session.row is not None
        self.session.label(NAMES[self.truth[self.session.row]])

    def wait(self) -> None:
        """Step until the model has taken in the last decision."""

        def is_ranked() -> bool:
            self.active.step()
            self.active.step(0.1)
            ranking = self.active._ranking
            return ranking is not None and ranking.moment == self.session.journal.last_number

        wait_until(is_ranked)


@pytest.fixture
def sit(tmp_path: Path) -> Iterator:
    """Return a function that begins a sitting on generated reviews, and ends what it began."""
    begun: list[Sitting] = []

    def begin(count: int = 120, holdout: int = 20, strategy: str = "margin", splits=None, **plan) -> Sitting:
        texts, truth = reviews(count)
        columns = {} if splits is None else {"split": splits}
        path = write_csv(tmp_path / "reviews.csv", texts, **columns)
        rows = open_rows(path, ReadingOptions("text"), path.with_suffix(".index"))
        journal = Journal.open(store_path(path))
        states = read_row_states(rows.index, journal)
        options = SittingOptions(holdout, "split" if splits is not None else None, "anna")
        active = ActiveLearning(rows, journal, states, QueryPlan("tfidf", strategy, 3, **plan), options)
        task = Task("anna", labels=NAMES)
        session = LabelSession(rows, journal, task, suggest=active.suggest, order=active.order, shown=active.log_shown)
        active.attach(session)
        begun.append(Sitting(active, session, truth, rows))
        return begun[-1]

    yield begin
    for each in begun:
        each.active.close()
        each.session.journal.close()
        each.rows.close()


def test_the_row_on_screen_stays_while_the_queue_is_swapped_and_the_same_log_gives_the_same_queues(sit):
    sitting = sit()
    for _ in range(12):
        shown = sitting.session.row
        sitting.wait()
        assert sitting.session.row == shown
        sitting.answer()
    sitting.session.undo()
    sitting.wait()
    sitting.answer()
    sitting.answer()
    states = sitting.session.states
    queues = list(replay(sitting.rows, sitting.session.journal))
    assert sum(len(logged.queries) for logged, _ in queues) >= 12
    for logged, again in queues:
        names = states.row_ids(again.rows)
        places = [names.index(row_id) for row_id, _, _ in logged.queries]
        assert places == sorted(places)
        scores = [float(again.scores[place]) for place in places]
        assert scores == pytest.approx([score for _, _, score in logged.queries], abs=1e-6)
        assert logged.trained_on == again.trained_on
    assert {why for logged, _ in queues for _, why, _ in logged.queries} >= {"start", "strategy"}


def test_the_holdout_is_asked_about_without_suggestions_and_never_learned_from(sit):
    sitting = sit()
    held = set(sitting.active._holdout.rows.tolist())
    asked = set()
    for _ in range(25):
        sitting.wait()
        row = sitting.session.row
        asked.add(row)
        if row in held:
            assert sitting.session.suggestion is None
        sitting.answer()
    sitting.wait()
    standing = sitting.active.model_status()
    assert len(held) == 20
    assert standing.measured == len(asked & held) > 0
    assert standing.trained_on == len(asked - held)
    assert standing.accuracy.low < standing.accuracy.value < standing.accuracy.high or standing.accuracy.value == 1
    right = [sitting.truth[row] for row in asked & held]
    assert standing.shares["pos"].value == pytest.approx(np.mean(right))


def test_the_holdout_stays_what_it_was_in_the_next_sitting(sit):
    first = sit()
    rows = first.active._holdout.rows.tolist()
    first.active.close()
    first.session.journal.close()
    again = sit(holdout=5)
    assert again.active._holdout.rows.tolist() == rows


def test_rows_of_a_test_split_are_neither_asked_about_nor_held_out(sit):
    splits = ["test" if row % 3 == 0 else "train" for row in range(120)]
    sitting = sit(splits=splits)
    assert not any(splits[row] == "test" for row in sitting.active.order)
    assert not any(splits[row] == "test" for row in sitting.active._holdout.rows)
    sitting.session.jump(1)
    sitting.session.label("pos")  # by hand it can be labeled all the same
    for _ in range(10):
        sitting.wait()
        assert splits[sitting.session.row] == "train"
        sitting.answer()
    assert set(sitting.active._pool.tolist()).isdisjoint(range(0, 120, 3))


def test_there_is_something_to_do_before_the_model_is_ready(sit):
    sitting = sit()
    for _ in range(5):
        sitting.answer()
    assert sitting.session.row is not None
    assert sitting.active.model_status().accuracy is None
    assert len(sitting.active.order) == QUEUE_ROWS


def test_a_process_that_dies_leaves_the_queue_and_says_so(sit):
    sitting = sit()
    sitting.wait()
    sitting.active._ranker._process.kill()
    sitting.active._ranker._process.wait()
    sitting.answer()
    for _ in range(3):
        sitting.active.step(0.2)
    assert "has ended" in sitting.active.model_status().doing
    assert sitting.session.row is not None


def test_stop_is_advised_when_predictions_settle_and_the_holdout_is_flat_and_not_before():
    rng = np.random.default_rng(0)
    truth = list(rng.choice(NAMES, 100))
    advice = StopAdvice()
    for step in range(4):  # still learning: a quarter of what is wrong becomes right each time
        said = [name if place % 4 <= step else "pos" for place, name in enumerate(truth)]
        advice.note(20 * (step + 1), said, said)
    assert advice.advice(truth) == ""
    for step in range(5, 9):
        advice.note(20 * step, truth, truth)
    assert "you may stop" in advice.advice(truth)
    assert advice.advice([None] * 60 + truth[60:]) == ""  # too few of the holdout are labeled to know


def test_advice_goes_on_from_the_sitting_before(sit):
    first = sit(count=220, holdout=20)
    while first.session.row is not None:
        first.answer()
    first.active.close()
    first.session.journal.close()
    again = sit(count=220)
    again.wait()
    steps = [labels for labels, _ in again.active.model_status().curve]
    assert steps == [*list_earlier_steps(steps[-1]), steps[-1]]
    assert steps[-1] == again.active.model_status().trained_on > 150
    assert again.active._advice.kappa() is not None


def test_the_models_looked_back_at_are_those_that_would_have_been_compared():
    for count in (79, 80, 300, 421, 2000):
        steps = [*list_earlier_steps(count), count]
        advice = StopAdvice()
        assert all(advice.note(step, ["a", "b"], []) for step in steps)
        assert (advice.kappa() is None) == (count < 80)
    assert list_earlier_steps(39) == []


def test_models_a_few_labels_apart_are_not_compared():
    advice = StopAdvice()
    for labels in range(21, 60):
        advice.note(labels, ["a", "b"], ["a"] * 60)
    assert advice.kappa() is None
