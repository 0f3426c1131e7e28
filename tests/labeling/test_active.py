"""Which rows a model asks about, and that it does so in the same way whenever it is asked."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from txt.labeling.active.cold_start import find_keyword_rows, interleave, parse_keywords, spread_rows
from txt.labeling.active.learner import ActiveLearner, make_learner
from txt.labeling.active.logistic import fit_logistic
from txt.labeling.active.models import MODELS, TFIDF, make_model
from txt.labeling.active.queues import HOLDOUT, RANDOM, START, STRATEGY, KnownLabels, Question
from txt.labeling.active.strategies import STRATEGIES
from txt.labeling.active.vectors import Vectors, tfidf

NONE = np.empty(0, np.int64)
GOOD = ["good", "fine", "lovely", "great", "superb", "pleasant", "nice", "charming"]
BAD = ["bad", "awful", "poor", "dreadful", "broken", "nasty", "horrid", "worse"]


def reviews(count: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Texts of one kind or the other, every tenth mixed, and their class."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    texts = []
    for place, label in enumerate(labels):
        words = [*rng.choice((BAD, GOOD)[label], 4)]
        if place % 10 == 0:
            words[:2] = rng.choice((BAD, GOOD)[1 - label], 2)
        texts.append(" ".join([*words, "thing", str(place % 7)]))
    return texts, labels


def labels_of(labels: np.ndarray, rows) -> KnownLabels:
    rows = np.array(rows, np.int64)
    return KnownLabels(rows, labels[rows], ("neg", "pos"))


def learner(count: int = 300, strategy: str = "margin", **options) -> tuple[ActiveLearner, np.ndarray]:
    texts, labels = reviews(count)
    return make_learner(np.arange(count), texts, TFIDF, strategy, 7, **options), labels


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("num_classes", [2, 5])
def test_the_regression_is_scikit_learns(dense, num_classes):
    rng = np.random.default_rng(1)
    rows = sparse.random(120, 40, 0.3, format="csr", dtype=np.float32, random_state=1)
    rows = rows.toarray() if dense else rows
    labels = rng.integers(0, num_classes, 120)
    ours = fit_logistic(rows, labels, num_classes, 3.0).probabilities(rows)
    theirs = LogisticRegression(C=3.0, tol=1e-8, max_iter=2000).fit(rows, labels)
    if num_classes == 2:  # softmax with two sets of weights penalises half as much as one set does
        theirs = LogisticRegression(C=6.0, tol=1e-8, max_iter=2000).fit(rows, labels)
    assert np.abs(ours - theirs.predict_proba(rows)).max() < 5e-3


def test_a_prior_speaks_where_nothing_is_labeled_and_yields_to_labels():
    texts, labels = reviews(200)
    wrong = np.where(np.eye(2)[1 - labels], 2.0, -2.0).astype(np.float32)
    vectors = Vectors(tfidf(texts).matrix, wrong, ("neg", "pos"))
    model = make_model("run", lambda *_: vectors)
    asks = ActiveLearner(np.arange(200), vectors, model, "margin", 0)
    nothing = asks.rank(Question(labels_of(labels, []), np.arange(200), NONE, 1))
    assert (nothing.predicted == 1 - labels).all()
    learned = asks.rank(Question(labels_of(labels, range(100)), np.arange(100, 200), NONE, 2))
    assert (learned.predicted[100:] == labels[100:]).mean() > 0.8


@pytest.mark.parametrize("strategy", ["margin", "entropy", "least-confidence", "diverse"])
def test_rows_that_are_between_the_classes_are_asked_about_first(strategy):
    asks, labels = learner(strategy=strategy)
    question = Question(labels_of(labels, range(1, 150)), np.arange(150, 300), NONE, 3)
    ranking = asks.rank(question, count=15, random_share=0.0)
    mixed = (ranking.rows % 10 == 0).sum()
    assert mixed >= 8  # 15 of the 150 rows are mixed


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("model", MODELS)
def test_the_same_question_gives_the_same_queue(strategy, model):
    texts, labels = reviews(120)
    question = Question(labels_of(labels, range(60)), np.arange(60, 110), np.arange(110, 120), 11)
    queues = [
        make_learner(np.arange(120), texts, MODELS[model], strategy, 5).rank(question).rows.tolist() for _ in range(2)
    ]
    assert queues[0] == queues[1]
    assert len(set(queues[0])) == len(queues[0])
    assert min(queues[0]) >= 60
    other = make_learner(np.arange(120), texts, MODELS[model], strategy, 6).rank(question).rows.tolist()
    assert other != queues[0]


def test_a_tenth_is_random_and_a_fifth_is_of_the_holdout():
    asks, labels = learner(2000)
    picked = []
    for moment in range(60):
        question = Question(labels_of(labels, range(50)), np.arange(50, 1800), np.arange(1800, 2000), moment)
        picked += asks.rank(question).picked[:17].tolist()
    share = np.bincount(picked, minlength=4) / len(picked)
    assert 0.17 < share[HOLDOUT] < 0.23
    assert 0.06 < share[RANDOM] < 0.10  # a tenth of what is not of the holdout
    assert share[START] == 0


def test_nothing_is_learned_before_two_classes_are_known():
    asks, labels = learner()
    same = np.flatnonzero(labels == 1)[:5]
    ranking = asks.rank(Question(labels_of(labels, same), np.setdiff1d(np.arange(300), same), NONE, 1))
    assert set(ranking.picked.tolist()) <= {START, RANDOM}
    assert not len(ranking.predicted)
    both = asks.rank(Question(labels_of(labels, range(10)), np.arange(10, 300), NONE, 2))
    assert STRATEGY in both.picked.tolist()


def test_a_start_spreads_over_what_the_file_is_about():
    topics = ["football goal match", "bank loan interest", "virus vaccine doctor", "opera singer stage"]
    texts = [topics[0]] * 300 + [f"{topics[1]} {n}" for n in range(20)] + [topics[2]] * 10 + [topics[3]] * 10
    first = spread_rows(tfidf(texts).matrix, 3)[:20]
    assert {texts[place].split()[0] for place in first} == {"football", "bank", "virus", "opera"}


def test_keywords_come_first_as_whole_words_and_take_turns():
    texts = ["Refund please", "refunded", "broken lid", "my refund!", "unbroken", "it is BROKEN"]
    assert parse_keywords("refund, broken,") == ["refund", "broken"]
    found = find_keyword_rows(texts, ["refund", "broken"], 1).tolist()
    assert sorted(found) == [0, 2, 3, 5]
    assert [("refund" in texts[place].lower()) for place in found] == [True, False, True, False]


def test_a_start_that_is_used_up_goes_on_at_random():
    asks, labels = learner(30, keywords=["lovely"])
    ranking = asks.rank(Question(labels_of(labels, []), np.arange(30), NONE, 0))
    assert sorted(ranking.rows.tolist()) == list(range(30))


def test_turns_are_taken_in_each_groups_own_order():
    assert interleave(np.array([2, 2, 0, 2, 0])).tolist() == [0, 2, 1, 4, 3]


def test_rows_outside_the_pool_are_neither_learned_from_nor_asked_about():
    texts, labels = reviews(100)
    pool = np.arange(0, 100, 2)
    asks = make_learner(pool, [texts[row] for row in pool], TFIDF, "margin", 0)
    ranking = asks.rank(Question(labels_of(labels, range(40)), np.arange(40, 100), NONE, 1))
    assert ranking.trained_on == 20
    assert set(ranking.rows.tolist()) <= set(range(40, 100, 2))


@pytest.mark.parametrize("texts", [["a", "b", "c"], ["今日は良い", "悪い日", "良い日"], ["", "", ""]])
def test_any_texts_become_vectors(texts):
    assert tfidf(texts).matrix.shape[0] == 3
