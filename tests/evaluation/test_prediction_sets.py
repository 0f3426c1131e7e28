"""Sets of classes: they hold the right one as often as was asked for, whatever the model is like."""

import numpy as np
import pytest

from tests.evaluation.test_calibration import drawn
from txt.errors import InputError
from txt.evaluation.calibration import softmax
from txt.evaluation.prediction_sets import LabelSetRule, close_gaps, fit_label_set_rule, fit_set_rule, score_sets
from txt.ordered_classes import RULES, OrderedDecision


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_the_right_class_is_in_the_set_as_often_as_asked_for_however_sure_the_model_is(sharpness, coverage):
    held = []
    for seed in range(200):
        labels, logits = drawn(150, classes=5, sharpness=sharpness, seed=seed)
        probabilities = softmax(logits)
        rule = fit_set_rule(labels[:100], probabilities[:100], coverage)
        held.append(score_sets(rule, labels[100:], probabilities[100:], "abcde").coverage.value)
    # between the coverage and that plus 1/(n + 1), on average over draws of both kinds of rows (Vovk 2005)
    error = 4 * np.std(held) / np.sqrt(len(held))
    assert coverage - error <= np.mean(held) <= coverage + 1 / 101 + error


def test_the_threshold_is_the_right_order_statistic():
    labels = np.zeros(9, np.int64)
    right = np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.5, 0.45, 0.4, 0.2])
    probabilities = np.column_stack([right, 1 - right])
    assert fit_set_rule(labels, probabilities, 0.9).least == 0.2  # the 9th of 9: (9 + 1) · 0.9 = 9
    assert fit_set_rule(labels, probabilities, 0.5).least == 0.55  # the 5th
    with pytest.raises(InputError, match="takes 19 rows"):
        fit_set_rule(labels, probabilities, 0.95)


def test_a_set_is_never_empty_and_holds_the_likeliest_classes():
    rule = fit_set_rule(np.zeros(9, np.int64), np.tile([0.9, 0.1], (9, 1)), 0.5)
    chosen = rule.choose_sets(np.array([[0.4, 0.35, 0.25], [0.95, 0.03, 0.02]]))
    assert chosen.tolist() == [[True, False, False], [True, False, False]]


def test_scores_are_counted_by_class_and_an_unknown_class_is_never_held():
    rule = fit_set_rule(np.zeros(9, np.int64), np.tile([0.3, 0.7], (9, 1)), 0.5)
    probabilities = np.array([[0.7, 0.3], [0.9, 0.1], [0.2, 0.8], [0.9, 0.1]])
    found = score_sets(rule, np.array([0, 1, 1, 2]), probabilities, ("a", "b", "c"))
    assert found.coverage.value == 0.5
    assert {name: value.value for name, value in found.by_class.items()} == {"a": 1, "b": 0.5, "c": 0}
    assert found.mean_size == 1.25
    assert found.single == 0.75


def test_gaps_are_closed_up_to_the_smaller_side():
    found = close_gaps(np.array([[0.1, 0.5, 0.05, 0.3, 0.05], [0.4, 0.1, 0.1, 0.1, 0.3]]))
    assert found.tolist() == [[0.1, 0.5, 0.3, 0.3, 0.05], [0.4, 0.3, 0.3, 0.3, 0.3]]


@pytest.mark.parametrize("rule", RULES)
def test_sets_of_ordered_classes_have_no_gap_hold_the_answer_and_cover_as_often_as_asked(rule):
    order, held = OrderedDecision(rule), []
    for seed in range(100):
        labels, logits = drawn(250, classes=6, sharpness=1.0, seed=seed)
        probabilities = softmax(logits)
        found = fit_set_rule(labels[:100], probabilities[:100], 0.8, order)
        chosen = found.choose_sets(probabilities[100:])
        assert (np.abs(np.diff(np.pad(chosen.astype(int), ((0, 0), (1, 1))), axis=1)).sum(1) == 2).all()  # one stretch
        assert chosen[np.arange(150), order.decide(probabilities[100:])].all()
        held.append(chosen[np.arange(150), labels[100:]].mean())
    assert np.mean(held) >= 0.8 - 4 * np.std(held) / np.sqrt(len(held))


def test_each_of_several_labels_is_held_as_often_as_asked_where_it_has_the_rows():
    rng = np.random.default_rng(0)
    shares, held = np.array([0.5, 0.2, 0.1]), []
    for _ in range(200):
        targets = rng.random((400, 3)) < shares
        probabilities = 1 / (1 + np.exp(-(2 * targets + rng.normal(size=(400, 3)) - 1)))
        rule = fit_label_set_rule(targets[:200], probabilities[:200], 0.8)
        chosen, after = rule.choose_sets(probabilities[200:]), targets[200:]
        held.append((chosen & after).sum(0) / after.sum(0))
    error = 4 * np.std(held, axis=0) / np.sqrt(len(held))
    least_rows = np.array([70, 20, 8])  # of the label in the fitted half; it is held at most 1/(rows + 1) too often
    assert (np.mean(held, axis=0) >= 0.8 - error).all()
    assert (np.mean(held, axis=0) <= 0.8 + 1 / least_rows + error).all()


def test_a_label_with_too_few_rows_is_in_every_set_and_none_with_enough_is_refused():
    targets = np.zeros((40, 2), bool)
    targets[:20, 0] = targets[:3, 1] = True
    probabilities = np.linspace(1, 0, 80).reshape(40, 2)
    rule = fit_label_set_rule(targets, probabilities, 0.9)
    assert isinstance(rule, LabelSetRule)
    assert rule.unsettled() == [1]
    assert rule.least[0] == probabilities[18, 0]  # the 19th of 20: 21 · 0.9 = 18.9
    assert rule.choose_sets(np.array([[0.0, 0.0]])).tolist() == [[False, True]]
    with pytest.raises(InputError, match="takes 9 rows of a label"):
        fit_label_set_rule(targets[:, 1:], probabilities[:, 1:], 0.9)
