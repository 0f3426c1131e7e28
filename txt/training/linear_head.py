"""A linear head on an encoder's embeddings, fitted in one call: the fastest way to a classifier."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from txt.data.prepared import Split
from txt.model.logistic import fit_logistic_sets
from txt.model.predict import predict_logits
from txt.model.pretrained import Embedder, PretrainedClassifier

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Inverse strengths of regularization to choose from (scikit-learn's C)."""

STRENGTH = 10.0
"""The strength where none is chosen on val."""

FIRST_STRENGTH = 0.3
"""The strength of a head that a fine-tuning begins with.

With a head that fits the train rows closely, the encoder learns little: on banking77, with 77 classes, val accuracy
stays at its initial 0.926. With a weakly fitted head it rises from 0.864 to 0.933.
"""

_MOST_ROWS = 20_000  # to fit the head that a fine-tuning begins with: more would change little

_UNSEEN = -30.0  # the bias of a class without a row: no logit comes near

Floats = npt.NDArray[np.floating]


class Head(NamedTuple):
    """A linear layer: `weight` (C, D) and `bias` (C,)."""

    weight: Floats
    bias: Floats

    def logits(self, embeddings: Floats) -> npt.NDArray[np.float32]:
        """Return the logits (N, C) of embeddings (N, D)."""
        return (embeddings @ self.weight.T + self.bias).astype(np.float32)

    def write(self, layer: nn.Module) -> None:
        """Put the numbers into a linear layer."""
        assert isinstance(layer, nn.Linear)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.asarray(self.weight)))
            layer.bias.copy_(torch.from_numpy(np.asarray(self.bias)))


def embed_split(
    model: PretrainedClassifier, split: Split, device: torch.device, rows: npt.NDArray[np.int64] | None = None
) -> Floats:
    """Return the embeddings (rows, D) of a split, or of some of its rows; the model is left in evaluation mode."""
    model.eval()
    return predict_logits(Embedder(model), split, device, rows)


def fit_first_head(model: PretrainedClassifier, split: Split, classes: int, device: torch.device) -> Head | None:
    """Return the head that a fine-tuning of `model` begins with, fitted to the embeddings as they are.

    From a new head, the encoder's first gradients are noise, which takes from it what it knew (Kumar et al. 2022,
    "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution"). So it is fitted, but weakly.

    None where the model has a head that has learned, or one that is not linear, or the split has one class only.
    """
    if model.head_on_embeddings is None or not model.new_head:
        return None
    rows = np.linspace(0, len(split) - 1, min(len(split), _MOST_ROWS), dtype=np.int64)
    if split.has_several:
        targets = split.label_sets.take(rows).matrix(classes)
        return fit_set_head(embed_split(model, split, device, rows), targets, FIRST_STRENGTH)
    if len(np.unique(split.labels)) < 2:
        return None
    return fit_head(embed_split(model, split, device, rows), split.labels[rows], classes, FIRST_STRENGTH)


def fit_head(embeddings: Floats, labels: npt.NDArray[np.int64], classes: int, strength: float) -> Head:
    """Fit a multinomial logistic regression.

    Args:
        embeddings: (N, D).
        labels: (N,), of which there must be two different ones at least.
        classes: C; those without a row are never predicted.
        strength: the inverse strength of regularization, scikit-learn's C.
    """
    from sklearn.linear_model import LogisticRegression  # takes longer to import than torch

    scale = float(np.linalg.norm(embeddings, axis=1).mean()) or 1.0
    fitted = LogisticRegression(C=strength, max_iter=1000).fit(embeddings / scale, labels)
    coefficients, intercepts = fitted.coef_ / scale, fitted.intercept_
    if len(fitted.classes_) == 2:  # one row of coefficients says how far the second class is above the first
        coefficients, intercepts = np.concatenate([-coefficients, coefficients]) / 2, np.repeat(intercepts, 2) / 2
        intercepts[0] *= -1
    weight, bias = np.zeros((classes, embeddings.shape[1])), np.full(classes, _UNSEEN)
    weight[fitted.classes_], bias[fitted.classes_] = coefficients, intercepts
    return Head(weight, bias)


def fit_set_head(embeddings: Floats, targets: npt.NDArray[np.bool_], strength: float) -> Head:
    """Fit a logistic regression for each label of rows that have several.

    Args:
        embeddings: (N, D).
        targets: which labels each row has, (N, K).
        strength: the inverse strength of regularization, scikit-learn's C.
    """
    scale = float(np.linalg.norm(embeddings, axis=1).mean()) or 1.0
    fitted = fit_logistic_sets(np.ascontiguousarray(embeddings / scale, np.float32), targets, strength)
    return Head(fitted.weight.T / scale, fitted.bias)
