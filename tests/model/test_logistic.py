"""The solver finds the same optimum as scikit-learn's, on sparse and on dense features."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from txt.model.logistic import UNSEEN, fit_logistic, fit_path


def make_features(kind: str, rows: int = 600):
    if kind == "dense":
        return np.random.default_rng(0).standard_normal((rows, 50)).astype(np.float32)
    return sparse.random(rows, 400, 0.05, format="csr", random_state=0, dtype=np.float32)


def probabilities(logits):
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("strength", [0.1, 10.0, 300.0])
def test_it_gives_the_probabilities_of_scikit_learn(kind, classes, strength):
    features = make_features(kind)
    labels = np.random.default_rng(1).integers(0, classes, features.shape[0])
    labels[:50] = 1
    ours = probabilities(fit_logistic(features, labels, classes, strength).logits(features))
    theirs = LogisticRegression(C=strength, tol=1e-8, max_iter=5000).fit(features, labels).predict_proba(features)
    assert np.abs(ours - theirs).max() < 5e-3


def test_a_class_without_rows_is_never_predicted_and_the_others_are_as_without_it():
    features, labels = make_features("dense"), np.random.default_rng(1).integers(0, 2, 600) * 2
    found = fit_logistic(features, labels, 4, 1.0)
    assert found.bias[1] == found.bias[3] == UNSEEN
    alone = fit_logistic(features, labels // 2, 2, 1.0)
    assert np.abs(found.weight[:, [0, 2]] - alone.weight).max() < 1e-6
    assert set(found.logits(features).argmax(1)) == {0, 2}


def test_a_path_ends_where_each_strength_alone_does():
    features, labels = make_features("sparse"), np.random.default_rng(1).integers(0, 3, 600)
    strengths = (1.0, 3.0, 10.0)
    for strength, found in zip(strengths, fit_path(features, labels, 3, strengths), strict=True):
        alone = fit_logistic(features, labels, 3, strength)
        assert np.abs(probabilities(found.logits(features)) - probabilities(alone.logits(features))).max() < 0.05


def test_separable_rows_do_not_make_it_run_away():
    features = np.repeat(np.eye(2, dtype=np.float32), 20, 0)
    found = fit_logistic(features, np.repeat([0, 1], 20), 2, 300.0)
    assert np.isfinite(found.weight).all()
    assert (found.logits(features).argmax(1) == np.repeat([0, 1], 20)).all()
