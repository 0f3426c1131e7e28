import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from txt.label_set_metrics import (
    Decision,
    TopLabels,
    choose_decision,
    count_confused,
    label_losses,
    resampled_average_precision,
    score_sets,
    sigmoid,
)

SIZES = st.tuples(st.integers(1, 40), st.integers(2, 7), st.integers(0, 2**32 - 1))


def draw_sets(size, ties=True):
    """Return random labels and probabilities; with `ties` many probabilities are equal, some labels have no row."""
    rows, labels, seed = size
    rng = np.random.default_rng(seed)
    targets = rng.random((rows, labels)) < rng.random(labels)
    probabilities = rng.random((rows, labels))
    return targets, np.round(probabilities, 1) if ties else probabilities


@given(SIZES, st.sampled_from([0.2, 0.5, 0.8]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_score_is_the_one_of_scikit_learn(size, threshold, at_least_one):
    targets, probabilities = draw_sets(size)
    decision = Decision((threshold,) * targets.shape[1], at_least_one)
    answers = decision.decide(probabilities)
    found = score_sets(targets, probabilities, decision)
    for average in ("micro", "macro", "samples"):
        for name, score in (
            ("f1", reference.f1_score),
            ("precision", reference.precision_score),
            ("recall", reference.recall_score),
        ):
            expected = score(targets, answers, average=average, zero_division=0)
            assert found[f"{average}_{name}"] == pytest.approx(expected, abs=1e-12), (average, name)
    assert found["accuracy"] == found["subset_accuracy"] == pytest.approx(reference.accuracy_score(targets, answers))
    assert found["hamming_loss"] == pytest.approx(reference.hamming_loss(targets, answers))
    expected = reference.label_ranking_average_precision_score(targets, probabilities)
    assert found["lrap"] == pytest.approx(expected, abs=1e-12)
    held = targets.any(0)
    if held.any():
        expected = reference.average_precision_score(targets[:, held], probabilities[:, held], average="macro")
        assert found["map"] == pytest.approx(expected, abs=1e-9)


@given(SIZES)
@settings(max_examples=40, deadline=None)
def test_average_precision_of_a_resample_is_that_of_its_rows(size):
    targets, probabilities = draw_sets(size)
    rng = np.random.default_rng(size[2])
    weights = rng.multinomial(len(targets), np.full(len(targets), 1 / len(targets)), size=3).astype(np.float64)
    found = resampled_average_precision(targets, probabilities, weights)
    for weight, value in zip(weights, found, strict=True):
        rows = np.repeat(np.arange(len(targets)), weight.astype(int))
        held = targets[rows].any(0)
        expected = (
            reference.average_precision_score(targets[rows][:, held], probabilities[rows][:, held]) if held.any() else 0
        )
        assert value == pytest.approx(expected, abs=1e-9)


@given(SIZES)
@settings(max_examples=40, deadline=None)
def test_the_loss_of_a_row_is_the_mean_of_its_decisions_and_large_logits_do_no_harm(size):
    targets, probabilities = draw_sets(size, ties=False)
    logits = np.log(probabilities) - np.log1p(-probabilities)
    expected = [
        np.mean([-np.log(p if holds else 1 - p) for p, holds in zip(row, own, strict=True)])
        for row, own in zip(probabilities, targets, strict=True)
    ]
    assert label_losses(logits, targets) == pytest.approx(expected)
    assert sigmoid(logits) == pytest.approx(probabilities)
    assert np.isfinite(label_losses(1e4 * np.sign(logits), targets)).all()


def test_a_row_without_a_label_gets_the_likeliest_only_where_that_is_decided():
    probabilities = np.array([[0.1, 0.3], [0.7, 0.2]])
    assert Decision((0.5, 0.5)).decide(probabilities).tolist() == [[False, False], [True, False]]
    assert Decision((0.5, 0.5), at_least_one=True).decide(probabilities).tolist() == [[False, True], [True, False]]
    assert TopLabels(count=2).decide(probabilities).all()


@pytest.mark.parametrize("metric", ["micro_f1", "macro_f1", "samples_f1", "subset_accuracy"])
def test_no_common_threshold_does_better_than_the_chosen_ones(metric):
    rng = np.random.default_rng(3)
    targets = rng.random((400, 5)) < [0.5, 0.3, 0.2, 0.1, 0.02]
    probabilities = sigmoid(2 * rng.normal(size=targets.shape) + 3 * targets - 2)
    chosen = score_sets(targets, probabilities, choose_decision(targets, probabilities, metric))[metric]
    for threshold in np.linspace(0.01, 0.99, 99):
        other = score_sets(targets, probabilities, Decision((float(threshold),) * 5))[metric]
        assert chosen >= other - 0.004  # the thresholds that are tried are not these


def test_thresholds_for_macro_f1_differ_by_label_and_carry_over_to_other_rows():
    rng = np.random.default_rng(5)
    shares = np.array([0.5, 0.1, 0.03])
    targets = rng.random((6000, 3)) < shares
    logits = rng.normal(size=targets.shape) + 2 * targets - 1 + np.log(shares / (1 - shares))
    half = np.arange(3000)
    chosen = choose_decision(targets[half], sigmoid(logits[half]), "macro_f1")
    assert len(set(chosen.thresholds)) == 3
    own = score_sets(targets[3000:], sigmoid(logits[3000:]), chosen)["macro_f1"]
    common = score_sets(
        targets[3000:], sigmoid(logits[3000:]), choose_decision(targets[half], sigmoid(logits[half]), "micro_f1")
    )["macro_f1"]
    assert own > common


def test_a_decision_survives_a_config_file_and_nonsense_is_not_believed():
    decision = Decision((0.25, 0.5), at_least_one=True)
    assert Decision.from_json(decision.to_json(), 2) == decision
    assert Decision.from_json({"thresholds": [0.1]}, 2) == Decision.usual(2)
    assert Decision.from_json({"thresholds": [0.1, "x"]}, 2) == Decision.usual(2)
    assert Decision.from_json({}, 2) == Decision.usual(2)


def test_confused_pairs_count_rows_that_lack_one_label_and_have_another_too_much():
    targets = np.array([[1, 0, 1], [1, 0, 0], [0, 1, 0]], bool)
    answers = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 0]], bool)
    assert count_confused(targets, answers).tolist() == [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
