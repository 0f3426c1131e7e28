"""A trained model as a folder in Hugging Face layout: config.json, model.safetensors and the tokenizer."""

import shutil
from pathlib import Path

import torch
from safetensors import SafetensorError
from torch import nn
from transformers.utils.logging import disable_progress_bar

from txt.errors import InputError
from txt.files import atomic_folder
from txt.model.classifier import TransformerClassifier

disable_progress_bar()  # one bar per saved model would tear ours


def save_model(model: TransformerClassifier, tokenizer: Path, folder: Path) -> None:
    """Write a model with its tokenizer's files to `folder`, whole or not at all.

    Raises:
        OSError, SafetensorError: the disk is full or cannot be written; what was there before is intact.
    """
    with atomic_folder(folder) as beside:
        model.save_pretrained(beside)
        for file in tokenizer.iterdir():
            shutil.copyfile(file, beside / file.name)


def load_model(folder: Path, device: torch.device) -> TransformerClassifier:
    """Load a model in evaluation mode, in float32. No code from the folder is executed.

    Raises:
        InputError: the folder holds no whole model of ours.
    """
    if not (folder / "model.safetensors").is_file():
        raise InputError(f"`{folder}` holds no trained model", "a run has one after its first evaluation")
    try:
        model = TransformerClassifier.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise InputError(f"cannot load the model in `{folder}`: {str(error).splitlines()[0]}") from None
    nn.Module.to(model, device)
    model.eval()
    return model
