"""Curves of many steps in bounded memory, compared with plain numpy over all of them."""

import numpy as np
import pytest

from txt.runs.event_index import VALUES
from txt.runs.feed import ROW_TYPE
from txt.runs.step_curves import StepCurves


def rows_of(losses, first=1):
    rows = np.zeros(len(losses), ROW_TYPE)
    rows["step"] = np.arange(first, first + len(losses))
    rows["time"] = 1000.0 + rows["step"] * 0.5
    rows["values"][:, VALUES.index("loss")] = losses
    rows["values"][:, VALUES.index("accuracy")] = -np.asarray(losses)
    return rows


@pytest.mark.parametrize("chunk", [1, 7, 100, 5000])
@pytest.mark.parametrize("most", [64, 1000, 1 << 18])
def test_no_peak_is_lost_and_the_mean_stays(chunk, most):
    losses = np.random.default_rng(0).random(5000).astype(np.float32)
    losses[3210] = 50.0
    curves = StepCurves(most)
    for begin in range(0, len(losses), chunk):
        curves.add(rows_of(losses[begin : begin + chunk], begin + 1))
    found = curves.curve_segment("loss", "step", 0, 5000)
    assert len(found.xs) <= most + 1
    assert found.high.max() == 50.0
    assert found.low.min() == losses.min()
    assert np.average(found.mean[:-1]) == pytest.approx(losses.mean(), abs=0.02 if most > 64 else 0.1)
    assert (found.low <= found.mean + 1e-6).all()
    assert (found.mean <= found.high + 1e-6).all()
    assert (np.diff(found.xs) > 0).all()
    assert found.xs[-1] == 5000
    assert curves.last["step"] == 5000


def test_a_few_steps_are_kept_as_they_are():
    losses = np.random.default_rng(1).random(300).astype(np.float32)
    curves = StepCurves()
    curves.add(rows_of(losses))
    found = curves.curve_segment("loss", "step", 100, 200)
    assert found.xs.tolist() == list(range(100, 201))
    for given in (found.low, found.mean, found.high):
        np.testing.assert_array_equal(given, losses[99:200])
    times = curves.curve_segment("accuracy", "time", 1000.5, 1001.5)
    np.testing.assert_array_equal(times.mean, -losses[:3])


def test_buckets_are_lowest_mean_and_highest_of_their_steps():
    losses = np.random.default_rng(2).random(4096).astype(np.float32)
    curves = StepCurves(512)
    curves.add(rows_of(losses))
    assert curves.width == 8
    found = curves.curve_segment("loss", "step", 0, 4096)
    blocks = losses.reshape(512, 8)
    np.testing.assert_array_equal(found.low, blocks.min(1))
    np.testing.assert_array_equal(found.high, blocks.max(1))
    np.testing.assert_allclose(found.mean, blocks.mean(1), rtol=1e-5)


def test_steps_after_a_cut_are_forgotten():
    curves = StepCurves()
    curves.add(rows_of(np.ones(100)))
    curves.cut(60)
    curves.add(rows_of(np.zeros(10), first=61))
    found = curves.curve_segment("loss", "step", 0, 100)
    assert found.xs.tolist() == list(range(1, 71))
    assert found.mean.tolist() == [1.0] * 60 + [0.0] * 10


def test_a_cut_in_wide_buckets_leaves_no_step_after_it():
    curves = StepCurves(64)
    curves.add(rows_of(np.ones(1001)))
    curves.cut(500)
    assert curves.span("step")[1] <= 500
    curves.add(rows_of(np.ones(5), first=501))
    assert curves.span("step")[1] == 505


def test_nothing_yet_is_an_empty_stretch():
    curves = StepCurves()
    assert curves.last is None
    assert curves.span("step") == (0.0, 0.0)
    assert len(curves.curve_segment("loss", "time", 0, 1).xs) == 0
