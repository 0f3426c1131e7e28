"""What more labels bring: the band holds the truth where the truth is known."""

import numpy as np
import pytest

from txt.evaluation.label_gain import describe_label_gain, estimate_label_gain

ROWS = np.array([72, 144, 288, 576])


def draw_hits(rng, level: float, slope: float, exponent: float, rows: int = 720):
    """Return hits (K, N) at sizes ROWS with errors of level + slope · size^-exponent; what is right stays so."""
    hard = rng.random(rows)
    errors = level + slope * ROWS**-exponent
    return np.array([hard >= error for error in errors])


@pytest.mark.parametrize(("level", "slope", "exponent"), [(0.1, 2.0, 0.5), (0.05, 1.0, 0.3), (0.2, 0.0, 0.5)])
def test_the_band_holds_the_gain_that_is_true(level, slope, exponent):
    truth = slope * (720**-exponent - 1220**-exponent)
    held = []
    for seed in range(60):
        right = draw_hits(np.random.default_rng(seed), level, slope, exponent)
        gain = estimate_label_gain(ROWS, right, 720, 500, seed).gain
        held.append(gain.low - 1e-9 <= truth <= gain.high + 1e-9)
    assert np.mean(held) >= 0.85


def test_the_band_holds_what_doubling_brought_on_curves_of_other_kinds():
    """Errors at 180 to 2,880 rows, as n-grams made them on messages, descriptions, manual pages and code."""
    curves = [
        [0.604, 0.512, 0.453, 0.387],
        [0.602, 0.491, 0.435, 0.369],
        [0.462, 0.391, 0.352, 0.319],
        [0.207, 0.168, 0.145, 0.117],
        [0.125, 0.092, 0.064, 0.044],
        [0.134, 0.113, 0.100, 0.087],
    ]
    hard = np.random.default_rng(0).permutation(2000) / 2000
    for curve in curves:
        right = np.array([hard >= error for error in curve[:3]])
        gain = estimate_label_gain(np.array([180, 360, 720]), right, 720, 720).gain
        assert gain.low <= curve[2] - curve[3] <= gain.high
        assert gain.value == pytest.approx(curve[2] - curve[3], abs=0.02)


def test_a_curve_that_is_flat_promises_nothing():
    right = np.tile(np.arange(500) % 5 > 0, (4, 1))
    gain = estimate_label_gain(ROWS, right, 720)
    assert gain.gain.value == pytest.approx(0, abs=1e-12)
    assert gain.more == 500


def test_labels_are_added_in_proportion_and_told():
    right = draw_hits(np.random.default_rng(0), 0.1, 2.0, 0.5)
    assert estimate_label_gain(ROWS, right, 100).more == 100
    assert estimate_label_gain(ROWS, right, 20_000).more == 2000
    said = describe_label_gain(estimate_label_gain(ROWS, right, 720))
    assert said.startswith("500 more labels: +")
    assert said.endswith("over parts of 72 to 576 rows.")
    assert describe_label_gain(None) is None
