"""One model of a rung's members: the n-grams, and the encoder beside them, each times its weight."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from txt.arrays import Floats, Ints
from txt.data.prepared import Prepared
from txt.label_set_metrics import Decision
from txt.model.cascade import KEY as CASCADE
from txt.model.cascade import Cascade, choose_cascade
from txt.model.linear import NgramClassifier
from txt.model.logistic import Linear
from txt.model.model_config import NgramClassifierConfig
from txt.model.ngrams import NgramLogits
from txt.model.pretrained import PretrainedClassifier, SentenceClassifier
from txt.model.saved import save_model
from txt.model.several import write_decision, write_kind
from txt.ordered_classes import OrderedDecision
from txt.runs.folder import Run
from txt.training.ladder.blend import AnyFloats


@dataclass(frozen=True)
class Candidate:
    """A rung's logits (N, C) on the rows that it was judged on, `places` among all; blended of its `members`.

    `decision` says from which probability labels hold where rows have several, and how one of classes in an order is
    chosen.
    """

    number: int
    places: Ints
    logits: AnyFloats
    weights: Floats
    decision: Decision | OrderedDecision | None = None


@dataclass(frozen=True)
class NgramPart:
    """Logistic regression on n-grams.

    Attributes:
        ngrams: the n-grams that it knows.
        linear: their weights and the bias.
        logits: what it says out of fold of every row, in each repetition, (R, N, C).
        doubt_below: the share of known n-grams below which a text is unlike anything seen.
    """

    ngrams: NgramLogits
    linear: Linear
    logits: AnyFloats
    doubt_below: float

    @property
    def size(self) -> int:
        """Number of weights."""
        return int(self.linear.weight.size)


def make_ngram_model(prepared: Prepared, ngrams: NgramLogits, linear: Linear, doubt_below: float) -> NgramClassifier:
    """Return a classifier of logistic regression on n-grams alone."""
    labels = dict(enumerate(prepared.labels))
    model = NgramClassifier(
        NgramClassifierConfig(
            vocab_size=prepared.vocab_size,
            max_length=prepared.manifest.max_length,
            pad_token_id=prepared.pad_token_id,
            id2label=labels,
            label2id={label: number for number, label in labels.items()},
            ngrams=len(ngrams.hashes),
            ngram_characters=len(ngrams.characters),
            ngram_hashing=ngrams.hashing,
            doubt_below=doubt_below,
        )
    )
    model.ngrams = ngrams
    with torch.no_grad():
        ngrams.weight.copy_(torch.from_numpy(linear.weight))
        model.bias.copy_(torch.from_numpy(linear.bias))
    return model


def scale_linear(linear: Linear, share: float) -> Linear:
    """Return a linear model whose logits are `share` times as large."""
    return Linear(linear.weight * np.float32(share), linear.bias * np.float32(share))


def put_ngrams_beside(
    model: PretrainedClassifier, head: Linear | None, beside: float, part: NgramPart, share: float
) -> None:
    """Make an encoder's classifier say `beside` times what it said, and `share` times what the n-grams say.

    Args:
        model: the encoder with a classifier, on the CPU.
        head: the classifier to put into its place; None for the one that it has.
        beside: the weight of the encoder's logits.
        part: the n-grams.
        share: the weight of their logits.
    """
    native = model.model
    assert isinstance(native, SentenceClassifier)
    own, ngrams = head or _read_head(native.classifier), part.ngrams
    scaled, linear = scale_linear(own, beside), scale_linear(part.linear, share)
    with torch.no_grad():
        ngrams.weight.copy_(torch.from_numpy(linear.weight))
    bias = torch.from_numpy(scaled.bias) + torch.from_numpy(linear.bias)
    native.classifier.load_state_dict({"weight": torch.from_numpy(scaled.weight.T), "bias": bias})
    native.ngrams = ngrams
    native.config.ngrams = len(ngrams.hashes)
    native.config.values["doubt_below"] = part.doubt_below
    native.config.ngram_hashing = ngrams.hashing
    native.config.ngram_pieces, native.config.ngram_characters = len(ngrams.inside), len(ngrams.characters)


def write_cascade(model: PretrainedClassifier, cascade: Cascade | None) -> None:
    """Write into a model's config of which rows its n-grams are sure; nothing where they never are."""
    native = model.model
    assert isinstance(native, SentenceClassifier)
    if cascade is not None:
        native.config.values[CASCADE] = cascade.to_json()


def find_cascade(candidate: Candidate, part: NgramPart, scale: float) -> Cascade | None:
    """Find out of fold of which rows the n-grams of a model with one label a row are sure; None where they never are.

    Args:
        candidate: the model, which says `candidate.weights[0]` times what the n-grams say.
        part: the n-grams.
        scale: what that has to be multiplied by to give probabilities by itself.
    """
    share = np.float32(candidate.weights[0])
    if share <= 0 or scale <= 0:
        return None
    said = part.logits[0][candidate.places].astype(np.float64) * float(share) * scale
    bias = tuple((part.linear.bias * share).tolist())
    alone, whole = (_answer(logits, candidate.decision) for logits in (said, candidate.logits))
    return choose_cascade(said, alone, whole, bias, scale)


def save_classifier(
    model: NgramClassifier | PretrainedClassifier,
    prepared: Prepared,
    decision: Decision | OrderedDecision | None,
    run: Run,
) -> None:
    """Write a model that learned from prepared data, with how it answers, as the model of a run."""
    write_kind(model.config, prepared.manifest.kind)
    if decision is not None:
        write_decision(model.config, decision, prepared.manifest.form)
    save_model(model, prepared.path / "tokenizer", run.model)


def _answer(logits: AnyFloats, decision: Decision | OrderedDecision | None) -> Ints:
    """Return the class (N,) that a model answers whose logits (N, C) these are."""
    if not isinstance(decision, OrderedDecision):
        return np.asarray(np.asarray(logits).argmax(1), np.int64)
    exact = np.asarray(logits, np.float64)
    return np.asarray(decision.decide(np.exp(exact - np.logaddexp.reduce(exact, axis=1, keepdims=True))), np.int64)


def _read_head(layer: nn.Linear) -> Linear:
    return Linear(layer.weight.detach().float().numpy().T, layer.bias.detach().float().numpy())
