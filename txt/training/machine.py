"""What a training runs on: device, precision and threads, chosen once and recorded."""

import os
import resource
import sys
import time
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import nn

from txt.config import TrainConfig
from txt.errors import InputError

Model = TypeVar("Model", bound=nn.Module)

_WORTH_IT = 1.3  # bf16 costs precision, so it has to be faster by a margin


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


def choose_machine(config: TrainConfig, precision: str | None = None) -> Machine:
    """Pick the device, precision and threads that `config` asks for, and set torch's threads.

    `precision` is that of the training to go on with, where there is one.

    Raises:
        InputError: the device does not exist here.
    """
    threads = config.threads or cores()
    torch.set_num_threads(threads)
    device = find_device(config.device)
    if precision is None:
        precision = config.precision if config.precision != "auto" else _faster_precision(device)
    return Machine(device, torch.bfloat16 if precision == "bf16" else torch.float32, threads)


def find_device(name: str) -> torch.device:
    """Return the device of a name; `auto` is the GPU where there is one.

    Raises:
        InputError: it is not available here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        raise InputError(f"--device `{name}` is not available here", "--device auto takes the best there is") from None
    return device


def in_precision(model: Model, machine: Machine) -> Model:
    """Return the model converted to the machine's precision, in place."""
    nn.Module.to(model, dtype=machine.dtype)
    return model


def peak_memory(device: torch.device) -> int:
    """Return the most bytes in use so far: on the GPU where there is one, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def cores() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _faster_precision(device: torch.device) -> str:
    """Return `bf16` where it multiplies matrices clearly faster than float32 (AMX, AVX-512 BF16, recent GPUs)."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "float32"
    if device.type != "cpu":
        return "float32"
    return "bf16" if _seconds(torch.float32) > _WORTH_IT * _seconds(torch.bfloat16) else "float32"


def _seconds(dtype: torch.dtype, size: int = 512, repeats: int = 8) -> float:
    """Return the best time of a matrix product on one thread: several would measure who else is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    a = torch.ones(size, size, dtype=dtype)
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    torch.set_num_threads(threads)
    return best
