"""Attention over flat tokens in one call, for GPUs, where a group of rows of one length is a handful of small kernels.

`torch.nn.attention.varlen` takes all rows at once, told by where each begins, and never writes the weights down. It has
no dropout on the attention weights, so a training on a GPU drops activations and no weights. `attend_plainly` is the
same function in plain torch, by which this road is checked on any machine.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Groups = list[tuple[int, int]]
Attend = Callable[..., Tensor]
"""Takes queries, keys and values (N, H, d), where rows begin in each (B + 1,), and the most tokens of a row in each."""

_WIDTHS = 8  # of a head: the kernels take multiples of it


def takes_varlen(qkv: Tensor, nhead: int) -> bool:
    """Tell whether the kernels of variable length compute this: a GPU, half precision, heads of a fitting width."""
    half = qkv.dtype in (torch.bfloat16, torch.float16)
    width = qkv.shape[1] // (3 * nhead)
    return qkv.is_cuda and half and width % _WIDTHS == 0 and width <= 256 and _find_kernel() is not None


def attend_in_one_call(qkv: Tensor, groups: Groups, nhead: int, attend: Attend | None = None) -> Tensor:
    """Return softmax(QKᵀ/√d)V of every row and head, (N, D), as `flat_attention` without dropout.

    Args:
        qkv: (N, 3D), queries, keys and values of all tokens side by side.
        groups: the rows' lengths, summing to at most N; tokens beyond them get zeros.
        nhead: number of heads H.
        attend: computes it; torch's kernels by default.
    """
    attend = attend or _find_kernel()
    assert attend is not None
    tokens = sum(rows * length for rows, length in groups)
    query, key, value = qkv[:tokens].view(tokens, 3, nhead, -1).unbind(1)  # (N, H, d)
    bounds = _make_bounds(tuple(groups), qkv.device)
    longest = max(length for _, length in groups)
    out = attend(query, key, value, bounds, bounds, longest, longest)
    return F.pad(out.reshape(tokens, -1), (0, 0, 0, len(qkv) - tokens))


def attend_plainly(
    query: Tensor, key: Tensor, value: Tensor, bounds: Tensor, _bounds: Tensor, _longest: int, _most: int
) -> Tensor:
    """Return what the kernels of variable length do, from all pairs of tokens: those of other rows get no weight."""
    places = torch.arange(len(query), device=query.device)
    row_of = torch.searchsorted(bounds.long(), places, right=True)
    scores = torch.einsum("qhd,khd->hqk", query, key) / math.sqrt(query.shape[-1])
    scores = scores.masked_fill(row_of[:, None] != row_of[None, :], float("-inf"))
    return torch.einsum("hqk,khd->qhd", scores.softmax(-1), value)


@lru_cache(maxsize=8)
def _make_bounds(groups: tuple[tuple[int, int], ...], device: torch.device) -> Tensor:
    """Return where each row begins, and where the last one ends, (B + 1,) int32; all layers of a batch share them."""
    lengths = [length for rows, length in groups for _ in range(rows)]
    bounds = F.pad(torch.tensor(lengths, dtype=torch.int32).cumsum(0, dtype=torch.int32), (1, 0))
    return bounds.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else bounds


@lru_cache(maxsize=1)
def _find_kernel() -> Any:
    try:
        from torch.nn.attention.varlen import varlen_attn
    except ImportError:
        return None
    return varlen_attn
