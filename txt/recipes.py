"""Defaults of a training: the sizes of `--preset`, and what each way to train takes when it is told nothing."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

OWN_ARCHITECTURE = ("d_model", "nhead", "num_layers", "dim_feedforward")
"""The guide's own options: whoever names one of them means the guide's model, and gets its defaults."""

PRESETS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "tiny": {"d_model": 128, "nhead": 4, "num_layers": 2},
        "small": {"d_model": 256, "nhead": 4, "num_layers": 4},
        "base": {"d_model": 512, "nhead": 8, "num_layers": 6},  # the guide's own size
        "large": {"d_model": 768, "nhead": 12, "num_layers": 12},
    }
)

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
"""Defaults of a training that says nothing of the architecture: what did best on small data."""

FINE_TUNING: Mapping[str, int | float] = MappingProxyType({"learning_rate": 1e-4, "num_epochs": 4, "layer_decay": 0.9})
"""Defaults of a training that begins with pretrained weights."""

MINILM: Mapping[str, int | float] = MappingProxyType({**FINE_TUNING, "learning_rate": 3e-4})
"""Defaults of one that begins with MiniLM's, which is narrow and wants a higher rate than BERT."""

FEW_SHOT: Mapping[str, int | float] = MappingProxyType(
    {"learning_rate": 5e-5, "num_epochs": 4, "batch_size": 64, "layer_decay": 0.9}
)
"""Defaults of a training by contrast."""


def defaults_of(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a training with these options takes when it is told nothing: by its way, nothing for the guide's."""
    if options.get("pretrained") is not None:
        return _of_pretrained(options)
    return RECIPE if options.get("ngrams") else {}


def defaults_where(said: Mapping[str, Any], recipe: str | None = None) -> Mapping[str, Any]:
    """Return the defaults of a new training of which these options, in whatever place, and --recipe are said."""
    if said.get("pretrained") is not None:
        return _of_pretrained(said)
    if recipe == "guide" or (recipe is None and any(name in said for name in OWN_ARCHITECTURE)):
        return {}
    return {**RECIPE, "min_steps": 0} if "num_epochs" in said else RECIPE


def _of_pretrained(options: Mapping[str, Any]) -> Mapping[str, Any]:
    if options.get("few_shot") is True:
        return FEW_SHOT
    return MINILM if options["pretrained"] == "minilm" else FINE_TUNING
