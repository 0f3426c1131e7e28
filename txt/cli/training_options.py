"""Builds the options of a new training from typed options, a preset, a file, settings and defaults."""

from collections.abc import Mapping
from typing import Any

from txt.cli.options import GivenOptions, build_config, get_preset_options
from txt.config import TrainConfig
from txt.errors import InputError, did_you_mean
from txt.option_schema import list_options
from txt.recipes import OWN_ARCHITECTURE, choose_new_defaults

RECIPES = ("auto", "scratch", "guide")

LADDER_ALONE = ("rungs", "budget")
"""Options that only the ladder has: whoever gives one of them means it."""

_FOR_BOTH = ("seed", "device", "precision", "threads")
_OF_PRETRAINED = ("pretrained", "freeze", "lora", "few_shot")


def build_training_options(
    preset: str | None,
    recipe: str | None,
    options: Mapping[str, Any],
    given: Mapping[str, Any],
    take_rate: bool = False,
) -> TrainConfig:
    """Return the options of a new training.

    Where nothing is said of a model or its training, it is the ladder. One that begins with pretrained weights has
    defaults of its own; so has one without any of the guide's own flags. `take_rate` tells that a learning rate was
    asked for, to be found.
    """
    pretrained = given.get("pretrained", options.get("pretrained")) is not None
    own = [
        each.flag for each in list_options(TrainConfig).values() if each.name in OWN_ARCHITECTURE and each.name in given
    ]
    extra = own + [f"--{name}" for name, value in (("preset", preset), ("recipe", recipe)) if value is not None]
    if pretrained and extra:
        raise InputError(f"--from brings its own architecture, and takes no {extra[0]}")
    if recipe not in (None, *RECIPES):
        hint = did_you_mean(recipe, RECIPES)
        raise InputError(f"--recipe `{recipe}` does not exist, choose from {', '.join(RECIPES)}", hint)
    said = {**options, **given}
    one_model = name_of_one_model(preset, recipe, said, take_rate)
    defaults = choose_new_defaults(said, "ladder" if one_model is None else recipe)
    return build_config(TrainConfig, given, get_preset_options(preset), options, defaults)


def name_of_one_model(
    preset: str | None, recipe: str | None, said: Mapping[str, Any], take_rate: bool = False
) -> str | None:
    """Return the flag by which one model is asked for; None where the ladder is to be climbed.

    The ladder is for who says nothing of a model or its training, or names its own options.
    """
    if any(said.get(name) for name in LADDER_ALONE):
        return None
    if recipe in ("guide", "scratch"):
        return f"--recipe {recipe}"
    if preset is not None:
        return "--preset"
    if take_rate:
        return "--lr"
    options = list_options(TrainConfig)
    return next((item.flag for name, item in options.items() if name in said and name not in _FOR_BOTH), None)


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
