"""The line that every benchmark prints first: what machine the figures come from; and what it can compute.

A ratio holds for a kind of processor: one with bf16 products, one with 8-bit products alone, or one with neither. So
the kind is printed beside the name, and every arm of a comparison gets the precision that is fastest for it here.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

PRECISIONS = ("float32", "bf16")

Key = TypeVar("Key")


def describe_machine() -> str:
    """Return processor, cores, kind, vector extensions and memory in one line."""
    facts = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in facts.splitlines() if line.startswith("model name")]
    flags = _read_flags(facts)
    known = [flag for flag in ("amx_bf16", "avx512_bf16", "avx512_vnni", "avx512f", "avx2") if flag in flags]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processor = names[0] if names else platform.processor() or platform.machine()
    threads = os.environ.get("OMP_NUM_THREADS")
    limit = f" (OMP_NUM_THREADS={threads})" if threads else ""
    return (
        f"{processor}, {cores} cores{limit}, {describe_kind(flags)} ({' '.join(known[:3])}), {memory:.0f} GiB, "
        f"Python {platform.python_version()}"
    )


def describe_kind(flags: list[str]) -> str:
    """Return the kind of a processor with these flags, as the tables call it."""
    if "amx_bf16" in flags:
        return "bf16 by AMX"
    if "avx512_bf16" in flags or "bf16" in flags:
        return "bf16 without AMX"
    if "avx512_vnni" in flags or "avx_vnni" in flags:
        return "VNNI without bf16"
    return "neither bf16 nor VNNI"


def _read_flags(facts: str) -> list[str]:
    return next((line for line in facts.splitlines() if line.startswith(("flags", "Features"))), "").split()


def measure_peak(precision: str, size: int = 2048) -> float:
    """Return the best rate of a square matrix product, in floating-point operations a second."""
    import torch

    a = torch.ones(size, size, dtype=torch.bfloat16 if precision == "bf16" else torch.float32)
    a @ a
    seconds = []
    for _ in range(5):
        begun = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - begun)
    return 2 * size**3 / min(seconds)


def choose_fastest(arms: Mapping[Key, Callable[[], float]], rounds: int = 3) -> Key:
    """Return the arm with the highest rate in the median of some rounds, in which all take turns.

    Args:
        arms: each does a piece of its work and returns rows a second.
        rounds: how often; what an arm does for the first time is done before.
    """
    if len(arms) == 1:
        return next(iter(arms))
    for run in arms.values():
        run()
    rates: dict[Key, list[float]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, run in arms.items():
            rates[name].append(run())
    return max(rates, key=lambda name: statistics.median(rates[name]))
