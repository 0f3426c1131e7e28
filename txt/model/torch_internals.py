"""The few functions of torch that are used here and that torch does not promise to keep, all in one place.

Each has a public way that gives the same numbers and takes longer; tests compare the two and say what broke.
"""

import torch
from torch import Tensor


def softmax_backward(gradient: Tensor, weights: Tensor) -> Tensor:
    """Return the gradient by what `weights` = softmax(…, -1) was made of, from that by `weights`, in one pass."""
    return torch._softmax_backward_data(gradient, weights, -1, weights.dtype)


def copy_all(targets: list[Tensor], sources: list[Tensor]) -> None:
    """Copy each source into its target, all in one call."""
    torch._foreach_copy_(targets, sources)


def split_sparse(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows (K,) of a sparse gradient and their values; a row may come more than once."""
    return gradient._indices()[0], gradient._values()
