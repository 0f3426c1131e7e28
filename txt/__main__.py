"""`python -m txt` and the `txt` command."""

import os
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

LIBRARY_SETTINGS = {
    # Threads that spin while they wait for each other keep the core from whoever they wait for: with one busy
    # neighbour on two cores, training took four to eight times as long.
    "OMP_WAIT_POLICY": "passive",
    # Matrix products compiled for shapes that do not come again: by default over a thousand are kept, for a gigabyte.
    # 32 are enough for one step, whose layers share theirs; 256 are no faster and take 0.3 GiB more.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32",
    "LRU_CACHE_CAPACITY": "32",
    # From 1.29 on, onnxruntime tells its maker of every model that it opens unless it is asked not to.
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Environment variables that libraries read when they are loaded, so they are set before."""


class _NoPandas(MetaPathFinder, Loader):
    """Makes `import pandas` fail in the program, which has no use for it.

    pyarrow imports it with the first array it makes where it is installed, and nlpaug brings it along: that would add a
    second or two to every command.
    """

    def find_spec(self, fullname: str, _path: object = None, _target: ModuleType | None = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == "pandas" else None

    def create_module(self, _spec: ModuleSpec) -> ModuleType | None:
        raise ImportError("txt leaves pandas out", name="pandas")


def run() -> None:
    """Run the command line and leave with its exit code."""
    for name, value in LIBRARY_SETTINGS.items():
        os.environ.setdefault(name, value)
    sys.meta_path.insert(0, _NoPandas())
    from txt.cli import main

    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
