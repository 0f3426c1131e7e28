"""Out-of-fold logits come from models that did not learn the row, at the strength that does best there."""

import numpy as np

from txt.model.logistic import STRENGTHS, fit_logistic
from txt.training.ladder.cross_fit import cross_fit, log_losses


def draw(noise: float):
    rng = np.random.default_rng(0)
    features = rng.standard_normal((300, 20)).astype(np.float32)
    labels = (features[:, 0] + noise * rng.standard_normal(300) > 0).astype(np.int64)
    return features, labels, rng.permutation(np.arange(300) % 3)[None]


def test_a_row_s_logits_do_not_depend_on_its_label():
    features, labels, folds = draw(1.0)
    found = cross_fit(lambda _: features, labels, 2, folds, 1)
    turned = labels.copy()
    turned[0] = 1 - turned[0]
    again = cross_fit(lambda _: features, turned, 2, folds, 1)
    assert found is not None
    assert again is not None
    same_fold = folds[0] == folds[0, 0]
    if found.strength == again.strength:
        assert np.allclose(found.logits[0, same_fold], again.logits[0, same_fold])
    assert not np.allclose(found.logits[0, ~same_fold], again.logits[0, ~same_fold])


def test_the_strength_is_that_of_the_lowest_log_loss_out_of_fold():
    features, labels, folds = draw(3.0)
    found = cross_fit(lambda _: features, labels, 2, folds, 2)
    assert found is not None
    losses = {}
    for strength in STRENGTHS:
        logits = np.zeros((300, 2))
        for fold in range(3):
            learned = folds[0] != fold
            logits[~learned] = fit_logistic(features[learned], labels[learned], 2, strength).logits(features[~learned])
        losses[strength] = log_losses(logits, labels).mean()
    assert losses[found.strength] <= min(losses.values()) + 1e-3
    assert found.strength < 10


def test_it_gives_up_when_it_is_told_to():
    features, labels, folds = draw(1.0)
    assert cross_fit(lambda _: features, labels, 2, folds, 1, stop=lambda: True) is None
