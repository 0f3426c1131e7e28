"""The options of a new training: the ladder, or the one model that is asked for, with the defaults of each."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from txt.config import TrainConfig
from txt.errors import InputError, did_you_mean
from txt.option_schema import build_config, list_options
from txt.recipes import OWN_ARCHITECTURE, choose_new_defaults, get_preset_options

RECIPES = ("auto", "scratch", "guide")

LADDER_ALONE = ("rungs", "budget")
"""Options that only the ladder has: whoever gives one of them means it."""

_FOR_BOTH = ("soft_labels", "seed", "device", "precision", "threads", "log_to")

ChooseTokenizer = Callable[[Sequence[str]], str | None]
"""Names a tokenizer that suits some texts; None for the one that the options say."""


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


def choose_encoders_tokenizer(
    training: TrainConfig, named: Mapping[str, Any], choose: ChooseTokenizer
) -> ChooseTokenizer | None:
    """Return `choose` where the ladder takes the encoder that suits the texts; None where the tokenizer is settled.

    `named` are the options that were given.
    """
    if training.rungs < 2 or training.pretrained is not None or "tokenizer" in named:
        return None
    return choose
