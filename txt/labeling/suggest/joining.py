"""Joins the answers of several sources into one: by the way that is right most often on rows it did not learn from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from txt.arrays import Floats, Ints
from txt.labeling.active.logistic import Scores, softmax
from txt.labeling.dawid_skene import Votes, fit_dawid_skene
from txt.labeling.rules.combination import ABSTAIN
from txt.labeling.suggest.sources import vote

LEAST_JUDGED = 20
"""Labels from which the sources are weighed; before that all count alike."""

_PULL = 1.0  # of the weights towards counting all sources alike, in units of one label
_FLOOR = 1e-3  # probability; a source that gives a class less has not ruled it out
_PSEUDO = 0.5  # votes in each cell of a source's table

Join = Callable[[Scores], Scores]
"""Returns joined probabilities (T, C) for the answers of all sources (S, T, C); a row of zeros abstains."""


@dataclass(frozen=True)
class ChosenJoin:
    """The way of joining that is used, and how often each was right out of fold; None before there are labels."""

    name: str
    join: Join
    shares: Mapping[str, float] | None = None


def join_alike(answers: Scores) -> Scores:
    """Return the mean of the sources that answer a row."""
    total = answers.sum(0)
    norm = total.sum(1, keepdims=True)
    return np.asarray(np.divide(total, norm, out=np.zeros_like(total), where=norm > 0), np.float32)


def fit_logistic_join(answers: Scores, codes: Ints) -> Join:
    """Fit one weight for the log-probabilities of each source and one for its vote, the same for every class.

    So few numbers can be learned from a few dozen labels, however many classes there are. `answers` (S, M, C) are those
    for rows with the labels `codes` (M,).
    """
    S, _, C = answers.shape
    prior = np.log((np.bincount(codes, minlength=C) + 1.0) / (len(codes) + C))
    features = _make_features(answers, prior)  # (K, M, C)
    start = np.concatenate([np.full(S, 1.0 / S), np.zeros(S), np.zeros(1)])
    rows = np.arange(len(codes))

    def loss(weights: Floats) -> tuple[float, Floats]:
        probabilities = softmax(np.tensordot(weights, features, 1).astype(np.float32))
        value = (
            -np.log(np.maximum(probabilities[rows, codes], 1e-12)).sum() + 0.5 * _PULL * ((weights - start) ** 2).sum()
        )
        wrong = probabilities.astype(np.float64)
        wrong[rows, codes] -= 1.0
        return float(value), np.tensordot(features, wrong, 2) + _PULL * (weights - start)

    weights = minimize(loss, start, jac=True, method="L-BFGS-B").x

    def join(others: Scores) -> Scores:
        found = softmax(np.tensordot(weights, _make_features(others, prior), 1).astype(np.float32))
        found[others.sum((0, 2)) <= 0] = 0.0
        return found

    return join


def fit_dawid_skene_join(answers: Scores, codes: Ints) -> Join:
    """Fit how often each source says one class where another is right; their answers then count independently."""
    fitted = fit_dawid_skene(_make_votes(answers), codes, _PSEUDO)

    def join(others: Scores) -> Scores:
        found = fitted.infer(_make_votes(others)).astype(np.float32)
        found[others.sum((0, 2)) <= 0] = 0.0
        return found

    return join


def choose_join(answers: Scores, codes: Ints, folds: Ints, names: Sequence[str]) -> ChosenJoin:
    """Return the way of joining that is right most often on the folds that it did not learn from.

    Args:
        answers: the sources' answers (S, M, C) on judged rows, of learning sources out of fold.
        codes: the labels of these rows (M,).
        folds: the fold of each row (M,).
        names: the sources (S,).
    """
    S, M = answers.shape[:2]
    alone: dict[str, Join] = {name: _take_one(place) for place, name in enumerate(names)}
    if S == 1:
        return ChosenJoin(names[0], alone[names[0]])
    if M < LEAST_JUDGED or len(np.unique(codes)) < 2:
        return ChosenJoin("all alike", join_alike)
    fits: dict[str, Callable[[Scores, Ints], Join]] = {
        "logistic regression": fit_logistic_join,
        "Dawid–Skene": fit_dawid_skene_join,
        "all alike": _fit_nothing(join_alike),
        **{name: _fit_nothing(join) for name, join in alone.items()},
    }
    ranked = {}
    for name, fit in fits.items():
        found = join_out_of_fold(fit, answers, codes, folds)
        sure = np.maximum(found[np.arange(M), codes], _FLOOR)
        ranked[name] = (float((vote(found) == codes).mean()), float(np.log(sure).mean()))
    best = max(fits, key=lambda name: ranked[name])
    return ChosenJoin(best, fits[best](answers, codes), {name: share for name, (share, _) in ranked.items()})


def join_out_of_fold(fit: Callable[[Scores, Ints], Join], answers: Scores, codes: Ints, folds: Ints) -> Scores:
    """Return the joined probabilities (M, C) of each row by a way of joining that was fitted on the other folds."""
    found = np.zeros(answers.shape[1:], np.float32)
    for fold in np.unique(folds).tolist():
        inside = folds == fold
        if inside.all():
            return join_alike(answers)
        found[inside] = fit(answers[:, ~inside], codes[~inside])(answers[:, inside])
    return found


def _fit_nothing(join: Join) -> Callable[[Scores, Ints], Join]:
    return lambda _answers, _codes: join


def _take_one(place: int) -> Join:
    return lambda answers: np.asarray(answers[place])


def _make_features(answers: Scores, prior: Floats) -> Floats:
    """Return log-probabilities and votes of each source, and the shares of the classes: (2 S + 1, T, C)."""
    answered = answers.sum(2, keepdims=True) > 0
    logs = np.where(answered, np.log(np.maximum(answers, _FLOOR)), 0.0)
    votes = answered & (answers >= answers.max(2, keepdims=True))
    shares = np.broadcast_to(prior, answers.shape[1:])[None]
    return np.concatenate([logs, votes.astype(np.float64), shares])


def _make_votes(answers: Scores) -> Votes:
    S, T, C = answers.shape
    said = np.stack([vote(each) for each in answers])  # (S, T)
    sources, items = np.nonzero(said != ABSTAIN)
    return Votes(items, sources, said[sources, items], T, S, C)
