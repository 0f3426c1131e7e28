"""One training in several processes, as torchrun starts them: each one's share of the rows, and sums over all."""

import atexit
import os
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy.typing as npt
import torch
import torch.distributed
from torch import Tensor
from torch.distributed import PrefixStore, Store  # type: ignore[attr-defined]
from torch.distributed.rendezvous import rendezvous

Shared = TypeVar("Shared")

_RUN = "txt/run"


@dataclass(frozen=True)
class Group:
    """The processes that train together; the first one writes the run folder.

    `store` is torchrun's, which outlives them.
    """

    rank: int = 0
    size: int = 1
    store: Store | None = field(default=None, repr=False, compare=False)

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

    def gather_lists(self, things: list[Any]) -> list[Any]:
        """Return the lists of all processes one after the other, in each of them."""
        if self.size == 1 or not self.any(bool(things)):
            return things
        lists: list[list[Any]] = [[]] * self.size
        torch.distributed.all_gather_object(lists, things)
        return [thing for each in lists for thing in each]

    def any(self, fact: bool) -> bool:
        """Return whether the fact holds in any of the processes."""
        return bool(self.sum(torch.tensor(float(fact)))) if self.size > 1 else fact

    def tell(self, value: Shared) -> Shared:
        """Return in every process what the first one has."""
        told = [value]
        if self.size > 1:
            torch.distributed.broadcast_object_list(told)
        return told[0]

    def remember_run(self, name: str) -> None:
        """Store which run is trained, for the processes that torchrun starts after one was lost."""
        if self.store is not None:
            self.store.set(_RUN, name)

    def recall_run(self) -> str | None:
        """Return the run that was trained before one of them was lost."""
        return self.store.get(_RUN).decode() if self.store is not None and self.store.check([_RUN]) else None


def join_group() -> Group:
    """Join the processes that torchrun started, or return a group of one.

    torchrun's store outlives a restart, and so do the addresses of lost processes in it: a process that asks before
    its partner has written the new address would wait at the old one until a timeout. So each start uses its own
    part of the store.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Group()
    if torch.distributed.is_initialized():
        return Group(torch.distributed.get_rank(), size)
    store, rank, size = next(rendezvous("env://"))
    own = store
    if os.environ.get("GROUP_WORLD_SIZE") == "1":  # with several machines, each counts its own restarts
        own = PrefixStore(f"restart {os.environ.get('TORCHELASTIC_RESTART_COUNT')}", store)
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    torch.distributed.init_process_group(backend, store=own, rank=rank, world_size=size)
    atexit.register(_leave_group)
    return Group(rank, size, store)


def _leave_group() -> None:
    """Leave the group before the program ends: its threads would abort a process that goes while they run."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def count_local_processes() -> int:
    """Return how many of the processes share this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
