"""Suggestions in a sitting: what is hidden, what is logged, and what people take."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.labeling.conftest import write_csv
from tests.labeling.test_active import reviews
from tests.waiting import wait_until
from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.labeling.active.holdout import Holdout
from txt.labeling.active.log import QueryPlan
from txt.labeling.active.ranker import Pool
from txt.labeling.item import Suggestion
from txt.labeling.row_states import read_row_states
from txt.labeling.session import LabelSession
from txt.labeling.store.journal import Journal, store_path
from txt.labeling.suggest.given import GivenAnswers
from txt.labeling.suggest.messages import SuggestPool
from txt.labeling.suggest.suggester import Suggester, SuggestOptions, order_with_holdout
from txt.labeling.suggest.unaided import find_aided_rows, is_blind, log_hidden, measure_following
from txt.labeling.task import Task

NAMES = ("neg", "pos")
Begin = Callable[..., tuple[Suggester, LabelSession, np.ndarray]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Return a function that begins a sitting with suggestions on generated reviews, and ends what it began."""
    begun: list[tuple[Suggester, LabelSession]] = []

    def make(count: int = 100, sources=("rules", "model"), holdout: int = 10, **options):
        texts, truth = reviews(count)
        path = write_csv(tmp_path / "reviews.csv", texts)
        rows = open_rows(path, ReadingOptions("text"), path.with_suffix(".index"))
        journal = Journal.open(store_path(path))
        states = read_row_states(rows.index, journal)
        plan = QueryPlan("tfidf", "margin", 3)
        asked = SuggestPool(Pool(path, rows.form, None, plan, np.empty(0, np.int64)), sources)
        suggester = Suggester(rows, journal, states, asked, SuggestOptions(sources, "anna", holdout, **options))
        session = LabelSession(
            rows,
            journal,
            Task("anna", labels=NAMES),
            suggest=suggester.suggest,
            order=suggester.order,
            shown=suggester.note_shown,
        )
        suggester.attach(session)
        begun.append((suggester, session))
        return suggester, session, truth

    yield make
    for suggester, session in begun:
        suggester.close()
        session.journal.close()
        session.rows.close()


def give_truth(suggester: Suggester, truth: np.ndarray) -> None:
    suggester.give("rules", GivenAnswers(truth, np.full(len(truth), 0.9, np.float32)))


def wait(suggester: Suggester, session: LabelSession) -> None:
    """Step until the suggestions are from all decisions so far."""

    def is_up_to_date() -> bool:
        suggester.step(0.05)
        return suggester.has_taken_in(session.journal.last_number)

    wait_until(is_up_to_date)


def test_the_holdout_and_the_blind_share_get_no_suggestion_which_is_logged(begin: Begin):
    suggester, session, truth = begin(blind=0.3)
    give_truth(suggester, truth)
    wait(suggester, session)
    session.set_suggest(suggester.suggest)  # the first row was there before
    seen, hidden = [], []
    for _ in range(40):
        row = session.row
        (hidden if session.suggestion is None else seen).append(row)
        session.label(NAMES[truth[row]])
    assert set(hidden) >= {row for row in [*seen, *hidden] if suggester._holdout.same_text[row]}
    named = {row: session.states.row_id(row).partition("-")[0] for row in [*seen, *hidden]}
    blind = {row for row, name in named.items() if is_blind(name, 0.3, suggester.options.seed)}
    assert set(hidden) == blind | {row for row in hidden if suggester._holdout.same_text[row]}
    assert blind
    following = measure_following(session.journal)
    logged = {row for row in hidden if row != session.row}
    assert (following.shown, following.taken) == (len(seen), len(seen))
    assert 0 < following.hidden <= len(logged)
    assert following.right.value == 1.0
    assert find_aided_rows(session.journal) == {session.states.row_id(row) for row in seen}


def test_what_is_suggested_for_the_row_on_screen_says_who_proposes_it(begin: Begin):
    suggester, session, truth = begin(holdout=0)
    give_truth(suggester, 1 - truth)
    suggester.explain["rules"] = lambda row: Suggestion("x", None, "rule", f"row {row} has it", ("word",))
    wait(suggester, session)
    session.set_suggest(suggester.suggest)
    found = session.suggestion
    assert (found.label, found.who, found.is_sure) == (NAMES[1 - truth[session.row]], "rules", True)
    assert found.reason == f"row {session.row} has it"
    assert found.words == ("word",)


def test_a_source_that_the_labels_contradict_is_left_out(begin: Begin):
    suggester, session, truth = begin(holdout=0, blind=0.0)
    for _ in range(30):
        session.label(NAMES[truth[session.row]])
    give_truth(suggester, 1 - truth)
    wait(suggester, session)
    assert [(line.name, line.used) for line in suggester.latest.lines] == [("rules", False), ("model", True)]
    right = sum(suggester.propose(row).label == NAMES[truth[row]] for row in range(100))
    assert right > 80


def test_it_ends_in_a_word_and_the_labels_go_on_when_its_process_dies(begin: Begin):
    suggester, session, _ = begin()
    suggester._process._process.kill()
    wait_until(lambda: suggester.step(0.05) or suggester.trouble)
    assert "has ended" in suggester.trouble
    session.label("pos")
    assert not session.pending


def test_rows_of_the_holdout_come_among_those_of_the_file(open_session):
    session = open_session([f"text {place}" for place in range(100)])
    holdout = Holdout.of(np.array([80, 90, 3]), session.states.index)
    order = order_with_holdout(session.states, holdout, 0).tolist()
    others = [row for row in order if row not in (80, 90, 3)]
    assert others == [row for row in range(len(others) + 1) if row != 3]
    assert [row for row in order if row in (80, 90, 3)] == [80, 90, 3][: len(order) - len(others)]
    assert 80 in order


def test_how_many_wrong_suggestions_were_followed_is_told_by_the_hidden_ones(open_session):
    session = open_session([f"text {place}" for place in range(40)], labels=NAMES)
    for row in range(20):  # shown: 16 taken, 4 rejected
        session.suggestion = Suggestion("pos", 0.9)
        session.label("pos" if row < 16 else "neg")
    for row in range(20, 40):  # hidden: half of them wrong
        session.suggestion = None
        log_hidden(session.journal, "anna", session.states.row_id(row), "pos", 0.9, "blind")
        session.label("pos" if row % 2 else "neg")
    found = measure_following(session.journal)
    assert (found.shown, found.taken, found.hidden, found.right.value) == (20, 16, 20, 0.5)
    assert found.wrong.value == 10
    assert found.followed.value == 6
    assert (found.known_wrong, found.known_followed) == (4, 0)
    session.jump(1)
    session.suggestion = None
    session.label("neg")  # the suggestion that was taken before is contradicted now
    found = measure_following(session.journal)
    assert (found.known_wrong, found.known_followed) == (5, 1)


def test_classes_that_are_only_named_are_seen_but_not_followed(open_session):
    session = open_session(["one", "two"], labels=NAMES)
    session.suggestion = Suggestion("pos", 0.4, is_sure=False)
    session.label("pos")
    assert measure_following(session.journal).shown == 0
    assert len(find_aided_rows(session.journal)) == 1
