"""Self-attention over flat tokens: rows of equal length side by side are one batched product, so nothing is padded."""

import math
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from txt.model.dropout import Dropout
from txt.model.torch_internals import softmax_backward
from txt.model.varlen import attend_in_one_call, takes_varlen

Groups = list[tuple[int, int]]
"""Runs of rows of equal length, in order: (number of rows, tokens of each)."""


def group_lengths(lengths: list[int]) -> Groups:
    """Return the runs of equal length in `lengths`."""
    return [(len(list(run)), length) for length, run in groupby(lengths)]


def flat_attention(qkv: Tensor, groups: Groups, nhead: int, drop: Dropout) -> Tensor:
    """Return softmax(QKᵀ/√d)V of every row and head, (N, D), with dropout on the attention weights.

    Args:
        qkv: (N, 3D), queries, keys and values of all tokens side by side.
        groups: the rows' lengths, summing to at most N; tokens beyond them get zeros.
        nhead: number of heads H; D is divisible by it.
        drop: dropout of this step; on a GPU in half precision the weights of attention are not dropped.
    """
    if takes_varlen(qkv, nhead):
        return attend_in_one_call(qkv, groups, nhead)
    return _FlatAttention.apply(qkv, groups, nhead, drop)  # type: ignore[no-any-return]


class _FlatAttention(torch.autograd.Function):
    """Written out with its gradient: autograd would record a dozen small operations for each group.

    On a CPU this is several times faster than torch's scaled_dot_product_attention in bf16 up to some hundred tokens.
    """

    @staticmethod
    def forward(ctx: Any, qkv: Tensor, groups: Groups, nhead: int, drop: Dropout) -> Tensor:
        out = qkv.new_zeros(len(qkv), qkv.shape[1] // 3)
        kept = []
        for part, target, (rows, length) in _slice_groups(groups, qkv, out):
            query, key, value = _split_heads(part, rows, length, nhead)
            scores = torch.bmm(query, key.transpose(1, 2))  # (rows · H, T, T)
            weights = torch.softmax(scores.mul_(1 / math.sqrt(query.shape[-1])), -1)
            mask = drop.mask(weights)
            dropped = weights if mask is None else weights * mask
            _write_heads(target, torch.bmm(dropped, value), rows, nhead)
            kept.append((weights, mask))
        ctx.save_for_backward(qkv, *(tensor for pair in kept for tensor in pair if tensor is not None))
        ctx.groups, ctx.nhead, ctx.has_mask = groups, nhead, bool(kept) and kept[0][1] is not None
        return out

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, None, None, None]:
        # Forward, for each row and head: S = QKᵀ/√d, P = softmax(S), Y = (P∘M)V; the mask M holds 0 and 1/(1 - rate).
        # Backward by the chain rule, where dX is the gradient of the loss by X:
        #
        #   dV = (P∘M)ᵀ dY
        #   dP = (dY Vᵀ)∘M
        #   dS = P∘(dP - rowsum(dP∘P))
        #   dQ = dS K/√d
        #   dK = dSᵀ Q/√d
        #
        # The softmax's gradient depends on S through P alone, so P and M are all that is kept of the (T, T) tensors;
        # Q, K and V are cut out of `qkv` again. Rows do not attend to each other, so each group fills its own part of
        # `grad_qkv`, and tokens beyond the groups, whose output is a constant zero, keep the gradient zero.
        qkv, *saved = ctx.saved_tensors
        grad_qkv = torch.zeros_like(qkv)
        stream = iter(saved)
        for part, grad_part, target, (rows, length) in _slice_groups(ctx.groups, qkv, grad_out, grad_qkv):
            weights, mask = next(stream), next(stream) if ctx.has_mask else None
            query, key, value = _split_heads(part, rows, length, ctx.nhead)
            (grad,) = _split_heads(grad_part, rows, length, ctx.nhead, pieces=1)  # (rows · H, T, d)
            dropped = weights if mask is None else weights * mask
            grad_value = torch.bmm(dropped.transpose(1, 2), grad)
            grad_weights = torch.bmm(grad, value.transpose(1, 2))  # (rows · H, T, T)
            if mask is not None:
                grad_weights.mul_(mask)
            grad_scores = softmax_backward(grad_weights, weights)
            grad_scores.mul_(1 / math.sqrt(query.shape[-1]))
            grad_query = torch.bmm(grad_scores, key)
            grad_key = torch.bmm(grad_scores.transpose(1, 2), query)
            for piece, gradient in zip(target.chunk(3, 1), (grad_query, grad_key, grad_value), strict=True):
                _write_heads(piece, gradient, rows, ctx.nhead)
        return grad_qkv, None, None, None


def _slice_groups(groups: Groups, *tensors: Tensor) -> Any:
    """Yield each group's part of each of the tensors (N, …), and the group."""
    sizes = [rows * length for rows, length in groups]
    return zip(*(tensor[: sum(sizes)].split(sizes) for tensor in tensors), groups, strict=True)


def _split_heads(part: Tensor, rows: int, length: int, nhead: int, pieces: int = 3) -> tuple[Tensor, ...]:
    """Split (rows · T, pieces · D) into `pieces` contiguous tensors (rows · H, T, d)."""
    split = part.view(rows, length, pieces, nhead, -1).permute(2, 0, 3, 1, 4).contiguous()
    return split.view(pieces, rows * nhead, length, -1).unbind(0)


def _write_heads(target: Tensor, heads: Tensor, rows: int, nhead: int) -> None:
    """Write (rows · H, T, d) into `target` (rows · T, D), the inverse of `_split_heads`."""
    _, length, width = heads.shape
    target.unflatten(0, (rows, length)).unflatten(2, (nhead, width)).copy_(
        heads.view(rows, nhead, length, width).transpose(1, 2)
    )
