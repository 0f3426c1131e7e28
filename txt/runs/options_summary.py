"""The options of a run that are not what such a training takes by itself, and how they are told."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from txt.config import TrainConfig
from txt.option_schema import flag
from txt.recipes import PRESETS, choose_defaults

_DEFAULTS = {item.name: item.default for item in fields(TrainConfig)}


def changed_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a run that differ from the defaults of the way in which it trained."""
    defaults = {**_DEFAULTS, **choose_defaults(options)}
    return {name: value for name, value in options.items() if value != defaults.get(name)}


def spoken_options(options: Mapping[str, Any]) -> list[str]:
    """Return what differs from the defaults, as short as it can be typed: `small`, `lr 0.001`, `epochs 4`."""
    left = changed_options(options)
    words = []
    for name, sizes in PRESETS.items():
        if left.keys() & sizes.keys() and all(options.get(key, _DEFAULTS[key]) == size for key, size in sizes.items()):
            words.append(name)
            left = {key: value for key, value in left.items() if key not in sizes}
    if "num_epochs" in left and left.get("min_steps") == 0:  # whoever says how many epochs has no least number of steps
        del left["min_steps"]
    items = {item.name: item for item in fields(TrainConfig)}
    return words + [_spoken(_short(items[name]) if name in items else name, value) for name, value in left.items()]


def _short(item: Any) -> str:
    spellings: Sequence[str] = item.metadata["flags"] or (flag(item),)
    return min(spellings, key=len).lstrip("-")


def _spoken(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return name if value else f"no-{name}"
    return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
