"""Pretrained encoders as classifiers: BERT and RoBERTa on flat tokens, others on padded ones.

A sentence encoder (one whose `1_Pooling/config.json` asks for the mean over tokens) becomes a
SentenceClassifier; any other model keeps the head that `transformers` gives its architecture.
`transformers` takes seconds to import, so it is loaded for architectures that are not known here, and hub names, alone.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from txt.data.hub import locate_model, summarize_error
from txt.data.packaged_encoders import ENCODERS
from txt.errors import InputError
from txt.files import read_json
from txt.model.attention import group_lengths
from txt.model.bert import BertClassifier, BertEncoder, FlatBert, load_encoder, take_first_tokens
from txt.model.classifier import TransformerClassifier, mean_over_rows
from txt.model.dropout import Dropout, no_dropout
from txt.model.foreign import build_foreign_encoder, load_foreign_classifier, load_foreign_encoder
from txt.model.model_config import BertConfig, ModelConfig, NgramClassifierConfig, TransformerClassifierConfig, covers
from txt.model.ngrams import SAME_BASE, NgramLogits
from txt.model.pretrained_check import read_model_config
from txt.model.weights import WEIGHTS, load_weights, make_empty, read_config, save_weights


class SentenceClassifierConfig(ModelConfig):
    """The configuration of the encoder, and the dropout before the head.

    `ngrams` is the number of n-grams of a linear model beside the encoder; `ngram_pieces` and `ngram_characters` are
    the sizes of the table that spells them, and `ngram_hashing` is how pairs of words are hashed.
    """

    model_type = "txt-sentence-classifier"
    _SIZES = ("ngrams", "ngram_pieces", "ngram_characters", "ngram_hashing")

    def __init__(self, encoder: Mapping[str, Any], **values: Any) -> None:
        super().__init__(values)
        self.encoder_values = dict(encoder)
        self.ngrams, self.ngram_pieces, self.ngram_characters = (self.read_number(name, 0) for name in self._SIZES[:3])
        self.ngram_hashing = self.read_number("ngram_hashing", SAME_BASE)
        self.encoder: Any = BertConfig(self.encoder_values) if covers(self.encoder_values) else None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what a config.json says."""
        return cls(
            values.get("encoder") or {"model_type": "bert"}, **{k: v for k, v in values.items() if k != "encoder"}
        )

    @property
    def hidden_size(self) -> int:
        """Width of the encoder."""
        return int(self.encoder.hidden_size)

    @property
    def num_hidden_layers(self) -> int:
        """Layers of the encoder."""
        return int(self.encoder.num_hidden_layers)

    def _own_values(self) -> dict[str, Any]:
        return {
            "architectures": ["SentenceClassifier"],
            "model_type": self.model_type,
            "encoder": self.encoder_values,
            "dropout": self.values.get("dropout", 0.1),
            **{name: getattr(self, name) for name in self._SIZES},
        }


class SentenceClassifier(nn.Module):
    """Mean pooling over the tokens of each row, dropout, a linear layer; the logits of n-grams are added.

    Source: Reimers and Gurevych 2019, "Sentence-BERT", for the pooling.
    """

    def __init__(self, config: SentenceClassifierConfig, encoder: nn.Module | None = None) -> None:
        super().__init__()
        self.config = config
        if encoder is None:
            encoder = BertEncoder(config.encoder) if config.encoder else build_foreign_encoder(config.encoder_values)
        if config.encoder is None:
            config.encoder = encoder.config
        self.encoder = encoder
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.ngrams: NgramLogits | None = None
        if config.ngrams:
            self.ngrams = NgramLogits(
                config.ngram_pieces, config.ngram_characters, config.ngrams, config.num_labels, config.ngram_hashing
            )

    @property
    def base_model(self) -> nn.Module:
        """The encoder."""
        return self.encoder

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """Load a model that was saved, in float32.

        Raises:
            InputError: config.json and the weights do not belong together, or one of them cannot be read.
        """
        config = SentenceClassifierConfig.from_json(read_config(folder))
        if config.encoder is None:  # what transformers builds may hold more than its weights
            return load_weights(cls(config), folder)
        return load_weights(make_empty(lambda: cls(config)), folder)

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        save_weights(self, self.config.to_json(), folder)


