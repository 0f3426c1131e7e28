"""A model's folder in Hugging Face layout, written and read without `transformers`: config.json, model.safetensors."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from txt.errors import InputError
from txt.files import read_json

CONFIG, WEIGHTS = "config.json", "model.safetensors"

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def read_config(folder: Path) -> dict[str, Any]:
    """Return what a folder's config.json holds."""
    return read_json(folder / CONFIG)


def save_weights(model: nn.Module, config: Mapping[str, Any], folder: Path) -> None:
    """Write a model's weights and its config.json into a folder, in the form that `transformers` writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def make_empty(build: Callable[[], ModuleT]) -> ModuleT:
    """Return a model with any weights, for `fill_weights`: no time goes into drawing what will be replaced."""
    with _SkipDrawing():
        return build()


class _SkipDrawing(TorchFunctionMode):
    """Leaves new tensors as the memory happens to be.

    torch has the device `meta` for this, but there the drawing functions import sympy, which takes longer than torch.
    """

    _DRAWING = (Tensor.uniform_, Tensor.normal_, Tensor.fill_, Tensor.zero_)

    def __torch_function__(
        self, func: Any, _types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return args[0] if func in self._DRAWING else func(*args, **(kwargs or {}))


def load_weights(model: ModuleT, folder: Path) -> ModuleT:
    """Fill an empty model with a folder's weights, in float32.

    Raises:
        InputError: a weight is missing, or there is one that the model does not have.
    """
    return fill_weights(model, read_weights(folder), folder)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Return a folder's weights by their names, in float32."""
    found = load_file(folder / WEIGHTS)
    return {name: each.float() if each.is_floating_point() else each for name, each in found.items()}


def fill_weights(model: ModuleT, tensors: Mapping[str, Tensor], source: Path) -> ModuleT:
    """Give an empty model its weights.

    Raises:
        InputError: a weight is missing, has another shape, or there is one that the model does not have.
    """
    wanted = model.state_dict()
    wrong = sorted(wanted.keys() ^ tensors.keys())
    if wrong:
        what = "holds no" if wrong[0] in wanted else "holds an unknown"
        raise InputError(f"`{source / WEIGHTS}` {what} weight `{wrong[0]}`", "config.json and weights do not fit")
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            sizes = " × ".join(map(str, tensor.shape)), " × ".join(map(str, wanted[name].shape))
            raise InputError(f"`{source / WEIGHTS}`: `{name}` is {sizes[0]}, and config.json says {sizes[1]}")
    model.load_state_dict(tensors, assign=True)
    return model
