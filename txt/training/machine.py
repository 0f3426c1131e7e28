"""What a training runs on: device, precision and threads, chosen once and recorded."""

import os
import resource
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn

from txt.config import TrainConfig
from txt.errors import InputError
from txt.model.precision import fastest_dtype
from txt.processes import count_cores
from txt.runs.events import Started
from txt.training.distributed import count_local_processes

ModuleT = TypeVar("ModuleT", bound=nn.Module)


@dataclass(frozen=True)
class Machine:
    """Where tensors live, the type they are computed in, and the CPU threads."""

    device: torch.device
    dtype: torch.dtype
    threads: int

    @property
    def precision(self) -> str:
        """`bf16` or `float32`."""
        return "bf16" if self.dtype == torch.bfloat16 else "float32"

    def describe_start(self, model: Any, **plan: int) -> Started:
        """Return the event with which a training of a model begins here; `plan` are the fields about its steps."""
        return Started(
            time=time.time(),
            parameters=model.num_parameters(),
            device=str(self.device),
            precision=self.precision,
            threads=self.threads,
            pid=os.getpid(),
            host=socket.gethostname(),
            **plan,
        )


def choose_machine(config: TrainConfig, precision: str | None = None) -> Machine:
    """Pick the device, precision and threads that `config` asks for, and set torch's threads.

    `precision` is that of the training to go on with, where there is one.

    Raises:
        InputError: the device does not exist here.
    """
    threads = config.threads or max(1, count_cores() // count_local_processes())
    torch.set_num_threads(threads)
    device = find_device(config.device)
    wanted = precision or config.precision
    dtypes = {"auto": fastest_dtype(device), "bf16": torch.bfloat16, "float32": torch.float32}
    return Machine(device, dtypes[wanted], threads)


def find_device(name: str) -> torch.device:
    """Return the device of a name; `auto` is the GPU where there is one.

    Raises:
        InputError: it is not available here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        raise InputError(f"--device `{name}` is not available here", "--device auto takes the best there is") from None
    return device


def convert_precision(model: ModuleT, machine: Machine) -> ModuleT:
    """Return the model converted to the machine's precision, in place.

    What adds up to the logits of a ladder's model stays in float32: it is little work, and the sum of n-grams and an
    encoder's vectors is often much smaller than its parts.
    """
    exact: tuple[nn.Module, ...] = getattr(model, "exact_parts", tuple)()
    kept = [(part, {name: each.clone() for name, each in part.state_dict().items()}) for part in exact]
    nn.Module.to(model, dtype=machine.dtype)
    for part, state in kept:
        nn.Module.to(part, dtype=torch.float32).load_state_dict(state)
    return model


def measure_peak_memory(device: torch.device) -> int:
    """Return the most bytes in use so far: on the GPU where there is one, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
