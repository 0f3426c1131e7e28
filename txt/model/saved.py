"""A trained model as a folder in Hugging Face layout: config.json, model.safetensors and the tokenizer."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn

from txt.errors import InputError
from txt.files import atomic_folder
from txt.model.bert import BertClassifier
from txt.model.classifier import TransformerClassifier, TransformerClassifierConfig
from txt.model.foreign import open_foreign_classifier
from txt.model.linear import NgramClassifier, NgramClassifierConfig
from txt.model.lora import merge_adapters
from txt.model.pretrained import (
    Model,
    PretrainedClassifier,
    SentenceClassifier,
    SentenceClassifierConfig,
    is_known,
)
from txt.model.weights import read_config

SavedModel = Model | NgramClassifier
"""A model as a run keeps it: one that was trained step by step, or a linear one."""


def save_model(model: SavedModel, tokenizer: Path, folder: Path) -> None:
    """Write a model with its tokenizer's files to `folder`, whole or not at all.

    Raises:
        OSError: the disk is full or cannot be written; what was there before is intact.
    """
    with restore_system_errors(), atomic_folder(folder) as beside:
        whole = model if isinstance(model, NgramClassifier) else merge_adapters(model)
        whole.save_pretrained(beside)
        for file in tokenizer.iterdir():
            shutil.copyfile(file, beside / file.name)


@contextmanager
def restore_system_errors() -> Iterator[None]:
    """Turn a SafetensorError caused by the system, such as a full disk, back into the OSError that it was."""
    try:
        yield
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def load_model(folder: Path, device: torch.device) -> SavedModel:
    """Load a model in evaluation mode, in float32. No code from the folder is executed.

    Raises:
        InputError: the folder holds no whole model.
    """
    if not (folder / "model.safetensors").is_file():
        raise InputError(
            f"`{folder}` holds no trained model",
            "a run has one after its first evaluation; a search keeps the best ones",
        )
    try:
        model = _load(folder)
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        raise InputError(f"cannot load the model in `{folder}`: {str(error).splitlines()[0]}") from None
    nn.Module.to(model, device)
    model.eval()
    return model


def _load(folder: Path) -> SavedModel:
    config = read_config(folder)
    if config.get("model_type") == TransformerClassifierConfig.model_type:
        return TransformerClassifier.from_pretrained(folder)
    if config.get("model_type") == NgramClassifierConfig.model_type:
        return NgramClassifier.from_pretrained(folder)
    if config.get("model_type") == SentenceClassifierConfig.model_type:
        return PretrainedClassifier(SentenceClassifier.from_pretrained(folder))
    if is_known(folder, config):
        return PretrainedClassifier(BertClassifier.from_pretrained(folder))
    return PretrainedClassifier(open_foreign_classifier(folder))
