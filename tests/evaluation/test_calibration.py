"""Calibration: against plain loops, and against data whose right answer is known."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from txt.evaluation.calibration import (
    bin_by_confidence,
    calibrate,
    expected_calibration_error,
    fit_temperature,
    log_losses,
    softmax,
)
from txt.metrics import Floats, Ints


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
    assert fit_temperature(labels, logits) == pytest.approx(sharpness, rel=0.05)


def test_temperature_is_the_minimum_that_scipy_finds() -> None:
    labels, logits = drawn(300, classes=5, sharpness=2.3)
    found = minimize_scalar(
        lambda t: log_losses(labels, logits / t).mean(), bounds=(0.05, 20), method="bounded", options={"xatol": 1e-9}
    )
    assert fit_temperature(labels, logits) == pytest.approx(found.x, rel=1e-5)


def test_temperature_stays_within_bounds_when_every_row_is_right() -> None:
    logits = np.eye(3) * 4
    assert fit_temperature(np.arange(3), logits) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature((np.arange(3) + 1) % 3, logits) == pytest.approx(20, rel=1e-3)


def test_a_temperature_fitted_on_val_mends_an_overconfident_model_on_test() -> None:
    test, val = drawn(4000, sharpness=3), drawn(2000, sharpness=3, seed=1)
    measured = calibrate(*test, val)
    assert measured.error > 0.12
    assert measured.scaled_error is not None
    assert measured.scaled_error < 0.03
    assert calibrate(*test).scaled_error is None
    assert calibrate(*test).error == measured.error


def test_log_losses_equal_scikit_learns_and_survive_huge_logits() -> None:
    labels, logits = drawn(200)
    assert log_losses(labels, logits).mean() == pytest.approx(log_loss(labels, softmax(logits)))
    assert log_losses(np.array([0, 1]), np.array([[1e4, -1e4], [1e4, -1e4]])).tolist() == [0, 2e4]
