"""The line that every benchmark prints first: what machine the figures come from."""

import os
import platform
from pathlib import Path


def describe_machine() -> str:
    """Return processor, cores, vector extensions and memory in one line."""
    facts = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.split(":", 1)[1].strip() for line in facts.splitlines() if line.startswith("model name")]
    flags = next((line for line in facts.splitlines() if line.startswith("flags")), "").split()
    known = [flag for flag in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if flag in flags]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processor = names[0] if names else platform.processor() or platform.machine()
    return f"{processor}, {cores} cores, {' '.join(known[:2])}, {memory:.0f} GiB, Python {platform.python_version()}"
