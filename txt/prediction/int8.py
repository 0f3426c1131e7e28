"""A model whose encoder multiplies in 8 bits.

Weights have a scale for each output, and are packed once for oneDNN; what comes in has a scale for each token, which is
found as it comes. On one core with AVX-512 VNNI a product of 384 by 1,536 took a fifth of its time in float32, and half
of that in bf16.
"""

import copy
import re
import warnings
from functools import cache
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from txt.arrays import Floats
from txt.errors import InputError

Model = TypeVar("Model", bound=nn.Module)

_ENOUGH = 20  # rows from which too many other answers are no chance
_MOST_OTHERS = 0.05  # of the answers

_BLOCK = 256  # tokens multiplied at a time
_SIDE_BY_SIDE = ("query", "key", "value")  # read the same tokens
_INSIDE_A_LAYER = re.compile(r"\.\d+\.")


class Int8Linear(nn.Module):
    """A linear layer in 8 bits, for float32 tokens (N, in): it returns float32 (N, out).

    A token x with the largest absolute value m is taken as round(x · L / m), from -L to L, and a row of weights alike.
    The product of the two is exact in 32-bit integers, and is multiplied by both scales. oneDNN's products take numbers
    without a sign, so the tokens are moved up by a zero point, which it takes off again.
    """

    scales: Tensor
    zeros: Tensor
    bias: Tensor

    def __init__(self, layers: list[nn.Linear]) -> None:
        super().__init__()
        weight = torch.cat([layer.weight.detach() for layer in layers]).float()  # (out, in)
        scales = (weight.abs().amax(1) / 127).clamp(min=1e-12)  # (out,)
        rounded = (weight / scales[:, None]).round_().to(torch.int8)
        self.register_buffer("scales", scales, persistent=False)
        self.register_buffer("zeros", torch.zeros(len(scales), dtype=torch.int32), persistent=False)
        biases = [torch.zeros(layer.out_features) if layer.bias is None else layer.bias.detach() for layer in layers]
        self.register_buffer("bias", torch.cat(biases).float(), persistent=False)
        self.packed = torch.ops.onednn.qlinear_prepack(rounded, None)

    def forward(self, x: Tensor) -> Tensor:
        """Return the products (N, out)."""
        out = x.new_empty(len(x), len(self.scales))
        for tokens, target in zip(x.split(_BLOCK), out.split(_BLOCK), strict=True):
            self._multiply(tokens, target)
        return out

    def _multiply(self, tokens: Tensor, target: Tensor) -> None:
        """Write the products of some tokens into `target`: of so few that they stay in the processor's cache."""
        levels, zero = find_levels()
        scale = tokens.abs().amax(1, keepdim=True).div_(levels).clamp_(min=1e-12)
        rounded = (tokens / scale).round_().add_(zero).to(torch.uint8)
        options: Any = (None, 1.0, 0, torch.float32, "none", [], "")  # no bias yet, and nothing after the product
        product = torch.ops.onednn.qlinear_pointwise(rounded, 1.0, zero, self.packed, self.scales, self.zeros, *options)
        torch.addcmul(self.bias, product, scale, out=target)

    def __deepcopy__(self, _memo: object) -> "Int8Linear":
        return self  # nothing in it ever changes, and packed weights cannot be copied


@cache
def find_levels() -> tuple[int, int]:
    """Return the largest number that tokens are rounded to, and their zero point.

    A processor without instructions for 8-bit products adds pairs of them in 16 bits: 126 · 127 · 2 fits there, and
    255 · 127 · 2 does not.
    """
    known: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return (127, 128) if any(known.get(name) for name in ("avx512_vnni", "avx_vnni", "amx_int8")) else (63, 63)


@cache
def _has_onednn_products() -> bool:
    """Tell whether oneDNN multiplies in 8 bits here, and rightly."""
    layer = nn.Linear(64, 32)
    tokens = torch.linspace(-1, 1, 16 * 64).view(16, 64)
    try:
        with torch.inference_mode():
            return bool((Int8Linear([layer])(tokens) - layer(tokens)).abs().max() < 0.1)
    except (RuntimeError, AttributeError, NotImplementedError):
        return False


def quantize_to_int8(model: Model) -> Model:
    """Return a copy of a float32 model on the CPU whose encoder layers have 8-bit weights, a scale for each output.

    Inputs are brought to 8 bits as they come. Embeddings, norms, attention and the head stay as they are.

    Raises:
        InputError: this torch or this processor has no 8-bit matrix products.
    """
    layers = [
        name for name, part in model.named_modules() if type(part) is nn.Linear and _INSIDE_A_LAYER.search(f".{name}")
    ]
    if _has_onednn_products():
        return _pack_layers(model, layers)
    engine = next((name for name in ("x86", "fbgemm", "onednn", "qnnpack") if name in _supported_engines()), None)
    if engine is None:
        raise InputError("--int8 is not possible here: this torch has no 8-bit products", "leave --int8 out")
    torch.backends.quantized.engine = engine
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.ao moves to a package of its own, which this could follow
        from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

        return quantize_dynamic(model, dict.fromkeys(layers, per_channel_dynamic_qconfig))  # type: ignore[no-any-return]


def _pack_layers(model: Model, names: list[str]) -> Model:
    """Return a copy of a model in which these layers are in 8 bits, and those of queries, keys and values are one."""
    memo: dict[int, object] = {}
    for name in names:  # whose weights are not copied
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        memo[id(layer)] = layer
    packed = copy.deepcopy(model, memo)
    for name in names:
        parent_name, _, own = name.rpartition(".")
        parent = packed.get_submodule(parent_name)
        if own in _SIDE_BY_SIDE and all(f"{parent_name}.{each}" in names for each in _SIDE_BY_SIDE):
            if own == _SIDE_BY_SIDE[0]:
                layers = [getattr(parent, each) for each in _SIDE_BY_SIDE]
                parent.add_module("side_by_side", Int8Linear(layers))
            continue
        setattr(parent, own, Int8Linear([getattr(parent, own)]))
    for part in list(packed.modules()):
        if hasattr(part, "side_by_side"):
            for each in _SIDE_BY_SIDE:
                delattr(part, each)
    return packed


def compare_with_float(exact: Floats, found: Floats, flag: str = "--int8") -> str:
    """Say what 8 bits cost, from probabilities (N, C) in float32 and in 8 bits, which `flag` asked for.

    Raises:
        InputError: they change too many answers.
    """
    rows = len(exact)
    other = int((exact.argmax(1) != found.argmax(1)).sum())
    apart = 100 * float(np.abs(exact - found).max(1).mean())
    said = f"in 8 bits {other:,} of {rows:,} answers differ from float32's, and probabilities by {apart:.1f} points"
    if rows >= _ENOUGH and other > _MOST_OTHERS * rows:
        raise InputError(f"{flag} ruins this model: {said}", f"leave {flag} out")
    return f"{said[0].upper()}{said[1:]} on average."


def _supported_engines() -> list[str]:
    return list(torch.backends.quantized.supported_engines)
