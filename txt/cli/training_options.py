"""Which settings count for a new training beside what was typed."""

from collections.abc import Mapping
from typing import Any

from txt.cli.options import GivenOptions
from txt.recipes import OWN_ARCHITECTURE, get_preset_options

_OF_PRETRAINED = ("pretrained", "freeze", "lora", "few_shot")


def merge_settings(
    preset: str | None, recipe: str | None, file: Mapping[str, Any], given: GivenOptions
) -> tuple[str | None, str | None, dict[str, Any]]:
    """Return preset, recipe and options: the settings, overridden by --config; typed options come on top later.

    A training begins either from random or from pretrained weights. If the typed options decide which, settings for the
    other kind are ignored.
    """
    said, settings = {**file, **given}, dict(given.settings)
    typed_architecture = {"preset", "recipe"} & given.typed or any(name in said for name in OWN_ARCHITECTURE)
    if typed_architecture:
        settings = {name: value for name, value in settings.items() if name not in _OF_PRETRAINED}
    for one, other in (("freeze", "lora"), ("lora", "freeze")):
        if one in said:
            settings.pop(other, None)
    if {**settings, **said}.get("pretrained") is not None:
        settings = {name: value for name, value in settings.items() if name not in OWN_ARCHITECTURE}
        preset = preset if "preset" in given.typed else None
        recipe = recipe if "recipe" in given.typed else None
    options = {**settings, **file}
    if preset is not None and "preset" not in given.typed:
        if not any(name in options or name in given for name in OWN_ARCHITECTURE):
            recipe = recipe or "auto"
        preset, options = None, {**get_preset_options(preset), **options}
    return preset, recipe, options


def take_auto_rate(options: dict[str, Any], given: GivenOptions) -> bool:
    """Remove `learning_rate = "auto"` from the options, and return whether it was there and decides."""
    wanted = given.get("learning_rate", options.get("learning_rate")) == "auto"
    for table in (options, given):
        if table.get("learning_rate") == "auto":
            del table["learning_rate"]
    return wanted
