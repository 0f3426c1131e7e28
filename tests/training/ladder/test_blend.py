"""Weights of a blend: those of the lowest log loss on held-out rows, and none where a model does not help."""

import numpy as np
import pytest
from scipy.optimize import minimize

from txt.training.ladder.blend import fit_blend, mix
from txt.training.ladder.cross_fit import log_losses


def draw(rows: int = 4000, classes: int = 4):
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((rows, classes))
    shares = np.exp(1.5 * logits)
    shares /= shares.sum(1, keepdims=True)
    labels = (shares.cumsum(1) > rng.random((rows, 1))).argmax(1)
    return rng, logits, labels


def test_it_finds_the_scale_at_which_labels_were_drawn():
    _, logits, labels = draw()
    assert fit_blend([logits], labels)[0] == pytest.approx(1.5, abs=0.1)


def test_it_is_where_a_general_optimizer_ends():
    rng, logits, labels = draw()
    models = [logits + rng.standard_normal(logits.shape) for _ in range(2)]
    ours = fit_blend(models, labels)
    found = minimize(lambda weights: log_losses(mix(models, weights), labels).mean(), [0.5, 0.5])
    assert ours == pytest.approx(found.x, abs=0.01)


def test_a_model_that_speaks_against_the_labels_gets_no_weight():
    _, logits, labels = draw()
    weights = fit_blend([logits, -logits + np.random.default_rng(1).standard_normal(logits.shape)], labels)
    assert weights[1] == 0
    assert weights[0] > 1


def test_a_handful_of_right_rows_does_not_make_it_sure_of_everything():
    logits = np.eye(3)[np.arange(6) % 3]
    weights = fit_blend([5 * logits], np.arange(6) % 3)
    assert weights[0] < 3
