"""Dropout that costs one multiplication: masks are slices of a pool of random bits, each at a random place.

Drawing a random number for every activation takes a quarter of a training step on a CPU. Here a pool of masks is drawn
once an epoch, and every use takes a slice of it that begins anywhere. All follows from (seed, epoch, step), so a
resumed run needs no saved random state.
"""

import random
from typing import Any

import torch
from torch import Tensor

POOL_SIZE = 1 << 24
_ALIGNED = 32  # elements between possible beginnings: a cache line of bf16


class Dropout:
    """The dropout of one step: `drop(x)` drops, `drop.mask(x)` gives the mask for what applies it by itself."""

    def __init__(self, pool: Tensor | None, seed: int = 0) -> None:
        self._pool = pool
        self._seed = seed
        self._random = random.Random(seed)

    def __call__(self, x: Tensor) -> Tensor:
        """Return `x` with each element zeroed at the pool's rate and the others scaled up."""
        mask = self.mask(x)
        return x if mask is None else x * mask

    def add(self, x: Tensor, change: Tensor) -> Tensor:
        """Return `x` plus the dropped `change`, in one pass."""
        mask = self.mask(change)
        return x + change if mask is None else torch.addcmul(x, change, mask)

    def relu(self, x: Tensor) -> Tensor:
        """Return relu(`x`), dropped, in the place of `x`: what a linear layer gave, of which nothing else is kept."""
        return _DroppedRelu.apply(x, self.mask(x))  # type: ignore[no-any-return]

    def mask(self, like: Tensor) -> Tensor | None:
        """Return a mask in the shape of `like`: 0 or 1 / (1 - rate); None where nothing is dropped."""
        if self._pool is None:
            return None
        # The place where a slice begins is the only random choice. It comes from a generator that is seeded from the
        # training's seed and the step, and the model asks in a fixed order, so a step drops the same activations
        # whenever it is computed; the pool follows from the seed and the epoch in the same way. The pool's elements are
        # independent and the place does not depend on them, so each element is dropped at the pool's rate. A slice has
        # at most half the pool, so that there are always many places to begin at.
        pieces, wanted = [], like.numel()
        while wanted:
            size = min(wanted, len(self._pool) // 2)
            start = self._random.randrange(0, len(self._pool) - size, _ALIGNED)
            pieces.append(self._pool[start : start + size])
            wanted -= size
        return (pieces[0] if len(pieces) == 1 else torch.cat(pieces)).view(like.shape)

    def seed(self) -> int:
        """Return a seed for what draws its own masks, other at every call."""
        return self._random.getrandbits(63)

    def fork(self) -> "Dropout":
        """Return a dropout of its own for a part of the model."""
        if self._pool is None:
            return self
        # Each layer gets a generator of its own, so that one layer can be computed again from its beginning, as
        # gradient checkpointing does, without moving the places of the layers after it.
        return Dropout(self._pool, self._random.getrandbits(64))

    def restart(self) -> "Dropout":
        """Return a dropout that gives this one's masks from the beginning, for a part that is computed twice."""
        return Dropout(self._pool, self._seed)


class _DroppedRelu(torch.autograd.Function):
    """Keeps one tensor for its gradient where autograd would keep two: what is above zero now was so before."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, mask: Tensor | None) -> Tensor:
        ctx.mark_dirty(x)
        x.relu_()
        if mask is not None:
            x.mul_(mask)
        ctx.save_for_backward(x, mask)
        return x

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        out, mask = ctx.saved_tensors
        grad = torch.ops.aten.threshold_backward(grad, out, 0)
        return grad if mask is None else grad.mul_(mask), None


no_dropout = Dropout(None)


def draw_mask_pool(
    rate: float, seed: int, dtype: torch.dtype, device: torch.device, size: int = POOL_SIZE
) -> Tensor | None:
    """Draw a pool of dropout masks (size,): 0 with probability `rate`, else 1 / (1 - rate). None at rate 0."""
    if rate == 0:
        return None
    generator = torch.Generator(device="cpu").manual_seed(seed)
    pool = torch.empty(size, dtype=dtype).bernoulli_(1 - rate, generator=generator)
    return pool.div_(1 - rate).to(device)
