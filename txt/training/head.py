"""A linear head on an encoder's embeddings, fitted in one go: the quickest way to a classifier."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from txt.data.prepared import Split
from txt.model.predict import predict_logits
from txt.model.pretrained import Embedder, PretrainedClassifier

STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Inverse strengths of regularization to choose from (scikit-learn's C)."""

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


def embed(model: PretrainedClassifier, split: Split, device: torch.device) -> Floats:
    """Return the embeddings (rows, D) of a split; the model is left in evaluation mode."""
    model.eval()
    return predict_logits(Embedder(model), split, device)


def fit_head(embeddings: Floats, labels: npt.NDArray[np.int64], classes: int, strength: float) -> Head:
    """Fit a multinomial logistic regression.

    Args:
        embeddings: (N, D).
        labels: (N,), of which there must be two different ones at least.
        classes: C; those without a row are never predicted.
        strength: the inverse strength of regularization, scikit-learn's C.
    """
    scale = float(np.linalg.norm(embeddings, axis=1).mean()) or 1.0
    fitted = LogisticRegression(C=strength, max_iter=1000).fit(embeddings / scale, labels)
    coefficients, intercepts = fitted.coef_ / scale, fitted.intercept_
    if len(fitted.classes_) == 2:  # one row of coefficients says how far the second class is above the first
        coefficients, intercepts = np.concatenate([-coefficients, coefficients]) / 2, np.repeat(intercepts, 2) / 2
        intercepts[0] *= -1
    weight, bias = np.zeros((classes, embeddings.shape[1])), np.full(classes, _UNSEEN)
    weight[fitted.classes_], bias[fitted.classes_] = coefficients, intercepts
    return Head(weight, bias)
