"""Checks of processor, GPU and memory, read from the system: torch would take seconds to load."""

import os
import platform
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from txt.installation.finding import NOTE, Finding
from txt.processes import count_cores

_SECTION = "machine"
_X86 = ("amx_bf16", "avx512_bf16", "avx512f", "avx2")
_FAST_BF16 = {"amx_bf16", "avx512_bf16", "bf16"}
_LITTLE_MEMORY = 2 << 30  # a training of the default model on small data takes about this much
_GIB = 1 << 30


def check_machine() -> Iterator[Finding]:
    """Yield the processor, its threads and instructions, the GPU, and the memory."""
    facts = _read_text(Path("/proc/cpuinfo"))
    yield Finding(_SECTION, "processor", _processor_name(facts))
    yield _check_threads()
    yield from _check_precision(facts)
    yield _check_device()
    yield from _check_memory()


def _processor_name(facts: str) -> str:
    named = re.search(r"^model name\s*: (.+)$", facts, re.MULTILINE)
    return named[1].strip() if named else platform.processor() or platform.machine() or "unknown"


def _check_threads() -> Finding:
    every = os.cpu_count() or 1
    usable = count_cores()
    told = f"{usable} of {every} cores" if usable != every else f"{every} cores"
    limit = os.environ.get("OMP_NUM_THREADS", "")
    if limit.isdecimal() and int(limit) < usable:
        told += f", OMP_NUM_THREADS={limit}"
        return Finding(_SECTION, "threads", told, NOTE, "unset OMP_NUM_THREADS, or give --threads, to use all cores")
    return Finding(_SECTION, "threads", told)


def _check_precision(facts: str) -> Iterator[Finding]:
    """Yield the vector instructions that matter here, and what they make of bf16."""
    line = re.search(r"^(?:flags|Features)\s*: (.+)$", facts, re.MULTILINE)
    if line is None:
        yield Finding(_SECTION, "bf16", "this system does not say; `txt train` finds out")
        return
    has = line[1].split()
    known = [name for name in (*_X86, "bf16", "sve", "asimd") if name in has]
    amx = "with AMX" if "amx_bf16" in has else "without AMX"
    yield Finding(_SECTION, "instructions", f"{' '.join(known) or 'none that matter here'}, {amx}")
    if _FAST_BF16 & set(has):
        yield Finding(_SECTION, "bf16", "fast: training and prediction use it")
    else:
        advice = "nothing to do: txt computes in float32, about half as fast as with AVX-512 BF16"
        yield Finding(_SECTION, "bf16", "slow on this processor", advice=advice)


def _check_device() -> Finding:
    """Tell the device that `--device auto` takes, without asking torch."""
    cards = [_read_text(path) for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))]
    models = re.findall(r"^Model:\s*(.+)$", "\n".join(cards), re.MULTILINE)
    if not models:
        note = "; `--device mps` uses the GPU" if (platform.system(), platform.machine()) == ("Darwin", "arm64") else ""
        return Finding(_SECTION, "device", f"cpu{note}")
    built_for = read_torch_cuda()
    if built_for is None:
        advice = "this torch is built for CPUs: install one with CUDA, see pytorch.org/get-started"
        return Finding(_SECTION, "device", f"cpu, though there is {models[0]}", NOTE, advice)
    many = f"{len(models)} × " if len(models) > 1 else ""
    return Finding(_SECTION, "device", f"cuda: {many}{models[0]}, torch built for CUDA {built_for}")


def read_torch_cuda() -> str | None:
    """Return the CUDA that torch is built for, read from its version file; None for none, or where it is missing."""
    spec = find_spec("torch")
    if spec is None or not spec.submodule_search_locations:
        return None
    file = Path(next(iter(spec.submodule_search_locations))) / "version.py"
    named = re.search(r"^cuda\b[^=]*= '([\d.]+)'", _read_text(file), re.MULTILINE)
    return named[1] if named else None


def _check_memory() -> Iterator[Finding]:
    sizes = {
        name: int(kib) << 10 for name, kib in re.findall(r"^(\w+):\s+(\d+) kB", _read_text(Path("/proc/meminfo")), re.M)
    }
    total, free = sizes.get("MemTotal"), sizes.get("MemAvailable")
    if total is None or free is None:
        with suppress(ValueError, OSError):
            total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
            yield Finding(_SECTION, "memory", f"{total / _GIB:.1f} GiB")
        return
    limit = _read_text(Path("/sys/fs/cgroup/memory.max")).strip()
    if limit.isdecimal() and int(limit) < total:
        used = _read_text(Path("/sys/fs/cgroup/memory.current")).strip()
        total = int(limit)
        free = min(free, total - int(used)) if used.isdecimal() else free
    told = f"{free / _GIB:.1f} of {total / _GIB:.1f} GiB free"
    if free < _LITTLE_MEMORY:
        advice = "close other programs, or train with --preset tiny and a smaller --batch-size"
        yield Finding(_SECTION, "memory", told, NOTE, advice)
    else:
        yield Finding(_SECTION, "memory", told)


def _read_text(path: Path) -> str:
    """Return a file's text, or nothing where this system has no such file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
