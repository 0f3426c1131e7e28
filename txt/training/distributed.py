"""One training in several processes, as torchrun starts them: which rows are mine, and sums over all."""

import os
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch
import torch.distributed
from torch import Tensor


@dataclass(frozen=True)
class Group:
    """The processes that train together; the first one writes the run folder."""

    rank: int = 0
    size: int = 1

    @property
    def writes(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def share(self, rows: npt.NDArray) -> npt.NDArray:  # type: ignore[type-arg]
        """Return this process's part of rows sorted by length: every `size`-th, so that tokens come out even."""
        return rows[self.rank :: self.size]

    def sum(self, tensor: Tensor) -> Tensor:
        """Add a tensor up over all processes, in place."""
        if self.size > 1:
            torch.distributed.all_reduce(tensor)
        return tensor

    def joined(self, things: list[Any]) -> list[Any]:
        """Return the lists of all processes one after the other, in each of them."""
        if self.size == 1 or not self.any(bool(things)):
            return things
        lists: list[list[Any]] = [[]] * self.size
        torch.distributed.all_gather_object(lists, things)
        return [thing for each in lists for thing in each]

    def any(self, fact: bool) -> bool:
        """Return whether the fact holds in any of the processes."""
        return bool(self.sum(torch.tensor(float(fact)))) if self.size > 1 else fact


def join_group(device: torch.device) -> Group:
    """Join the processes that torchrun started, or be alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Group()
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    return Group(torch.distributed.get_rank(), size)
