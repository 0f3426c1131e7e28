"""Options of a training that do nothing in the way it is to train: they are refused, and never advised."""

from collections.abc import Collection, Mapping
from typing import Any

from txt.config import TrainConfig
from txt.errors import InputError
from txt.option_schema import Option, list_options
from txt.recipes import OWN_ARCHITECTURE

_STEPS = (
    "num_epochs",
    "min_steps",
    "batch_size",
    "learning_rate",
    "warmup_steps",
    "max_grad_norm",
    "weight_decay",
    "label_smoothing",
    "class_weights",
    "accumulate",
    "gradient_checkpointing",
    "on_divergence",
    "patience",
    "log_interval",
    "eval_interval",
    "save_interval",
    "keep_checkpoints",
)
"""The options of a training that takes steps."""

_CONTRASTIVE = ("num_epochs", "batch_size", "learning_rate", "max_grad_norm", "weight_decay")
"""Those of them that `--few-shot` has."""

_NEW = (*OWN_ARCHITECTURE, "norm_first", "ngrams")
"""The options of a model that begins with random weights."""

_EDITS = ("augment_rate", "language", "wordnet")
"""The options of `--augment`."""

_OFF = (None, False, 0, "none", "stop")
"""Values by which an option asks for nothing."""


def refuse_idle_options(config: TrainConfig, said: Mapping[str, Any], idle: Mapping[str, str] | None = None) -> None:
    """Refuse an option that was given and has no effect on a training by `config`.

    Args:
        config: the options of the training.
        said: those that somebody gave for this training, by field name.
        idle: what has no effect, where it is not that of `find_idle_options`.

    Raises:
        InputError: one of them does nothing; why, and what takes it.
    """
    idle = find_idle_options(config) if idle is None else idle
    for name, item in list_options(TrainConfig).items():
        if name in said and name in idle and not _is_off(item, said[name]):
            raise InputError(f"{item.flag} does nothing here: {idle[name]}", "leave it out")


def find_idle_options(config: TrainConfig) -> dict[str, str]:
    """Return the options that have no effect on a training by `config`, each with the reason."""
    idle: dict[str, str] = {}
    if config.augment is None:
        idle |= dict.fromkeys(_EDITS, "it is about --augment, and rows are not edited")
    elif not {"synonym", "eda"} & set(config.edits):
        idle["wordnet"] = "it is about synonyms, and --augment has none"
    if config.rungs:
        return idle | _find_idle_on_the_ladder(config)
    if config.pretrained is None:
        return idle | {"fitted_head": "a new model has no encoder whose embeddings a head could be fitted to"}
    idle |= dict.fromkeys(_NEW, "--from brings a model of its own")
    if config.freeze == "all":
        why = "--freeze all fits a linear head, in one go, on vectors that are computed once"
        idle |= dict.fromkeys((*_STEPS, "dropout", "layer_decay", "fitted_head"), why)
        idle["soft_labels"] = f"{why}, each with one class"
        if config.few_shot:
            idle["few_shot"] = "--freeze all leaves nothing of the encoder to be trained"
    elif config.few_shot:
        why = "--few-shot trains the encoder by contrast, and then fits a head"
        idle |= dict.fromkeys([name for name in (*_STEPS, "fitted_head") if name not in _CONTRASTIVE], why)
        idle["soft_labels"] = f"{why}, both of rows with one class each"
    return idle


def find_idle_in_range_test(config: TrainConfig) -> dict[str, str]:
    """Return the options that have no effect on `txt lrfind`, each with the reason."""
    idle = find_idle_options(config)
    if config.freeze == "all":
        idle["freeze"] = "--freeze all fits a head without steps, so that it has no learning rate"
    idle["soft_labels"] = "the range test is of rows with one class each"
    if config.few_shot:
        idle["few_shot"] = "the range test is of a training with classes, and --few-shot trains by contrast"
    return idle


def keep_effective_flags(flags: Collection[str], config: TrainConfig) -> tuple[str, ...]:
    """Return those of some flags (`--dropout 0.3`) that a training like this one would take, and heed."""
    idle = find_idle_options(config)
    names = {flag: item.name for item in list_options(TrainConfig).values() for flag in item.flags}
    kept = [each for each in flags if names.get(each.split()[0]) not in idle]
    return tuple(each for each in kept if config.pretrained is None or each.split()[0] != "--preset")


def _find_idle_on_the_ladder(config: TrainConfig) -> dict[str, str]:
    idle: dict[str, str] = {}  # the metric chooses thresholds or a rule, which the kind of the labels decides
    if config.rungs == 1:
        idle |= dict.fromkeys(("device", "precision"), "n-grams alone are computed in float32 on the processor")
        idle["budget"] = "n-grams alone take what they take"
    return idle


def _is_off(item: Option, value: Any) -> bool:
    return value == item.default and (value in _OFF or (item.name == "accumulate" and value == 1))