class PretrainedClassifier(nn.Module):
    """A pretrained classifier that takes flat tokens, as TransformerClassifier does.

    Args:
        model: ours or one of `transformers`; computed on flat tokens where its encoder is BERT's or RoBERTa's, and
            on padded rows otherwise.
        new_head: the last layer has learned nothing yet.
    """

    def __init__(self, model: Any, new_head: bool = False) -> None:
        super().__init__()
        self.model = model
        self.new_head = new_head
        self.gradient_checkpointing = False
        encoder = model.base_model
        served = FlatBert.supports(encoder) and _find_head(model) is not None
        self._flat = served or (isinstance(model, SentenceClassifier) and FlatBert.supports(encoder))

    @property
    def head_on_embeddings(self) -> nn.Linear | None:
        """The linear layer that makes logits of what `embed` gives; None where the architecture has more between."""
        return self.model.classifier if isinstance(self.model, SentenceClassifier) else None

    @property
    def takes_dropout(self) -> bool:
        """Whether dropout is what a training asks for; an architecture that is not known here has its own."""
        return self._flat

    def exact_parts(self) -> tuple[nn.Module, ...]:
        """Return what is computed in float32 whatever the rest is: the parts of a model with n-grams that add up."""
        if not isinstance(self.model, SentenceClassifier) or self.model.ngrams is None:
            return ()
        return self.model.classifier, self.model.ngrams

    @property
    def config(self) -> Any:
        """The model's configuration, with `id2label`."""
        return self.model.config

    def num_parameters(self) -> int:
        """Return the number of weights."""
        return sum(parameter.numel() for parameter in self.parameters())

    def save_pretrained(self, folder: Path) -> None:
        """Write the model as `transformers` does."""
        self.model.save_pretrained(folder)

    def classify(self, token_ids: Tensor, lengths: list[int], drop: Dropout = no_dropout) -> Tensor:
        """Return the logits (B, C) of B rows; see TransformerClassifier.classify for the arguments."""
        if isinstance(self.model, SentenceClassifier):
            vectors = drop(self.embed(token_ids, lengths, drop))
            logits: Tensor = self.model.classifier(vectors.to(self.model.classifier.weight.dtype))
            return logits if self.model.ngrams is None else logits + self.model.ngrams(token_ids, lengths, drop)
        if not self._flat:
            return self._compute_padded(self.model, token_ids, lengths, drop).logits  # type: ignore[no-any-return]
        head = _find_head(self.model)
        assert head is not None
        groups = group_lengths(lengths)
        x = FlatBert(self.model.base_model)(token_ids, groups, drop, self._checkpointing)
        dense, last = head
        return last(drop(torch.tanh(dense(take_first_tokens(x, groups)))))  # type: ignore[no-any-return]

    def embed(self, token_ids: Tensor, lengths: list[int], drop: Dropout = no_dropout) -> Tensor:
        """Return the mean (B, D) over each row's tokens in the encoder's last layer."""
        if self._flat:
            groups = group_lengths(lengths)
            x = FlatBert(self.model.base_model)(token_ids, groups, drop, self._checkpointing)
            return mean_over_rows(x, groups)
        hidden = self._compute_padded(self.model.base_model, token_ids, lengths, drop).last_hidden_state  # (B, T, D)
        pieces = [row[:length].mean(0) for row, length in zip(hidden, lengths, strict=True)]
        return torch.stack(pieces)

    @property
    def _pad_token_id(self) -> int:
        return getattr(self.config, "encoder", self.config).pad_token_id or 0

    @property
    def _checkpointing(self) -> bool:
        return self.gradient_checkpointing and self.training

    def _compute_padded(self, part: nn.Module, token_ids: Tensor, lengths: list[int], drop: Dropout) -> Any:
        """Compute a part of the model on padded rows; its own dropout follows from the step's."""
        rows = token_ids.split(lengths)
        padded = nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=self._pad_token_id)
        mask = (
            torch.arange(padded.shape[1], device=padded.device) < torch.tensor(lengths, device=padded.device)[:, None]
        )
        with torch.random.fork_rng(enabled=self.training):
            if self.training:
                torch.manual_seed(drop.seed())
            return part(input_ids=padded, attention_mask=mask.long())


class Embedder:
    """An encoder in the form that prediction takes: embeddings in the place of logits."""

    def __init__(self, model: PretrainedClassifier) -> None:
        self._model = model

    def classify(self, token_ids: Tensor, lengths: list[int], drop: Dropout = no_dropout) -> Tensor:
        """Return the embeddings (B, D)."""
        return self._model.embed(token_ids, lengths, drop)


def _find_head(model: Any) -> tuple[nn.Module, nn.Module] | None:
    """Return the layer before and the layer after tanh in BERT's and RoBERTa's heads; None for other heads."""
    pooler = getattr(model.base_model, "pooler", None)
    head: Any = getattr(model, "classifier", None)
    if pooler is not None and isinstance(head, nn.Linear) and type(model).__name__ in _BERT_HEADS:
        return pooler.dense, head
    if hasattr(head, "dense") and hasattr(head, "out_proj"):
        return head.dense, head.out_proj
    return None


_BERT_HEADS = ("BertClassifier", "BertForSequenceClassification")

Model = TransformerClassifier | PretrainedClassifier


