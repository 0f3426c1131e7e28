import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, mean_absolute_error

from txt.evaluation.intervals import difference_intervals, intervals
from txt.metrics import ORDERED, score_predictions
from txt.ordered_classes import OrderedDecision, choose_rule

ROWS = st.integers(2, 60)


@given(ROWS, st.integers(2, 7), st.integers(0, 2**32 - 1))
@settings(max_examples=120, deadline=None)
def test_scores_of_ordered_classes_are_those_of_scikit_learn(rows, classes, seed):
    rng = np.random.default_rng(seed)
    labels, answers = rng.integers(classes, size=(2, rows))
    found = score_predictions(labels, answers, classes, ORDERED)
    assert found["mae"] == pytest.approx(mean_absolute_error(labels, answers))
    assert found["within_one"] == pytest.approx((np.abs(labels - answers) <= 1).mean())
    if len({*labels.tolist(), *answers.tolist()}) > 1:
        expected = cohen_kappa_score(labels, answers, weights="quadratic", labels=range(classes))
        assert found["qwk"] == pytest.approx(expected, abs=1e-9)


def test_kappa_is_0_where_nothing_can_be_told_and_no_warning_is_given():
    assert score_predictions(np.zeros(5, int), np.zeros(5, int), 3, ORDERED)["qwk"] == 0


def test_intervals_spread_as_those_of_drawing_rows():
    rng = np.random.default_rng(0)
    labels = rng.integers(5, size=300)
    answers = np.clip(labels + rng.choice([-3, -1, 0, 0, 1, 2], 300), 0, 4)
    others = np.clip(labels + rng.integers(-2, 3, 300), 0, 4)
    found = intervals(labels, answers, 5, metrics=ORDERED)
    differences = difference_intervals(labels, answers, others, 5, metrics=ORDERED)
    drawn = [rng.integers(300, size=300) for _ in range(1000)]
    for name in ("qwk", "mae", "within_one"):
        scores = [score_predictions(labels[rows], answers[rows], 5, ORDERED)[name] for rows in drawn]
        low, high = np.quantile(scores, [0.025, 0.975])
        assert (found[name].low, found[name].high) == pytest.approx((low, high), abs=0.015)
        against = [
            score - score_predictions(labels[rows], others[rows], 5, ORDERED)[name]
            for score, rows in zip(scores, drawn, strict=True)
        ]
        low, high = np.quantile(against, [0.025, 0.975])
        assert (differences[name].low, differences[name].high) == pytest.approx((low, high), abs=0.03)


@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_each_rule_answers_with_the_lowest_expected_cost(rows, classes, seed):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(classes), rows)
    distance = np.abs(np.arange(classes)[:, None] - np.arange(classes))
    for rule, cost in (("mode", distance > 0), ("median", distance), ("mean", distance**2)):
        costs = probabilities @ cost
        answers = OrderedDecision(rule).decide(probabilities)
        chosen = costs[np.arange(rows), answers]
        assert chosen == pytest.approx(costs.min(1), abs=1e-9), rule


def test_the_rule_is_chosen_for_the_score_and_survives_a_config_file():
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([0.6] * 5, 4000)
    labels = np.array([rng.choice(5, p=row) for row in probabilities])
    assert choose_rule(labels, probabilities, "accuracy").rule == "mode"
    assert choose_rule(labels, probabilities, "mae").rule == "median"
    assert choose_rule(labels, probabilities, "loss") == choose_rule(labels, probabilities, "qwk")
    decision = choose_rule(labels, probabilities, "mae")
    assert OrderedDecision.from_json(decision.to_json()) == decision
    assert OrderedDecision.from_json({}) is None
