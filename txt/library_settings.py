"""Environment variables that libraries read when they are loaded: the command and `load` set them before."""

import os

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


def apply_library_settings() -> None:
    """Set what is not set yet. Where torch is loaded already, its threads wait as they did."""
    for name, value in LIBRARY_SETTINGS.items():
        os.environ.setdefault(name, value)
