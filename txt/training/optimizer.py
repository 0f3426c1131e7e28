"""AdamW over all weights laid end to end, with float32 masters behind a working copy in bf16.

The weights live in one flat float32 tensor, of which the model's parameters are views; gradients and both moments have
the same layout. So one fused call updates everything, one norm clips it, one all-reduce shares it between processes,
and a checkpoint is three tensors.
"""

import copy
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from txt.errors import InputError
from txt.model.pretrained import Model
from txt.model.torch_internals import copy_all, split_sparse
from txt.training.distributed import Group

_BETAS, _EPSILON = (0.9, 0.999), 1e-8  # torch's own


class _Piece(NamedTuple):
    """Slices of the flat tensors whose weights have the same weight decay and share of the learning rate."""

    weights: Tensor
    gradient: Tensor
    first_moment: Tensor
    second_moment: Tensor
    steps: Tensor
    weight_decay: float
    rate_scale: float


class FlatAdamW:
    """Owns a model's weights while it trains; `working` is the copy to compute with.

    A gradient goes into the flat ones as soon as the backward pass has it, and its memory is free for the next.

    Args:
        model: the model, in float32; its parameters become views of one flat tensor.
        working_dtype: type of the working copy; float32 makes the model itself the working copy.
        weight_decay: decay of matrices and embeddings; biases and norms have none.
        scale_of: the share of the learning rate at which a parameter learns, by its name.
    """

    def __init__(
        self,
        model: Model,
        working_dtype: torch.dtype,
        weight_decay: float,
        scale_of: Callable[[str], float] = lambda _: 1.0,
    ) -> None:
        self.model = model
        pieces = _group_alike(model, weight_decay, scale_of)
        self._masters = [parameter for piece in pieces.values() for parameter in piece]
        self._sizes = [sum(parameter.numel() for parameter in piece) for piece in pieces.values()]
        self.weights = _flatten_parameters(self._masters)  # (P,) float32
        # Four flat tensors with one layout: place i belongs to the same weight in each. Parameters with the same weight
        # decay and share of the rate lie side by side, so each group of the optimizer is one slice. AdamW updates each
        # place by itself, so a slice gives the same numbers as its parameters one by one, in one call.
        self.gradients, self._first_moment, self._second_moment = (torch.zeros_like(self.weights) for _ in range(3))
        self.working, self._workers = self._make_working_copy(working_dtype)
        self._touched: list[tuple[Tensor, Tensor]] = []
        self._collected = self._added_up = False
        for worker, gradient in zip(self._workers, _make_views(self.gradients, self._masters), strict=True):
            worker.register_post_accumulate_grad_hook(partial(self._take_gradient, gradient))
        self._pieces = self._cut_pieces(list(pieces))

    def collect(self) -> None:
        """Say that a backward pass is over: gradients of another one before `step` are added to its own."""
        self._collected = True

    def add_up(self, group: Group) -> None:
        """Add the collected gradients up over all processes."""
        if group.size > 1:
            group.sum(self.gradients)
            self._added_up = True

    def clip(self, max_norm: float) -> float:
        """Scale the collected gradients down to `max_norm` (0: leave them), and return the norm they had."""
        norm = float(torch.linalg.vector_norm(self.gradients))
        if 0 < max_norm < norm < float("inf"):
            self.gradients.mul_(max_norm / norm)
        return norm

    def step(self, learning_rate: float) -> None:
        """Update the weights by the collected gradients."""
        # The functional form: making an AdamW loads torch's compiler, which takes longer than torch itself. The fused
        # kernel gets slices of our own tensors, so what it updates is what a checkpoint stores.
        for piece in self._pieces:
            adamw(
                [piece.weights],
                [piece.gradient],
                [piece.first_moment],
                [piece.second_moment],
                [],
                [piece.steps],
                fused=True,
                amsgrad=False,
                beta1=_BETAS[0],
                beta2=_BETAS[1],
                lr=learning_rate * piece.rate_scale,
                weight_decay=piece.weight_decay,
                eps=_EPSILON,
                maximize=False,
            )
        self._forget_gradients()
        self.refresh()

    def discard(self) -> None:
        """Forget the gradients of a batch that is not to be applied."""
        self.gradients.zero_()
        self._forget_gradients()

    def refresh(self) -> None:
        """Copy the masters into the working copy."""
        # bf16 has 8 bits of precision, so an update below about 1/256 of a weight would be lost in it. Updates add up
        # in the float32 masters, and the working copy is rounded from them anew: no rounding error is carried on.
        if self.working is not self.model:
            with torch.no_grad():
                copy_all(self._workers, self._masters)

    def state(self) -> dict[str, Tensor]:
        """Return what a checkpoint needs: the weights and both moments, each (P,) float32."""
        return {"weights": self.weights, "exp_avg": self._first_moment, "exp_avg_sq": self._second_moment}

    def load_state(self, state: dict[str, Tensor], steps: int) -> None:
        """Go on from a checkpoint's tensors, after `steps` steps.

        Raises:
            InputError: they are not those of this model.
        """
        for name, tensor in self.state().items():
            if name not in state or state[name].shape != tensor.shape:
                raise InputError(f"the checkpoint's `{name}` is not that of this model", "--at-step goes to another")
            tensor.copy_(state[name])
        for piece in self._pieces:
            piece.steps.fill_(steps)
        self.refresh()

    def _take_gradient(self, gradient: Tensor, worker: Tensor) -> None:
        """Add what the backward pass found for a weight to its float32 gradient, and forget it."""
        # Called as soon as autograd has a weight's whole gradient. In the first backward pass of a step a dense
        # gradient overwrites what the last step left, so nothing dense has to be zeroed; after `collect`, further
        # passes add. A sparse gradient has only the rows of the batch's tokens: they are added to rows that are zero,
        # and noted, so that only they need to be zeroed after the step.
        given, worker.grad = worker.grad, None
        if given is None:
            return
        if given.is_sparse:
            rows, values = split_sparse(given)
            gradient.index_add_(0, rows, values.to(gradient.dtype))
            self._touched.append((gradient, rows))
        elif self._collected:
            gradient.add_(given)
        else:
            gradient.copy_(given)

    def _forget_gradients(self) -> None:
        """Make ready for the next batch, which overwrites dense gradients; rows of sparse ones are zeroed.

        Other processes touched other rows, and this one may have no part in the next batch: then all are zeroed.
        """
        if self._added_up:
            self.gradients.zero_()
        else:
            for gradient, rows in self._touched:
                gradient.index_fill_(0, rows, 0)
        self._touched.clear()
        self._collected = self._added_up = False

    def _make_working_copy(self, dtype: torch.dtype) -> tuple[Model, list[Tensor]]:
        if dtype == torch.float32:
            return self.model, self._masters
        # Given to deepcopy as copied already, so that no second copy in float32 is made on the way.
        narrow = {
            id(given): nn.Parameter(given.detach().to(dtype), given.requires_grad) for given in self.model.parameters()
        }
        working = copy.deepcopy(self.model, dict(narrow))
        nn.Module.to(working, dtype=dtype)
        return working, [narrow[id(master)] for master in self._masters]

    def _cut_pieces(self, groups: list[tuple[float, float]]) -> list[_Piece]:
        """Cut the flat tensors into the slices of the groups (weight decay, share of the learning rate)."""
        flat = (self.weights, self.gradients, self._first_moment, self._second_moment)
        slices = zip(*(tensor.split(self._sizes) for tensor in flat), strict=True)
        return [
            _Piece(weights, gradient, first, second, torch.zeros((), device=weights.device), decay, scale)
            for (weights, gradient, first, second), (decay, scale) in zip(slices, groups, strict=True)
        ]


def _group_alike(
    model: nn.Module, weight_decay: float, scale_of: Callable[[str], float]
) -> dict[tuple[float, float], list[Tensor]]:
    """Return the parameters that learn, together those of equal (weight decay, share of the learning rate)."""
    pieces: dict[tuple[float, float], list[Tensor]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            pieces[weight_decay if parameter.dim() > 1 else 0.0, scale_of(name)].append(parameter)
    return dict(sorted(pieces.items(), key=lambda item: (-item[0][0], -item[0][1])))


def _flatten_parameters(parameters: list[Tensor]) -> Tensor:
    """Lay the parameters end to end in one tensor and make them views of it."""
    flat = torch.cat([parameter.detach().reshape(-1) for parameter in parameters])
    for parameter, view in zip(parameters, _make_views(flat, parameters), strict=True):
        parameter.data = view
    return flat


def _make_views(flat: Tensor, parameters: list[Tensor]) -> Iterator[Tensor]:
    """Yield the piece of `flat` that belongs to each parameter, in its shape."""
    sizes = [parameter.numel() for parameter in parameters]
    for piece, parameter in zip(flat.split(sizes), parameters, strict=True):
        yield piece.view(parameter.shape)
