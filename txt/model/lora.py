"""Low-rank adapters (LoRA) on an encoder's attention, through peft: few weights learn, and a merged model is saved.

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
"""

import copy

import torch
from torch import nn

from txt.errors import InputError
from txt.extras import say_how_to_install
from txt.model.pretrained import Model, PretrainedClassifier, find_depth

_ATTENTION = ("query", "value", "q_lin", "v_lin", "query_proj", "value_proj", "Wqkv", "in_proj", "q_proj", "v_proj")
"""What the layers that make queries and values are called in one architecture or another."""


def add_adapters(model: PretrainedClassifier, rank: int, seed: int) -> None:
    """Add adapters of a rank to the encoder, in place; they and the head are all that learns from then on.

    Raises:
        InputError: peft is not installed, or the encoder has no layer of a known name.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise InputError("--lora needs the package peft", say_how_to_install(extra="lora")) from None
    encoder = model.model.base_model
    linear = {name.rpartition(".")[2] for name, part in encoder.named_modules() if isinstance(part, nn.Linear)}
    targets = sorted(linear.intersection(_ATTENTION))
    if not targets:
        raise InputError(
            f"--lora finds no attention layers in a {type(encoder).__name__}", "--freeze N trains few layers"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets), encoder)
    layers = int(model.config.num_hidden_layers)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_("lora_" in name or find_depth(name, layers) > layers)


def merge_adapters(model: Model) -> Model:
    """Return the model with any adapters added to the weights they adapt, as a copy; one without comes back itself."""
    if not any("lora_" in name for name, _ in model.named_parameters()):
        return model
    model = copy.deepcopy(model)
    for name, part in list(model.named_modules()):
        if hasattr(part, "get_base_layer") and hasattr(part, "merge"):
            part.merge()
            parent, _, last = name.rpartition(".")
            setattr(model.get_submodule(parent), last, part.get_base_layer())
    return model
