"""The options of a run that differ from the defaults, and a short summary of them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from txt.config import TrainConfig
from txt.option_schema import flag
from txt.recipes import PRESETS, choose_defaults

_DEFAULTS = {item.name: item.default for item in fields(TrainConfig)}


def changed_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a run that differ from the defaults for its kind of training."""
    defaults = {**_DEFAULTS, **choose_defaults(options)}
    return {name: value for name, value in options.items() if value != defaults.get(name)}


def options_summary(options: Mapping[str, Any]) -> list[str]:
    """Return what differs from the defaults, as short as it can be typed: `small`, `lr 0.001`, `epochs 4`."""
    left = changed_options(options)
    words = []
    for name, sizes in PRESETS.items():
        if left.keys() & sizes.keys() and all(options.get(key, _DEFAULTS[key]) == size for key, size in sizes.items()):
            words.append(name)
            left = {key: value for key, value in left.items() if key not in sizes}
    if "num_epochs" in left and left.get("min_steps") == 0:  # --epochs switches the minimum number of steps off
        del left["min_steps"]
    items = {item.name: item for item in fields(TrainConfig)}
    return words + [
        _format_option(_shortest_flag(items[name]) if name in items else name, value) for name, value in left.items()
    ]


def _shortest_flag(item: Any) -> str:
    spellings: Sequence[str] = item.metadata["flags"] or (flag(item),)
    return min(spellings, key=len).lstrip("-")


def _format_option(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"no-{name}"
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
