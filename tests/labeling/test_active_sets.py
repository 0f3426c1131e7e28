"""Active learning where rows have several labels: a model for each, and rows that settle most of them first."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.labeling.test_review_of_sets import CLASSES, drawn_sets, written
from txt.labeling.active.label_sets import join_sets, mean_over_labels, predict_sets, read_sets
from txt.labeling.active.learner import ActiveLearner
from txt.labeling.active.models import TFIDF
from txt.labeling.active.queues import KnownLabels, Question
from txt.labeling.active.strategies import STRATEGIES, margin
from txt.labeling.active.vectors import Vectors, tfidf
from txt.labeling.simulate import SimulationTask, simulate_run
from txt.labeling.store.decision import sort_label

NONE = np.empty(0, np.int64)


def coded(sets) -> tuple[np.ndarray, tuple[str, ...]]:
    """Joined labels as numbers, written in an order that is not that of the names."""
    names = sorted({"|".join(reversed(each)) for each in sets})
    return np.array([names.index("|".join(reversed(each))) for each in sets]), tuple(names)


@pytest.fixture(scope="module")
def task() -> SimulationTask:
    rng = np.random.default_rng(3)
    sets = drawn_sets(rng, 500)
    codes, names = coded(sets)
    return SimulationTask(tfidf(written(sets, rng)), codes, names, TFIDF, several=True)


def ask(task: SimulationTask, strategy: str, known: int, count: int = 20):
    pool = np.arange(len(task.labels))
    learner = ActiveLearner(pool, task.vectors, TFIDF, strategy, 0, several=True)
    rows = pool[:known]
    return learner.rank(Question(KnownLabels(rows, task.labels[rows], task.names), pool[known:], NONE, 1), count, 0.0)


def test_each_label_is_predicted_as_a_regression_of_its_own_would(task: SimulationTask):
    labels, holds = read_sets(task.names)
    assert labels == tuple(sorted(CLASSES))
    matrix, places = task.vectors.matrix, np.arange(200)
    found = predict_sets(TFIDF, matrix, places, holds[task.labels[places]], 0)
    for number in range(len(labels)):
        # softmax with two sets of weights penalises half as much as one set does
        theirs = LogisticRegression(C=20.0, tol=1e-8, max_iter=2000).fit(matrix[:200], holds[task.labels[:200], number])
        assert np.abs(theirs.predict_proba(matrix)[:, 1] - found[:, number]).max() < 0.02


def test_predicted_sets_are_mostly_right_and_named_by_all_their_labels(task: SimulationTask):
    ranking = ask(task, "margin", 300)
    right = [sort_label(task.names[code]) for code in task.labels[300:]]
    said = [ranking.names[code] for code in ranking.predicted[300:]]
    assert np.mean([a == b for a, b in zip(said, right, strict=True)]) > 0.8  # a set drawn by its share: under 0.2


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_asks_about_rows_that_are_not_labeled(task: SimulationTask, strategy):
    ranking = ask(task, strategy, 60)
    assert len(set(ranking.rows.tolist())) == 20
    assert (ranking.rows >= 60).all()


def test_rows_come_by_how_many_labels_are_expected_to_be_wrong():
    probabilities = np.array([[0.5, 0.1, 0.9], [0.5, 0.5, 0.9], [0.01, 0.01, 0.99]], np.float32)
    expected = np.minimum(probabilities, 1 - probabilities).mean(1)
    assert mean_over_labels(margin, probabilities) == pytest.approx(2 * expected)
    chosen, _ = STRATEGIES["margin"](probabilities, NONE, 3, np.random.default_rng(0), mean_over_labels)
    assert chosen.tolist() == [1, 0, 2]


def test_a_label_that_all_rows_have_or_none_is_given_its_share():
    vectors = Vectors(np.eye(4, dtype=np.float32))
    found = predict_sets(TFIDF, vectors.matrix, np.arange(4), np.array([[True, False]] * 4), 0)
    assert found[0].tolist() == pytest.approx([5 / 6, 1 / 6])
    names, codes, sure = join_sets(found, ("a", "b"))
    assert names == ("a",)
    assert codes.tolist() == [0] * 4
    assert sure[0] == pytest.approx(25 / 36)


def test_a_replay_counts_rows_of_which_all_labels_are_right(task: SimulationTask):
    found = simulate_run(task, "margin", 1, 150)
    assert found.full > 0.8
    assert found.accuracy[-1] > found.accuracy[0] + 0.2
    assert found.accuracy[-1] <= 1
