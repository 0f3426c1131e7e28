"""What a model's config.json says of its labels where a row has not just one of some classes: how they are decided."""

from collections.abc import Mapping
from typing import Any

from txt.data.label_kinds import NESTED, LabelForm
from txt.label_set_metrics import Decision
from txt.model.model_config import ModelConfig
from txt.nested_classes import Tree
from txt.ordered_classes import OrderedDecision

PROBLEM = "multi_label_classification"
"""The `problem_type` with which Hugging Face's programs take a sigmoid for each label."""


def write_decision(config: Any, decision: Decision | OrderedDecision, form: LabelForm) -> None:
    """Say in a model's config how labels are decided; and where rows have several, how the data writes them."""
    values = decision.to_json()
    if isinstance(decision, Decision):
        values |= {"problem_type": PROBLEM, "label_form": form.to_json()}
    if isinstance(config, ModelConfig):
        config.values.update(values)
        return
    for name, value in values.items():  # that of transformers
        setattr(config, name, value)


_KEYS = ("problem_type", "thresholds", "at_least_one", "label_form", "label_kind", "ordered_answer", "cascade")


def forget_kind(config: Any) -> None:
    """Remove what a pretrained model's config says of the labels that it was trained on: others are learned now."""
    for name in _KEYS:
        if isinstance(config, ModelConfig):
            config.values.pop(name, None)
        elif name == "problem_type":
            config.problem_type = None  # transformers has it in every config
        elif hasattr(config, name):
            delattr(config, name)


def write_kind(config: Any, kind: str) -> None:
    """Say in a model's config that its classes are in levels, where they are."""
    if kind != NESTED:
        return
    if isinstance(config, ModelConfig):
        config.values["label_kind"] = kind
    else:
        config.label_kind = kind


def read_tree(config: Any) -> Tree | None:
    """Return the classes in their levels; None where they have none."""
    values: Mapping[str, Any] = config.values if isinstance(config, ModelConfig) else vars(config)
    if values.get("label_kind") != NESTED:
        return None
    return Tree(tuple(str(config.id2label[number]) for number in range(len(config.id2label))))


def read_decision(config: Any) -> Decision | None:
    """Return how labels are decided; None where a row has one."""
    values: Mapping[str, Any] = config.values if isinstance(config, ModelConfig) else vars(config)
    if values.get("problem_type") != PROBLEM:
        return None
    return Decision.from_json(values, len(config.id2label))


def read_order(config: Any) -> OrderedDecision | None:
    """Return how one of classes in an order is chosen; None where they have none."""
    values: Mapping[str, Any] = config.values if isinstance(config, ModelConfig) else vars(config)
    return OrderedDecision.from_json(values)


def read_form(config: Any) -> LabelForm:
    """Return how the training data wrote several labels of a row."""
    values: Mapping[str, Any] = config.values if isinstance(config, ModelConfig) else vars(config)
    form = values.get("label_form")
    return LabelForm.from_json(form if isinstance(form, Mapping) else None)
