"""The options of a run that differ from the defaults, and a short summary of them."""

from collections.abc import Mapping
from typing import Any

from txt.config import TrainConfig
from txt.option_schema import list_options
from txt.recipes import PRESETS, choose_defaults

_DEFAULTS = {name: each.default for name, each in list_options(TrainConfig).items()}


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
    known = list_options(TrainConfig)
    short = {name: known[name].short_flag.lstrip("-") if name in known else name for name in left}
    return words + [_format_option(short[name], value) for name, value in left.items()]


def _format_option(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"no-{name}"
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
