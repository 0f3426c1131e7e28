"""Pretends a processor with or without instructions for bf16: read by each Python that a test starts.

What `auto` computes in follows from the processor, so a test that ran on one kind alone would hide the faults of the
other. The variable TESTS_PRETEND_BF16 says which kind to pretend, `yes` or `no`; without it the processor is taken as
it is.
"""

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

VARIABLE = "TESTS_PRETEND_BF16"
_INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "bf16", "arm_bf16")


class _Pretending(Loader):
    """Loads torch.cpu and puts what the variable says into its answer about the processor."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        ask = module.get_capabilities

        def get_capabilities() -> dict[str, object]:
            found, pretended = dict(ask()), os.environ.get(VARIABLE)
            return found if pretended is None else found | dict.fromkeys(_INSTRUCTIONS, pretended == "yes")

        module.get_capabilities = get_capabilities


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: object, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "torch.cpu":
            return None
        spec = PathFinder.find_spec(name, path, target)
        spec.loader = _Pretending(spec.loader)
        return spec


if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
    sys.meta_path.insert(0, _Finder())
