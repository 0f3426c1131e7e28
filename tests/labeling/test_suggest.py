"""Sources of suggestions, how they are judged and joined: nothing is judged by what it learned from."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from tests.labeling.test_active import reviews
from txt.labeling.active.models import TFIDF
from txt.labeling.active.vectors import Vectors, tfidf
from txt.labeling.guide import ClassGuide, Guide
from txt.labeling.suggest import joining
from txt.labeling.suggest.given import GivenAnswers
from txt.labeling.suggest.joining import choose_join, fit_dawid_skene_join, fit_logistic_join, join_alike
from txt.labeling.suggest.judging import HELD_OUT, suggest_labels
from txt.labeling.suggest.sources import (
    KnownPlaces,
    Material,
    average_class_vectors,
    describe_classes,
    predict_by_model,
    predict_by_names,
    predict_by_neighbors,
    spread_given,
    vote,
)

NONE = KnownPlaces(np.empty(0, np.int64), np.empty(0, np.int64))


def make_material(texts, names=("neg", "pos"), **more) -> Material:
    return Material(names, tfidf(texts), TFIDF, 0, **more)


def draw_source(
    truth: np.ndarray, right: float, classes: int, rng: np.random.Generator, covers: float = 1.0
) -> np.ndarray:
    """A source that gives the right class so often, and covers so many rows."""
    said = np.where(rng.random(len(truth)) < right, truth, (truth + rng.integers(1, classes, len(truth))) % classes)
    found = np.full((len(truth), classes), 0.3 / (classes - 1), np.float32)
    found[np.arange(len(truth)), said] = 0.7
    found[rng.random(len(truth)) >= covers] = 0.0
    return found


def test_the_class_whose_vector_is_nearest_is_ranked_first():
    dense = np.eye(3, dtype=np.float32)
    material = Material(("a", "b", "c"), Vectors(dense), TFIDF, 0, dense, dense[[2, 0, 1]])
    assert vote(predict_by_names(material, NONE, np.arange(3))).tolist() == [1, 2, 0]


def test_a_class_is_described_by_its_guide_or_else_by_the_words_of_its_name():
    guide = Guide((ClassGuide("lost_card", "The card is gone.", "", ("where is my card",)),))
    assert describe_classes(["lost_card", "Sci/Tech", "?"], guide) == [
        ["The card is gone.", "lost card: The card is gone.", "where is my card"],
        ["Sci Tech"],
        ["?"],
    ]


def test_the_vector_of_a_class_is_the_mean_of_its_texts():
    vectors = np.array([[1, 0], [0, 1], [0, 1]], np.float32)
    found = average_class_vectors([["x", "y"], ["z"]], vectors)
    np.testing.assert_allclose(found, [[0.5**0.5, 0.5**0.5], [0, 1]], atol=1e-6)


def test_neighbors_vote_by_their_likeness_and_a_text_like_none_gets_no_vote():
    material = make_material(["red apple", "red apple pie", "blue sea", "green hill", "red apple"])
    known = KnownPlaces(np.array([1, 2]), np.array([0, 1]))
    assert vote(predict_by_neighbors(material, known, np.array([0, 3, 4]))).tolist() == [0, -1, 0]
    assert not predict_by_neighbors(material, NONE, np.array([0])).any()


def test_a_model_abstains_until_there_are_two_classes():
    material = make_material(["red apple", "blue sea", "red hill", "blue hill"])
    assert not predict_by_model(material, KnownPlaces(np.array([0]), np.array([0])), np.arange(4)).any()
    known = KnownPlaces(np.array([0, 1]), np.array([0, 1]))
    assert vote(predict_by_model(material, known, np.array([2, 3]))).tolist() == [0, 1]


def test_given_answers_become_probabilities_and_abstentions_stay():
    given = GivenAnswers(np.array([1, -1, 2, 0]), np.array([0.7, 0.9, 0.9, 2.0], np.float32))
    found = spread_given(given, np.array([0, 1, 2, 3]), 2)
    np.testing.assert_allclose(found, [[0.3, 0.7], [0, 0], [0, 0], [0.98, 0.02]], atol=1e-6)


def test_the_gradient_of_the_weighing_is_the_slope_of_its_loss(monkeypatch):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 40)
    answers = np.stack([draw_source(truth, right, 3, rng, 0.8) for right in (0.9, 0.5)])
    seen = {}

    def keep(loss, start, **_options):
        seen["loss"], seen["start"] = loss, start
        return type("Found", (), {"x": start})

    monkeypatch.setattr(joining, "minimize", keep)
    fit_logistic_join(answers, truth)
    point = seen["start"] + rng.normal(0, 0.3, len(seen["start"]))
    slope = approx_fprime(point, lambda at: seen["loss"](at)[0], 1e-4)
    np.testing.assert_allclose(seen["loss"](point)[1], slope, rtol=0.05, atol=0.05)


@pytest.mark.parametrize("fit", [fit_logistic_join, fit_dawid_skene_join])
def test_a_weighing_beats_counting_all_alike_where_one_source_is_far_better(fit):
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, 2000)
    answers = np.stack([draw_source(truth, right, 4, rng) for right in (0.9, 0.4, 0.4)])
    learned = fit(answers[:, :200], truth[:200])(answers[:, 200:])
    alike = (vote(join_alike(answers[:, 200:])) == truth[200:]).mean()
    assert (vote(learned) == truth[200:]).mean() > alike + 0.05


@pytest.mark.parametrize("fit", [fit_logistic_join, fit_dawid_skene_join])
def test_where_no_source_answers_nothing_is_joined(fit):
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 60)
    answers = np.stack([draw_source(truth, 0.8, 2, rng, 0.5) for _ in range(2)])
    silent = answers.sum((0, 2)) == 0
    assert silent.any()
    assert (vote(fit(answers, truth)(answers)) == -1).tolist() == silent.tolist()


def test_before_there_are_labels_all_sources_count_alike_and_one_alone_is_taken_as_it_is():
    answers = np.zeros((2, 0, 3), np.float32)
    none = np.empty(0, np.int64)
    assert choose_join(answers, none, none, ["names", "near"]).name == "all alike"
    assert choose_join(answers[:1], none, none, ["names"]).name == "names"


def give(found: np.ndarray) -> GivenAnswers:
    return GivenAnswers(vote(found), found.max(1))


def test_a_source_below_guessing_is_left_out_and_the_table_counts_rows():
    rng = np.random.default_rng(3)
    truth = (rng.random(300) < 0.3).astype(np.int64)
    good, bad = draw_source(truth, 0.9, 2, rng, 0.5), draw_source(truth, 0.2, 2, rng)
    judged = KnownPlaces(np.arange(0, 300, 2), truth[::2])
    found = suggest_labels(
        make_material([f"word{place}" for place in range(300)]),
        ["rules", "llm"],
        {"rules": give(good), "llm": give(bad)},
        NONE,
        judged,
        np.arange(300) % 5,
    )
    rules, llm = found.lines
    assert (rules.used, llm.used) == (True, False)
    assert found.codes.tolist() == vote(good).tolist()
    covered = good.any(1)
    assert (rules.covered, rules.overlapping, llm.overlapping) == (covered.sum(), covered.sum(), covered.sum())
    assert rules.conflicting == llm.conflicting == (covered & (vote(good) != vote(bad))).sum()
    right = (vote(good) == truth)[judged.places][covered[judged.places]]
    assert rules.score.accuracy.value == pytest.approx(right.mean())
    assert found.judged == 150


def test_labels_without_meaning_are_not_foretold_by_sources_that_learned_them():
    texts, _ = reviews(200)
    rng = np.random.default_rng(4)
    coins = rng.integers(0, 2, 200)
    labels = KnownPlaces(np.arange(200), coins)
    found = suggest_labels(make_material(texts), ["model", "near"], {}, labels, labels, np.arange(200) % 5)
    for line in [*found.lines, found.joined]:
        assert line.score.accuracy is None or line.score.accuracy.value < 0.65, line


def test_the_holdout_is_measured_on_alone_where_it_has_enough_labels():
    texts, truth = reviews(200)
    folds = np.where(np.arange(200) < 40, HELD_OUT, np.arange(200) % 5)
    known = KnownPlaces(np.arange(40, 200), truth[40:])
    found = suggest_labels(make_material(texts), ["model"], {}, known, KnownPlaces(np.arange(200), truth), folds)
    assert (found.judged, found.held_out) == (40, 40)
    said = predict_by_model(make_material(texts), known, np.arange(40)).argmax(1)
    assert found.lines[0].score.accuracy.value == pytest.approx((said == truth[:40]).mean())


def test_the_nearest_labeled_row_is_another_one():
    material = make_material(["red apple", "red apple pie", "blue sea", "blue sea side"])
    labels = KnownPlaces(np.array([0, 1, 2]), np.array([0, 0, 1]))
    found = suggest_labels(material, ["near"], {}, labels, labels, np.array([0, 1, 2, 3]))
    assert found.nearest.tolist() == [1, 0, -1, 2]
