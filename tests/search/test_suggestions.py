"""The rules against straight ports of their published forms."""

import numpy as np
import pytest

from txt.search.loss_curve import LossCurve
from txt.search.suggestion_rules import minimum, slide, smooth_losses, steepest, valley


def fastai_valley(lrs, losses):
    """fastai.callback.schedule.valley, as published."""
    n = len(losses)
    max_start, max_end = 0, 0
    lds = [1] * n
    for i in range(1, n):
        for j in range(i):
            if (losses[i] < losses[j]) and (lds[i] < lds[j] + 1):
                lds[i] = lds[j] + 1
            if lds[max_end] < lds[i]:
                max_end = i
                max_start = max_end - lds[max_end]
    sections = (max_end - max_start) / 3
    idx = max_start + int(sections) + int(sections / 2)
    return float(lrs[idx])


def fastai_slide(lrs, losses, lr_diff=15, thresh=0.005, adjust_value=1.0):
    """fastai.callback.schedule.slide, as published, up to its drawing."""
    loss_grad = np.gradient(losses)
    r_idx = -1
    l_idx = r_idx - lr_diff
    local_min_lr = lrs[l_idx]
    while (l_idx >= -len(losses)) and (abs(loss_grad[r_idx] - loss_grad[l_idx]) > thresh):
        local_min_lr = lrs[l_idx]
        r_idx -= 1
        l_idx -= 1
    return float(local_min_lr) * adjust_value


def lightning_steepest(lrs, losses):
    """fastai's and Lightning's steepest slope, over the logarithm of the rate."""
    gradients = np.diff(losses) / np.diff(np.log(lrs))
    return lrs[gradients.argmin()]


def typical(seed: int, noise: float = 0.01, centre: float = -3.0) -> tuple[np.ndarray, np.ndarray]:
    """A curve that is flat, falls around 10**centre, and explodes."""
    rates = np.geomspace(1e-7, 10, 100)
    decades = np.log10(rates)
    losses = 2.0 - 1 / (1 + np.exp(-4 * (decades - centre))) + np.exp(4 * (decades - centre - 2))
    return rates, losses + np.random.default_rng(seed).normal(0, noise, 100)


@pytest.mark.parametrize("seed", range(20))
def test_valley_and_slide_are_fastais(seed):
    rates, losses = typical(seed, noise=[0.0, 0.05][seed % 2])
    losses = np.minimum(losses, 8)
    assert valley(rates, losses) == fastai_valley(rates, losses)
    assert slide(rates, losses) == pytest.approx(fastai_slide(rates, losses))


def test_valley_takes_the_first_of_equally_long_falls():
    losses = np.array([3.0, 2.0, 1.0, 5.0, 4.0, 3.5, 3.4, 3.3, 2.9, 2.5, 9.0, 8.0])
    rates = np.geomspace(1e-5, 1, len(losses))
    assert valley(rates, losses) == fastai_valley(rates, losses)


@pytest.mark.parametrize("centre", [-5, -4, -3, -2.5])
def test_every_rule_finds_the_fall_wherever_it_is(centre):
    rates, losses = typical(1, centre=centre)
    found = LossCurve(rates, losses).suggestions()
    for rule in ("valley", "steepest", "minimum"):
        assert 10 ** (centre - 1) < found[rule] < 10 ** (centre + 1), rule


def test_the_steepest_slope_is_over_the_logarithm_and_not_moved_by_smoothing():
    rates, losses = typical(0, noise=0.0)
    exact = lightning_steepest(rates, losses)
    assert steepest(rates, smooth_losses(losses)) == pytest.approx(exact, rel=0.5)
    lagging = [losses[0]]
    for loss in losses[1:]:
        lagging.append(0.9 * lagging[-1] + 0.1 * loss)
    assert steepest(rates, np.array(lagging)) > 2 * exact  # what the usual running mean does


def test_minimum_is_a_tenth_of_the_best_rate():
    rates = np.geomspace(1e-5, 1, 6)
    assert minimum(rates, np.array([5.0, 4, 1, 2, 3, 9])) == pytest.approx(rates[2] / 10)


def test_smoothing_keeps_a_line_a_line_and_averages_noise():
    line = np.linspace(0, 1, 60)
    assert np.allclose(smooth_losses(line)[12:-12], line[12:-12], atol=1e-4)
    noise = np.random.default_rng(0).normal(size=2000)
    assert smooth_losses(noise)[12:-12].std() < 0.4 * noise.std()


def test_a_curve_without_a_fall_says_so():
    rates = np.geomspace(1e-7, 10, 100)
    noise = np.random.default_rng(3).normal(0, 0.05, 100)
    flat_then_explosion = LossCurve(rates, 2 + noise + (rates > 0.1) * np.arange(100) / 50)
    assert "never fell" in str(flat_then_explosion.trouble())
    assert flat_then_explosion.harmful_rate() == pytest.approx(0.1, rel=1.5)
    assert "still falling" in str(LossCurve(rates, np.linspace(2, 1, 100)).trouble())
    assert "exploded" in str(LossCurve(rates[:4], np.ones(4)).trouble())


def fine_tuning(seed: int, harm: float, dip: float = 0.08, noise: float = 0.03) -> LossCurve:
    """A model that has learned: it wavers around its beginning, gains a little, and loses it at too high a rate."""
    rates = np.geomspace(1e-6, 10, 84)
    decades = np.log10(rates) - np.log10(harm)
    losses = 0.45 - dip * np.exp(-((decades + 0.5) ** 2) / 0.1) + 0.5 * np.maximum(decades, 0)
    return LossCurve(rates, losses + np.random.default_rng(seed).normal(0, noise, len(rates)))


@pytest.mark.parametrize("harm", [1e-4, 1e-3])
def test_the_edge_is_where_harm_begins_and_no_noise_before_it(harm):
    edges = [fine_tuning(seed, harm).edge() for seed in range(40)]
    assert np.median(edges) == pytest.approx(harm, rel=0.6)
    assert min(edges) > harm / 4
    assert max(edges) < harm * 4


def test_a_loss_that_never_rises_has_no_edge():
    rates = np.geomspace(1e-7, 10, 100)
    assert LossCurve(rates, np.linspace(2, 1, 100)).edge() is None
    assert LossCurve(rates[:4], np.ones(4)).edge() is None
