"""Sets of classes: they hold the right one as often as was asked for, whatever the model is like."""

import numpy as np
import pytest

from tests.evaluation.test_calibration import drawn
from txt.errors import InputError
from txt.evaluation.calibration import softmax
from txt.evaluation.prediction_sets import fit_set_rule, score_sets


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
