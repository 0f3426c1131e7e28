"""Defaults of `txt train`: the model sizes of `--preset`, and the default options of each way to train.

"The guide" here and in the names below is the course guide whose model and defaults `--recipe guide` reproduces.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from txt.errors import InputError, did_you_mean

OWN_ARCHITECTURE = ("d_model", "nhead", "num_layers", "dim_feedforward")
"""Options of the guide's model: if the user sets one of them, training uses that model with the guide's defaults."""

PRESETS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "tiny": {"d_model": 128, "nhead": 4, "num_layers": 2},
        "small": {"d_model": 256, "nhead": 4, "num_layers": 4},
        "base": {"d_model": 512, "nhead": 8, "num_layers": 6},  # the guide's own size
        "large": {"d_model": 768, "nhead": 12, "num_layers": 12},
    }
)

LADDER: Mapping[str, int | str] = MappingProxyType({"rungs": 3, "metric": "loss"})
"""Defaults where nothing is said of a model or its training: the ladder, as far as its budget goes."""

LADDER_TUNING: Mapping[str, int | float] = MappingProxyType({})
"""What the ladder's fine-tuning does otherwise than one of `--from`."""

RECIPE: Mapping[str, int | float | bool] = MappingProxyType(
    {
        **PRESETS["tiny"],
        "norm_first": True,
        "ngrams": True,
        "dropout": 0.3,
        "learning_rate": 1e-3,
        "num_epochs": 4,
        "min_steps": 250,
    }
)
"""Defaults of `--recipe scratch`, and of any training of one model without an option of the architecture."""

FINE_TUNING: Mapping[str, int | float] = MappingProxyType({"learning_rate": 1e-4, "num_epochs": 4, "layer_decay": 0.9})
"""Defaults of a training that begins with pretrained weights."""

MINILM: Mapping[str, int | float] = MappingProxyType({**FINE_TUNING, "learning_rate": 3e-4})
"""Defaults of a training that begins with MiniLM's weights: it is narrow, and needs a higher rate than BERT."""

FEW_SHOT: Mapping[str, int | float] = MappingProxyType(
    {"learning_rate": 5e-5, "num_epochs": 4, "batch_size": 64, "layer_decay": 0.9}
)
"""Defaults of contrastive training (`--few-shot`)."""


def choose_defaults(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the defaults that go with these options of a run; empty for the guide's model, which has its own."""
    if options.get("rungs"):
        return LADDER
    if options.get("pretrained") is not None:
        return _choose_pretrained_defaults(options)
    return RECIPE if options.get("ngrams") else {}


def choose_new_defaults(said: Mapping[str, Any], recipe: str | None = None) -> Mapping[str, Any]:
    """Return the defaults of a new training, given the options and `--recipe` that the user set anywhere."""
    if recipe == "ladder":
        return LADDER
    if said.get("pretrained") is not None:
        return _choose_pretrained_defaults(said)
    if recipe == "guide" or (recipe is None and any(name in said for name in OWN_ARCHITECTURE)):
        return {}
    return {**RECIPE, "min_steps": 0} if "num_epochs" in said else RECIPE


def _choose_pretrained_defaults(options: Mapping[str, Any]) -> Mapping[str, Any]:
    if options.get("few_shot") is True:
        return FEW_SHOT
    return MINILM if options["pretrained"] == "minilm" else FINE_TUNING


def get_preset_options(name: str | None) -> Mapping[str, int]:
    """Return what `--preset NAME` sets.

    Raises:
        InputError: there is no such preset.
    """
    if name is None:
        return {}
    if name not in PRESETS:
        message = f"--preset `{name}` does not exist, choose from {', '.join(PRESETS)}"
        raise InputError(message, did_you_mean(name, PRESETS))
    return PRESETS[name]
