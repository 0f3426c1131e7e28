"""Blending models: one weight for each, such that the sum of their logits has the lowest log loss on held-out rows."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.label_set_metrics import draw_rows

AnyFloats = npt.NDArray[np.floating]

_PRIOR = 1.0
"""Rows' worth of pull of each weight to its first value: enough for weights of a handful of rows to stay sane."""

_MOST = 100  # iterations


def fit_blend(logits: Sequence[AnyFloats], labels: Ints) -> Floats:
    """Return a weight (M,), never negative, for each of M models.

    Newton's method on the log loss of the weighted sum, which is convex in the weights. Where the best weight of a
    model would be negative, it is 0, and the others are fitted without it.

    Args:
        logits: those of each model (N, C), for rows that it did not learn from.
        labels: (N,).
    """
    return _fit_kept(_fit, logits, labels)


def fit_blend_sets(logits: Sequence[AnyFloats], targets: npt.NDArray[np.bool_]) -> Floats:
    """Return a weight (M,), never negative, for each of M models of labels that hold or not by themselves.

    Args:
        logits: those of each model (N, K), for rows that it did not learn from.
        targets: which labels each row has, (N, K).
    """
    drawn = draw_rows(*targets.shape)
    return _fit_kept(_fit_sets, [each[drawn] for each in logits], targets[drawn])


def mix_sets(logits: Sequence[AnyFloats], weights: Floats) -> npt.NDArray[np.float32]:
    """Return the weighted sum (N, K) of several models' logits, in float32: rows times labels may be many."""
    found = np.float32(weights[0]) * np.asarray(logits[0], np.float32)
    for weight, each in zip(weights[1:], logits[1:], strict=True):
        found += np.float32(weight) * each
    return found


def _fit_kept(
    fit: Callable[[list[Floats], npt.NDArray[Any]], Floats], logits: Sequence[AnyFloats], labels: npt.NDArray[Any]
) -> Floats:
    """Fit weights, leaving out models as long as one would have a negative weight."""
    kept = list(range(len(logits)))
    while True:
        weights = fit([np.asarray(logits[place], np.float64) for place in kept], labels)
        if weights.min() >= 0 or len(kept) == 1:
            break
        del kept[int(weights.argmin())]
    whole = np.zeros(len(logits))
    whole[kept] = weights.clip(min=0)
    return whole


def mix(logits: Sequence[AnyFloats], weights: Floats) -> Floats:
    """Return the weighted sum (N, C) of several models' logits."""
    return np.asarray(sum(weight * each for weight, each in zip(weights, logits, strict=True)))


def _fit(logits: list[Floats], labels: Ints) -> Floats:
    first = np.full(len(logits), 1 / len(logits))
    stacked = np.stack(logits)  # (M, N, C)
    right = stacked[:, np.arange(len(labels)), labels].sum(1)  # (M,)

    def value(weights: Floats) -> float:
        mixed = np.tensordot(weights, stacked, 1)
        top = mixed.max(1)
        return float((np.log(np.exp(mixed - top[:, None]).sum(1)) + top).sum() - weights @ right)

    def derive(weights: Floats) -> tuple[Floats, Floats]:
        mixed = np.tensordot(weights, stacked, 1)  # (N, C)
        shares = np.exp(mixed - mixed.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        expected = (stacked * shares).sum(2)  # (M, N)
        curvature = np.einsum("inc,jnc,nc->ij", stacked, stacked, shares) - expected @ expected.T
        return expected.sum(1) - right, curvature

    return _minimize(first, value, derive)


def _fit_sets(logits: list[Floats], targets: npt.NDArray[np.bool_]) -> Floats:
    """The log loss of each label by itself is convex in the weights too."""
    first = np.full(len(logits), 1 / len(logits))
    right = np.array([float(each[targets].sum()) for each in logits])  # (M,)

    def value(weights: Floats) -> float:
        return float(np.logaddexp(0, mix(logits, weights)).sum() - weights @ right)

    def derive(weights: Floats) -> tuple[Floats, Floats]:
        shares = 0.5 * (1 + np.tanh(0.5 * mix(logits, weights)))  # (N, K)
        variance = shares * (1 - shares)
        slope = np.array([float((each * shares).sum()) for each in logits]) - right
        return slope, np.array([[float((one * other * variance).sum()) for other in logits] for one in logits])

    return _minimize(first, value, derive)


def _minimize(
    first: Floats, value: Callable[[Floats], float], derive: Callable[[Floats], tuple[Floats, Floats]]
) -> Floats:
    """Newton's method on a convex loss with a pull towards the first weights; `derive` gives slope and curvature."""

    def pulled(weights: Floats) -> float:
        return value(weights) + _PRIOR / 2 * float(((weights - first) ** 2).sum())

    weights, least = first, pulled(first)
    for _ in range(_MOST):
        slope, curvature = derive(weights)
        step = np.linalg.solve(curvature + _PRIOR * np.eye(len(weights)), slope + _PRIOR * (weights - first))
        length = 1.0
        while (reached := pulled(weights - length * step)) > least and length > 1e-6:
            length /= 2
        if not least - reached > 1e-9 * abs(least):
            break
        weights, least = weights - length * step, reached
    return weights
