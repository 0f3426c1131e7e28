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
from txt.json_input import take_field
from txt.model.bert import BertClassifier
from txt.model.classifier import TransformerClassifier
from txt.model.foreign import open_foreign_classifier
from txt.model.linear import NgramClassifier
from txt.model.lora import merge_adapters
from txt.model.model_config import NgramClassifierConfig, TransformerClassifierConfig
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
    _refuse_other_sizes(folder)
    try:
        model = _load(folder)
    except (OSError, ValueError, TypeError, ArithmeticError, RuntimeError, KeyError, SafetensorError) as error:
        raise InputError(
            f"cannot load the model in `{folder}`: {(str(error).splitlines() or ['it is damaged'])[0]}"
        ) from None
    _refuse_other_offsets(model, folder)
    nn.Module.to(model, device)
    model.eval()
    return model


def _refuse_other_offsets(model: nn.Module, folder: Path) -> None:
    """Refuse a model whose table of how entries are spelled leads out of it.

    Raises:
        InputError: it does.
    """
    ngrams = getattr(model, "ngrams", None)
    if ngrams is None or not len(ngrams.offsets):
        return
    offsets = ngrams.offsets
    if offsets[0] < 0 or bool((offsets.diff() < 0).any()) or offsets[-1] > len(ngrams.characters):
        raise InputError(f"the model in `{folder}` is damaged: its n-grams are spelled by letters that it lacks")


_SIZES = {
    "vocab_size": 50_000_000,
    **dict.fromkeys(("d_model", "hidden_size", "dim_feedforward", "intermediate_size"), 1_000_000),
    **dict.fromkeys(("nhead", "num_attention_heads", "num_layers", "num_hidden_layers"), 10_000),
    **dict.fromkeys(("max_length", "max_position_embeddings", "type_vocab_size", "num_labels"), 1_000_000),
}
"""The sizes in a config.json that tensors are made of, and the largest that is believed."""


def _refuse_other_sizes(folder: Path) -> None:
    """Refuse a config.json that asks for a larger model than the weights beside it are, before one is made.

    Raises:
        InputError: a size is not a number of things, or too large.
    """
    config, size = read_config(folder), (folder / "model.safetensors").stat().st_size
    source = f"`{folder / 'config.json'}`"
    for values in (config, config.get("encoder")):
        if not isinstance(values, dict):
            continue
        for name, most in _SIZES.items():
            found = take_field(values, name, int | None, source, None)
            if found is not None and not 1 <= found <= most:
                raise InputError(f"{source}: `{name}` is {found}, and must be from 1 to {most:,}")
        for name in ("ngrams", "ngram_characters"):  # each has a number in the weights, of at least a byte
            if not 0 <= (take_field(values, name, int | None, source, None) or 0) <= size:
                raise InputError(f"{source}: `{name}` is {values[name]}, and the weights hold fewer")
        width = values.get("d_model") or values.get("hidden_size") or 1
        layers = values.get("num_layers") or values.get("num_hidden_layers") or 1
        # A layer has at least four matrices of width × width, and a weight at least one byte.
        if max(layers * width, values.get("vocab_size") or 1) * width > size:
            raise InputError(f"{source} asks for a larger model than its weights are", "fetch or make the model again")


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
