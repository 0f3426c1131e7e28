"""Calibration: against plain loops, and against data whose right answer is known."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm
from sklearn.metrics import brier_score_loss, log_loss

from txt.arrays import Floats, Ints
from txt.evaluation.calibration import (
    PRIOR,
    FittingRows,
    bin_by_confidence,
    brier_scores,
    calibrate,
    expected_calibration_error,
    fit_temperature,
    log_losses,
    simulate_calibrated_error,
    softmax,
)


def drawn(rows: int, classes: int = 3, sharpness: float = 1.0, seed: int = 0) -> tuple[Ints, Floats]:
    """Return labels drawn from the probabilities of some logits, and those logits made `sharpness` times as sure."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=1.5, size=(rows, classes))
    labels = (rng.random((rows, 1)) > softmax(logits).cumsum(axis=1)).sum(axis=1)
    return np.minimum(labels, classes - 1), logits * sharpness


def test_error_equals_a_plain_loop_over_15_bins() -> None:
    rng = np.random.default_rng(0)
    confidence, right = rng.uniform(0.2, 1, size=500), rng.random(500) < 0.7
    expected = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    assert expected_calibration_error(bin_by_confidence(confidence, right)) == pytest.approx(expected)


def test_certain_and_zero_confidence_fall_into_the_outer_bins() -> None:
    bins = bin_by_confidence(np.array([0.0, 1.0]), np.array([False, True]))
    assert [(entry.low, entry.high, entry.rows) for entry in bins] == [(0, 1 / 15, 1), (14 / 15, 1, 1)]
    assert expected_calibration_error(bins) == 0


def test_bins_hold_every_row_once() -> None:
    confidence = np.linspace(0, 1, 151)
    assert sum(entry.rows for entry in bin_by_confidence(confidence, confidence > 0.5)) == 151


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_temperature_undoes_what_made_the_logits_too_sure_or_too_shy(sharpness: float) -> None:
    labels, logits = drawn(20_000, sharpness=sharpness)
    found = fit_temperature(labels, logits)
    assert found.value == pytest.approx(sharpness, rel=0.05)
    assert found.low < sharpness < found.high


def test_temperature_is_the_minimum_that_scipy_finds() -> None:
    labels, logits = drawn(300, classes=5, sharpness=2.3)

    def objective(log_t: float) -> float:
        return log_losses(labels, logits / np.exp(log_t)).sum() + log_t**2 / (2 * PRIOR**2)

    found = minimize_scalar(objective, bounds=np.log([0.05, 20]), method="bounded", options={"xatol": 1e-9})
    estimate, step = fit_temperature(labels, logits), 1e-3
    assert np.log(estimate.value) == pytest.approx(found.x, abs=1e-5)
    curvature = (objective(found.x + step) - 2 * found.fun + objective(found.x - step)) / step**2
    assert np.log(estimate.high) - np.log(estimate.value) == pytest.approx(1.96 / np.sqrt(curvature), rel=0.01)


def test_a_handful_of_right_rows_is_no_reason_to_be_surer() -> None:
    labels = np.arange(20) % 3
    estimate = fit_temperature(labels, np.eye(3)[labels] * 4)
    assert estimate.low < 1 < estimate.high
    assert estimate.value > 0.5
    assert calibrate(*drawn(200), FittingRows(labels, np.eye(3)[labels] * 4)).temperature is None


def test_of_calibrated_models_nineteen_in_twenty_are_left_without_a_temperature() -> None:
    left = [calibrate(*drawn(50), FittingRows(*drawn(200, seed=seed))).temperature is None for seed in range(300)]
    assert 0.92 <= np.mean(left) <= 0.99  # 0.95, and the prior pulls to 1


def test_a_temperature_fitted_on_val_mends_an_overconfident_model_on_test() -> None:
    test, val = drawn(4000, sharpness=3), drawn(2000, sharpness=3, seed=1)
    measured = calibrate(*test, FittingRows(*val))
    assert measured.error > 0.12 > measured.band.high
    assert measured.is_overconfident
    assert measured.scaled_error is not None
    assert measured.scaled_error < 0.03
    assert measured.scaled_error < measured.scaled_band.high
    assert measured.fitted_on == "2,000 val rows"
    assert calibrate(*test).scaled_error is None
    assert calibrate(*test).error == measured.error


def test_rows_that_a_temperature_was_fitted_on_do_not_show_what_it_does() -> None:
    rows = drawn(4000, sharpness=3)
    measured = calibrate(*rows, FittingRows(*rows, are_measured=True))
    assert measured.temperature == pytest.approx(3, rel=0.1)
    assert measured.scaled_error is None


@pytest.mark.parametrize("rows", [96, 2000])
def test_the_error_of_a_calibrated_model_is_that_of_theory(rows: int) -> None:
    confidence = np.full(rows, 0.7)
    found = simulate_calibrated_error(confidence)
    assert found.value == pytest.approx(np.sqrt(2 * 0.7 * 0.3 / (np.pi * rows)), rel=0.06)  # E|X| of a normal
    assert found.high == pytest.approx(norm.ppf(1 - 0.0125) * np.sqrt(0.7 * 0.3 / rows), rel=0.12)


def test_a_calibrated_model_falls_into_the_band_and_others_above_it() -> None:
    inside, above = [], []
    for seed in range(200):
        labels, logits = drawn(96, seed=seed)
        calibrated, sure = calibrate(labels, logits), calibrate(labels, logits * 4)
        inside.append(calibrated.band.low <= calibrated.error <= calibrated.band.high)
        above.append(sure.error > sure.band.high)
    assert 0.9 <= np.mean(inside) <= 0.99
    assert np.mean(above) > 0.9


def test_brier_scores_are_those_of_scikit_learn() -> None:
    labels, logits = drawn(300, classes=4)
    targets = np.eye(4)[labels]
    expected = sum(brier_score_loss(targets[:, c], softmax(logits)[:, c]) for c in range(4))
    assert brier_scores(labels, logits).mean() == pytest.approx(expected)


def test_log_losses_equal_scikit_learns_and_survive_huge_logits() -> None:
    labels, logits = drawn(200)
    assert log_losses(labels, logits).mean() == pytest.approx(log_loss(labels, softmax(logits)))
    assert log_losses(np.array([0, 1]), np.array([[1e4, -1e4], [1e4, -1e4]])).tolist() == [0, 2e4]
