"""Computes a ladder's model as a cascade: n-grams first, and the encoder for the rows of which they are not sure."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from txt.arrays import Floats, Ints
from txt.errors import InputError
from txt.model.cascade import Cascade
from txt.model.dropout import Dropout, no_dropout
from txt.model.ngrams import NgramLogits
from txt.model.predict import TokenSource, predict_logits
from txt.proportions import wilson_interval

_TOO_MANY = 0.01  # of the answers: where surely more than these differ, texts are unlike those that it was chosen on


class CascadePredictor:
    """The n-grams of a model and when they answer alone; counts how often they do.

    Raises:
        InputError: the model has no such parts, or no margin was found when it was trained.
    """

    def __init__(self, model: Any, classes: int, temperature: float | None) -> None:
        ngrams = getattr(getattr(model, "model", model), "ngrams", None)
        if not isinstance(ngrams, NgramLogits) or not hasattr(model, "model"):
            raise InputError(
                "--cascade is for models of the ladder that have n-grams and an encoder, and this one has not",
                "leave --cascade out",
            )
        cascade = Cascade.read(getattr(model.config, "values", {}), classes)
        if cascade is None:
            raise InputError(
                "--cascade is not possible: no margin is known from which on this model's n-grams are sure enough",
                "leave it out; or, where an older txt trained the model, txt train DATA trains it again",
            )
        self.cascade = cascade
        self._ngrams = ngrams
        self._temperature = temperature or 1.0
        self._counting = threading.Lock()
        self.texts, self.spared = 0, 0

    def predict_logits(
        self, model: Any, pieces: TokenSource, device: torch.device, progress: Callable[[int], None] | None = None
    ) -> npt.NDArray[np.float32]:
        """Return the logits (N, C) of pieces, before the temperature."""
        alone = predict_logits(_NgramsAlone(self._ngrams), pieces, device) + np.array(self.cascade.bias, np.float32)
        alone *= np.float32(self.cascade.scale)
        sure = self.cascade.find_sure(alone)
        logits = alone * np.float32(self._temperature)  # which is fitted to the whole model, and taken off again
        rest: Ints = np.flatnonzero(~sure)
        if progress is not None:
            progress(int(sure.sum()))
        if len(rest):
            logits[rest] = predict_logits(model, pieces, device, rest, progress)
        with self._counting:
            self.texts += len(sure)
            self.spared += int(sure.sum())
        return logits

    def describe(self) -> str:
        """Say how many texts n-grams answered alone so far."""
        share = self.spared / max(1, self.texts)
        return (
            f"N-grams answered {self.spared:,} of {self.texts:,} texts alone ({share:.0%}); {self.cascade.describe()}."
        )


def compare_with_whole(expected: Floats, found: Floats) -> None:
    """Compare the probabilities (N, C) of the whole model with those of a cascade.

    Raises:
        InputError: surely more than one answer in a hundred differs.
    """
    other = int((expected.argmax(1) != found.argmax(1)).sum())
    if wilson_interval(other, len(expected)).low > _TOO_MANY:
        raise InputError(
            f"--cascade changes too much here: {other:,} of the first {len(expected):,} answers differ from the whole "
            "model's, as these texts are unlike those that it learned from",
            "leave --cascade out",
        )


class _NgramsAlone:
    """The n-grams' part of the logits, in the form that prediction takes."""

    def __init__(self, ngrams: NgramLogits) -> None:
        self._ngrams = ngrams

    def classify(self, token_ids: Tensor, lengths: list[int], drop: Dropout = no_dropout) -> Tensor:  # noqa: ARG002
        """Return the logits (B, C), without a bias."""
        return self._ngrams(token_ids, lengths)  # type: ignore[no-any-return]
