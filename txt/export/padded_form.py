"""The exported form of a model: it reads padded rows, has the temperature in its last layer, and is checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import PreTrainedModel

from txt.arrays import Floats
from txt.config import PredictConfig
from txt.consent import NotAllowedError
from txt.data.prepared import Prepared
from txt.data.token_encoder import open_tokenizer
from txt.errors import InputError, TxtError
from txt.evaluation.calibration import softmax
from txt.export import modeling_ngrams, modeling_sentence, modeling_transformer
from txt.label_set_metrics import sigmoid
from txt.model import ngrams, positions
from txt.model.foreign import import_transformers, open_foreign_classifier
from txt.model.several import PROBLEM
from txt.model.weights import WEIGHTS, read_config
from txt.prediction.classifier import Predictor, load_source
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
    classifier: Predictor
    code: tuple[Path, ...]
    texts: tuple[str, ...]

    def tokenizer(self) -> Tokenizer:
        """Return the tokenizer, cutting and padding as the model needs it."""
        tokenizer = open_tokenizer(self.source.folder / "tokenizer.json")
        config: Any = self.model.config
        number = getattr(getattr(config, "encoder", config), "pad_token_id", None) or 0
        tokenizer.enable_truncation(self.classifier.max_length)
        tokenizer.enable_padding(pad_id=number, pad_token=tokenizer.id_to_token(number) or "[PAD]")
        return tokenizer

    def describe_answers(self) -> dict[str, Any]:
        """Return what a config.json says of how labels are decided."""
        classifier = self.classifier
        if classifier.decision is not None:
            return {"problem_type": PROBLEM, **classifier.decision.to_json()}
        rule = {} if classifier.order is None else classifier.order.to_json()
        return {"problem_type": "single_label_classification", **rule}

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
    classifier.doubts = False  # which is no part of the model
    model, code = _load_padded(source.folder)
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
    logits = np.concatenate(found)
    return softmax(logits) if form.classifier.decision is None else sigmoid(logits)


@torch.no_grad()
def divide_logits(model: nn.Module, temperature: float) -> None:
    """Put a temperature into the last layer: confidence is then calibrated in every program."""
    beside = getattr(model, "ngrams", None)
    if isinstance(model, modeling_ngrams.NgramClassifier):
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
        prepared = Prepared.open(source.run.locate_prepared())
    except NotAllowedError:
        raise
    except InputError:
        return _TEXTS
    for name in ("test", "val", "train"):
        split = prepared.split(name)
        if len(split):
            return split.texts(np.arange(min(len(split), _SAMPLE_ROWS)))
    return _TEXTS


def _load_padded(folder: Path) -> tuple[PreTrainedModel, tuple[Path, ...]]:
    """Return a saved model as one of `transformers`, for padded rows, and the files with its code."""
    import_transformers()
    kind = read_config(folder).get("model_type")
    if kind == modeling_transformer.TransformerClassifierConfig.model_type:
        config = modeling_transformer.TransformerClassifierConfig.from_pretrained(folder)
        ours = modeling_transformer.TransformerClassifier(config)
        ours.load_state_dict(load_file(folder / WEIGHTS))
        return ours, tuple(Path(str(each.__file__)) for each in (ngrams, positions, modeling_transformer))
    model = open_foreign_classifier(folder)  # classifiers of ours are registered by the modules that define them
    own = {
        modeling_sentence.SentenceClassifierConfig.model_type: modeling_sentence,
        modeling_ngrams.NgramClassifierConfig.model_type: modeling_ngrams,
    }.get(str(kind))
    return model, tuple(Path(str(each.__file__)) for each in (ngrams, own)) if own else ()
