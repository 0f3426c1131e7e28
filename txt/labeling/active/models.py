"""The models that rank: fitted on the labeled rows, they give every other row its probabilities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.ensemble import RandomForestClassifier

from txt.arrays import Ints
from txt.labeling.active.logistic import Matrix, Scores, fit_logistic
from txt.labeling.active.vectors import Vectorize, tfidf

Predict = Callable[[Matrix, Scores | None], Scores]
"""Returns probabilities (N, C) for rows (N, F) and their prior log-odds (N, C)."""

Fit = Callable[[Matrix, Ints, int, Scores | None, int], Predict]
"""Fits on rows (M, F) with labels (M,), a number of classes, prior log-odds (M, C), and a seed."""


@dataclass(frozen=True)
class RankingModel:
    """A model that ranks: how texts become vectors, and how it is fitted on them."""

    name: str
    vectorize: Vectorize
    fit: Fit


def fit_logistic_model(
    rows: Matrix, labels: Ints, num_classes: int, prior: Scores | None, _seed: int, *, strength: float
) -> Predict:
    """Fit a logistic regression."""
    return fit_logistic(rows, labels, num_classes, strength, prior).probabilities


def fit_forest(rows: Matrix, labels: Ints, num_classes: int, _prior: Scores | None, seed: int) -> Predict:
    """Fit a random forest with scikit-learn's defaults; it ignores the prior."""
    fitted = RandomForestClassifier(n_estimators=100, random_state=seed, n_jobs=1).fit(rows, labels)

    def predict(others: Matrix, _prior: Scores | None) -> Scores:
        found = np.zeros((others.shape[0], num_classes), np.float32)
        found[:, fitted.classes_] = fitted.predict_proba(others)
        return found

    return predict


TFIDF = RankingModel("tfidf", tfidf, partial(fit_logistic_model, strength=10.0))
MODELS: Mapping[str, RankingModel] = {"tfidf": TFIDF, "forest": RankingModel("forest", tfidf, fit_forest)}
"""Those that need nothing but the texts."""


def make_model(name: str, vectorize: Vectorize) -> RankingModel:
    """Return logistic regression on vectors, or on a prior, that another model makes."""
    return RankingModel(name, vectorize, partial(fit_logistic_model, strength=10.0))
