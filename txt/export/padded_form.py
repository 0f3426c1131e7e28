"""The exported form of a model: it reads padded rows, has the temperature in its last layer, and is checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedModel

from txt.config import PredictConfig
from txt.data.prepared import Prepared
from txt.errors import InputError, TxtError
from txt.evaluation.calibration import softmax
from txt.metrics import Floats
from txt.model import architecture, linear, ngrams, padded, sentence
from txt.model.architecture import TransformerClassifierConfig
from txt.model.classifier import TransformerClassifier
from txt.model.linear import NgramClassifier
from txt.model.saved import load_model
from txt.prediction.classifier import TextClassifier, load_source
from txt.prediction.model_source import ModelSource

TOLERANCE = 1e-4
"""Largest difference allowed between a probability here and in an exported model."""

_SAMPLE_ROWS = 200
_BATCH = 16
_TEXTS = (  # for a model whose data is not here
    "The room was clean and the staff were friendly, but breakfast was cold.",
    "No.",
    "I have been waiting for three weeks and nobody has answered my letters, which is why I am writing again today.",
    "Das Buch hat mir sehr gut gefallen!",
)


@dataclass(frozen=True)
class PaddedForm:
    """A classifier for padded rows and the one of txt whose answers it gives.

    `code` are the files that a program without txt needs to load the model; none for architectures of transformers.
    """

    source: ModelSource
    model: PreTrainedModel
    classifier: TextClassifier
    code: tuple[Path, ...]
    texts: tuple[str, ...]

    def tokenizer(self) -> Tokenizer:
        """Return the tokenizer, cutting and padding as the model needs it."""
        tokenizer = Tokenizer.from_file(str(self.source.folder / "tokenizer.json"))
        config: Any = self.model.config
        number = getattr(getattr(config, "encoder", config), "pad_token_id", None) or 0
        tokenizer.enable_truncation(self.classifier.max_length)
        tokenizer.enable_padding(pad_id=number, pad_token=tokenizer.id_to_token(number) or "[PAD]")
        return tokenizer

    def largest_difference(self, probabilities: Floats) -> float:
        """Return how far probabilities (N, C) of `texts` are from txt's own, at most."""
        return float(np.abs(probabilities - self.classifier.predict_probabilities(self.texts).probabilities).max())


def padded_form(source: ModelSource) -> PaddedForm:
    """Load a classifier as other programs will run it, and compare the two on real rows.

    Raises:
        InputError: there is no model.
        TxtError: the model gives other answers on padded rows.
    """
    classifier = load_source(source, PredictConfig(precision="float32", device="cpu"))
    model, code = _convert_to_padded(load_model(source.folder, torch.device("cpu")))
    if classifier.temperature is not None:
        divide_logits(model, classifier.temperature)
    form = PaddedForm(source, model.eval(), classifier, code, tuple(load_sample_texts(source)))
    difference = form.largest_difference(compute_probabilities(form, LogitsOnly(form.model)))
    if not difference <= TOLERANCE:
        raise TxtError(
            f"the model of `{source.name}` cannot be exported: on padded rows its probabilities differ by up to "
            f"{difference:.1g}"
        )
    return form


class LogitsOnly(nn.Module):
    """A model that takes two tensors and returns one, which is all that an ONNX file knows of."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the logits (B, C) of padded rows (B, T)."""
        return self.model(input_ids=input_ids, attention_mask=attention_mask).logits  # type: ignore[no-any-return]


@torch.inference_mode()
def compute_probabilities(form: PaddedForm, run: Any) -> Floats:
    """Return what `run`, given token ids and mask (B, T), says about the form's texts, as probabilities (N, C)."""
    tokenizer, found = form.tokenizer(), []
    for start in range(0, len(form.texts), _BATCH):
        encoded = tokenizer.encode_batch(list(form.texts[start : start + _BATCH]))
        ids = torch.tensor([each.ids for each in encoded])
        mask = torch.tensor([each.attention_mask for each in encoded])
        found.append(np.asarray(run(ids, mask), dtype=np.float64))
    return softmax(np.concatenate(found))


@torch.no_grad()
def divide_logits(model: nn.Module, temperature: float) -> None:
    """Put a temperature into the last layer: confidence is then calibrated in every program."""
    beside = getattr(model, "ngrams", None)
    if isinstance(model, NgramClassifier):
        added: list[Tensor] = [model.bias]
    else:
        last = [part for part in model.modules() if isinstance(part, nn.Linear)][-1]
        added = [last.weight, last.bias]
    for weights in (*added, *([beside.weight] if beside is not None else [])):
        weights.div_(temperature)


def load_sample_texts(source: ModelSource) -> Sequence[str]:
    """Return texts of the run's own data, those of its test split before others; a few of ours without it."""
    if source.run is None:
        return _TEXTS
    try:
        prepared = Prepared.open(source.run.prepared_path())
    except InputError:
        return _TEXTS
    for name in ("test", "val", "train"):
        split = prepared.split(name)
        if len(split):
            return split.texts(np.arange(min(len(split), _SAMPLE_ROWS)))
    return _TEXTS


def _convert_to_padded(model: Any) -> tuple[PreTrainedModel, tuple[Path, ...]]:
    """Return a model for padded rows with the same weights, and the files with its code."""
    if isinstance(model, TransformerClassifier):
        ours = padded.TransformerClassifier(TransformerClassifierConfig.from_dict(model.config.to_dict()))
        ours.load_state_dict(model.state_dict())
        return ours, tuple(Path(str(each.__file__)) for each in (ngrams, architecture, padded))
    if isinstance(model, NgramClassifier):
        return model, (Path(ngrams.__file__), Path(linear.__file__))
    native: PreTrainedModel = model.model
    if isinstance(native, sentence.SentenceClassifier):
        return native, (Path(ngrams.__file__), Path(sentence.__file__))
    return native, ()
