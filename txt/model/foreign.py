"""Architectures that `transformers` knows and we do not, and hub names.

It takes seconds to import, so it is imported by those who call one of these functions.
No code that comes with a model is ever run.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from txt.data.hub import fetch
from txt.data.packaged_encoders import hint_package


def load_foreign_classifier(name: str) -> Any:
    """Load a model with the head that its architecture has, from a folder or the hub, in float32."""
    return _fetch(import_transformers().AutoModelForSequenceClassification.from_pretrained, name)


def load_foreign_encoder(name: str) -> tuple[nn.Module, dict[str, Any]]:
    """Load an encoder from a folder or the hub, in float32; return it without a pooler, and its configuration."""
    encoder = _fetch(import_transformers().AutoModel.from_pretrained, name)
    return _remove_pooler(encoder), encoder.config.to_dict()


def build_foreign_encoder(values: dict[str, Any]) -> nn.Module:
    """Return an encoder of the architecture that a configuration names, without a pooler and without weights."""
    transformers = import_transformers()
    return _remove_pooler(transformers.AutoModel.from_config(transformers.AutoConfig.for_model(**values)))


def open_foreign_classifier(folder: Path) -> Any:
    """Load a classifier that was saved, from its folder alone, in float32."""
    return import_transformers().AutoModelForSequenceClassification.from_pretrained(
        folder, trust_remote_code=False, local_files_only=True, use_safetensors=True, dtype=torch.float32
    )


def import_transformers() -> Any:
    """Return the package, silenced."""
    import transformers
    from transformers.utils.logging import disable_progress_bar, set_verbosity_error

    disable_progress_bar()  # one bar per loaded model would break up our own
    set_verbosity_error()  # that a new head has new weights needs no warning
    return transformers


def _fetch(load: Callable[..., Any], name: str) -> Any:
    hint = hint_package(name, "--from ./folder takes one from the disk") or ""
    return fetch(partial(load, trust_remote_code=False, dtype=torch.float32), name, "model", hint)


def _remove_pooler(encoder: Any) -> nn.Module:
    """Remove the layer that a mean over tokens makes useless, where the encoder has one."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder  # type: ignore[no-any-return]