def load_pretrained(name: str, labels: tuple[str, ...], seed: int, means: bool = False) -> Model:
    """Return a classifier with pretrained weights and a head for `labels`, in float32.

    The head's rows of labels that the model knows already are kept; others are drawn from `seed`.

    Args:
        name: a packaged encoder, a run, a folder, or a hub name.
        labels: the classes, in the order of their ids.
        seed: of the new rows of the head.
        means: pool by the mean even where the architecture's own head does otherwise.

    Raises:
        InputError: there is no such model, it cannot be fetched, or it is not a text encoder.
    """
    source = locate_model(name)
    config = read_model_config(source)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if config.get("model_type") == TransformerClassifierConfig.model_type:
            ours: TransformerClassifier = _load_ours(TransformerClassifier, source, name)
            _fit_ngrams(ours, labels)
            _fit_head(ours, "head2", labels)
            return ours
        if config.get("model_type") == NgramClassifierConfig.model_type:
            raise InputError(
                f"`{name}` is a linear model, and has no encoder that a training could begin with",
                "txt train DATA --linear fits a new one on other data",
            )
        if config.get("model_type") == SentenceClassifierConfig.model_type:
            model: Any = _load_ours(SentenceClassifier, source, name)
            if means:
                model.ngrams, model.config.ngrams = None, 0  # a head that is fitted to vectors alone goes without
            _fit_ngrams(model, labels)
        elif means or _pools_by_mean(source, name):
            model = _load_sentence_classifier(source, name, config, len(labels))
        elif is_known(source, config):
            model = _load_ours(BertClassifier, source, name)
        else:
            model = load_foreign_classifier(name)
        head = "classifier.out_proj" if hasattr(getattr(model, "classifier", None), "out_proj") else "classifier"
        known = _fit_head(model, head, labels)
    return PretrainedClassifier(model, new_head=known == 0)


def is_known(source: str | Path, config: Mapping[str, Any]) -> bool:
    """Return whether a folder's model is loaded without `transformers`."""
    return covers(config) and (Path(source) / WEIGHTS).is_file()


def _load_ours(kind: Any, source: str, name: str) -> Any:
    try:
        return kind.from_pretrained(Path(source))
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        raise InputError(f"there is no model in `{name}`: {summarize_error(error)}") from None


def _load_sentence_classifier(source: str, name: str, config: Mapping[str, Any], classes: int) -> SentenceClassifier:
    if is_known(source, config):
        encoder: nn.Module = load_encoder(Path(source), BertConfig(config))
        values = {**config, "model_type": config["model_type"]}
    else:
        encoder, values = load_foreign_encoder(name)
    return SentenceClassifier(SentenceClassifierConfig(values, num_labels=classes), encoder)


def _pools_by_mean(source: str, name: str) -> bool:
    """Tell whether a model is known to give a sentence's vector as the mean over its tokens."""
    if name in ENCODERS or source.startswith("sentence-transformers/"):
        return True
    path = Path(source) / "1_Pooling" / "config.json"
    return path.is_file() and bool(read_json(path).get("pooling_mode_mean_tokens"))


def _fit_head(model: nn.Module, name: str, labels: tuple[str, ...]) -> int:
    """Give the model a last layer for `labels`, with the rows of those that it knows; return how many it knows."""
    config: Any = model.config
    old = model.get_submodule(name)
    if not isinstance(old, nn.Linear):
        raise InputError(f"a {type(model).__name__} has no linear head that could be fitted to the labels")
    new = nn.Linear(old.in_features, len(labels))
    nn.init.normal_(new.weight, std=0.02)
    nn.init.zeros_(new.bias)
    numbers = {label: int(number) for number, label in config.id2label.items() if not _is_placeholder(label)}
    known = [label for label in labels if numbers.get(label, old.out_features) < old.out_features]
    with torch.no_grad():
        for label in known:
            row = labels.index(label)
            new.weight[row] = old.weight[numbers[label]]
            new.bias[row] = old.bias[numbers[label]]
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, new)
    config.id2label = dict(enumerate(labels))
    if not isinstance(config, ModelConfig):  # that of transformers
        config.num_labels = len(labels)
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: number for number, label in enumerate(labels)}
        if isinstance(getattr(model, "num_labels", None), int):
            model.num_labels = len(labels)  # type: ignore[assignment]
    return len(known)


def _fit_ngrams(model: SentenceClassifier | TransformerClassifier, labels: tuple[str, ...]) -> None:
    """Give the n-grams beside an encoder the weights of those labels that they know; others begin at zero."""
    if model.ngrams is None:
        return
    numbers = {label: number for number, label in model.config.id2label.items()}
    old = model.ngrams.weight.detach()
    new = torch.zeros(len(old), len(labels))
    for place, label in enumerate(labels):
        if label in numbers:
            new[:, place] = old[:, numbers[label]]
    model.ngrams.weight = nn.Parameter(new)


def _is_placeholder(label: str) -> bool:
    return re.fullmatch(r"LABEL_\d+", label) is not None


def shares_layers(name: str) -> bool:
    """Return whether a parameter, by its name, is one that all layers share, as ALBERT's do.

    `find_depth` counts it to the head, which decides the order of weights in a checkpoint, and is left at that.
    """
    return ".albert_layer_groups." in f".{name}"


def find_depth(name: str, layers: int) -> int:
    """Return how deep a parameter lies, by its name: 0 for embeddings, 1 … for layers, `layers` + 1 for the head."""
    found = re.search(r"\b(?:layer|layers|h|block)\.(\d+)\.", name)
    if found:
        return int(found[1]) + 1
    return 0 if "embed" in name else layers + 1
