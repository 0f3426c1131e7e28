"""Doubt about texts that are unlike anything that a model of n-grams has seen.

A ladder's model adds up what n-grams say and what an encoder says. Of a text in another language it knows no n-gram,
but the encoder answers all the same, and as surely as ever. So where a model knows a smaller share of a text's runs of
characters than of all but one in a hundred of its train rows (out of fold), the logits are scaled down by as much.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from txt.arrays import Floats
from txt.model.dropout import Dropout, no_dropout
from txt.model.ngrams import NgramLogits
from txt.model.predict import TokenSource, predict_logits


class KnownShares:
    """The share of a text's n-grams that a model knows, in the form that prediction takes."""

    def __init__(self, ngrams: NgramLogits) -> None:
        self._ngrams = ngrams

    def classify(self, token_ids: Tensor, lengths: list[int], drop: Dropout = no_dropout) -> Tensor:  # noqa: ARG002
        """Return the shares (B, 1)."""
        return self._ngrams.measure_known_shares(token_ids, lengths).unsqueeze(1)


def measure_known_shares(model: Any, pieces: TokenSource, device: torch.device) -> Floats | None:
    """Return the share of each text's n-grams that a model knows, (N,); None where it has none."""
    ngrams = getattr(getattr(model, "model", model), "ngrams", None)
    if not isinstance(ngrams, NgramLogits):
        return None
    return predict_logits(KnownShares(ngrams), pieces, device)[:, 0].astype(np.float64)
