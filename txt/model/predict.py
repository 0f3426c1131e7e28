"""Logits for the rows of a prepared split."""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from txt.model.dropout import Dropout, no_dropout

_MAX_TOKENS = 8192  # of one forward pass: a few hundred megabytes of activations for the widest preset
_MAX_TOKENS_ON_CPU = 2048  # activations of more are given back to the system after each layer, and fetched anew


class TokenSource(Protocol):
    """What prediction needs of a split: token ids of any rows, end to end."""

    @property
    def lengths(self) -> npt.NDArray[np.integer]:
        """Tokens of each row."""

    def gather(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the token ids (N,) of some rows laid end to end, and their lengths (B,)."""


class Classifier(Protocol):
    """A model that turns flat tokens into logits."""

    def classify(self, token_ids: Tensor, lengths: list[int], drop: Dropout = no_dropout) -> Tensor:
        """Return logits (B, C)."""


@torch.inference_mode()
def predict_logits(
    model: Classifier,
    split: TokenSource,
    device: torch.device,
    rows: npt.NDArray[np.int64] | None = None,
    progress: Callable[[int], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Return the logits (rows, C) of a split, or of some of its rows, in their order.

    The model must be in evaluation mode and on `device`; `progress` is told the number of rows done each time.
    """
    chosen = np.arange(len(split.lengths)) if rows is None else rows
    found: list[npt.NDArray[np.float32]] = []
    places: list[npt.NDArray[np.int64]] = []
    most = _MAX_TOKENS_ON_CPU if device.type == "cpu" else _MAX_TOKENS
    for batch in batch_by_length(split.lengths[chosen], most):
        token_ids, lengths = split.gather(chosen[batch])
        logits = model.classify(torch.from_numpy(token_ids).to(device), lengths.tolist())
        found.append(logits.float().cpu().numpy())
        places.append(batch)
        if progress is not None:
            progress(len(batch))
    order = np.argsort(np.concatenate(places), kind="stable")
    return np.concatenate(found)[order]


def batch_by_length(lengths: npt.NDArray[np.integer], max_tokens: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield all rows, sorted by length, in batches of at most `max_tokens` tokens (at least one row each)."""
    order = np.argsort(-lengths.astype(np.int64), kind="stable")
    ends = np.cumsum(lengths[order].astype(np.int64))
    start = 0
    while start < len(order):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + max_tokens, side="right")))
        yield order[start:stop]
        start = stop
