"""A model to train on prepared data: new, or with pretrained weights."""

import json
from collections.abc import Iterator
from copy import deepcopy
from weakref import WeakKeyDictionary

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn

from txt.config import TrainConfig
from txt.data.prepared import Prepared, Split
from txt.errors import InputError
from txt.model.classifier import TransformerClassifier
from txt.model.lora import add_adapters
from txt.model.model_config import TransformerClassifierConfig
from txt.model.ngrams import SAME_BASE, NgramLogits
from txt.model.pretrained import Model, PretrainedClassifier, find_depth, load_pretrained, shares_layers
from txt.model.pretrained_check import check_freeze, check_length, check_lora, check_pretrained
from txt.model.several import forget_kind

NGRAM_RATE = 10.0
"""Times the learning rate at which the weights of n-grams learn."""

_MOST_NGRAMS = 200_000
_MOST_NGRAM_WEIGHTS = 20_000_000  # 80 MB, and as much again for each of the optimizer's moments
_NGRAM_ROWS = 100_000

_LEARNED: WeakKeyDictionary[Prepared, NgramLogits] = WeakKeyDictionary()


def build_model(config: TrainConfig, prepared: Prepared, device: torch.device) -> Model:
    """Return the classifier that training starts from; equal seeds give equal weights.

    Raises:
        InputError: the pretrained weights cannot be loaded, or the data was prepared for another model.
    """
    if config.pretrained is None:
        model: Model = _build_untrained(config, prepared)
    else:
        check_pretrained(config, prepared)
        model = load_pretrained(
            config.pretrained, prepared.labels, config.seed, means=config.few_shot or config.freeze == "all"
        )
        forget_kind(model.config)
        check_length(model.config, prepared)
        _freeze(model, config)
        if config.lora:
            check_lora(config.pretrained, {"model_type": model.config.model_type})
            assert isinstance(model, PretrainedClassifier)
            add_adapters(model, config.lora, config.seed)
    nn.Module.to(model, device)
    return model


def learning_rate_scale(model: Model, config: TrainConfig, name: str) -> float:
    """Return the share of the learning rate at which a parameter learns.

    `layer_decay` for each layer above it; a linear model on n-grams wants a far higher rate than an encoder.
    """
    if name == "ngrams.weight":
        return NGRAM_RATE
    if config.layer_decay == 1:
        return 1.0
    layers = int(model.config.num_hidden_layers)
    return float(config.layer_decay ** (layers + 1 - find_depth(name, layers)))


def _build_untrained(config: TrainConfig, prepared: Prepared) -> TransformerClassifier:
    labels = dict(enumerate(prepared.labels))
    ngrams = _get_ngrams(prepared) if config.ngrams else None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = TransformerClassifier(
            TransformerClassifierConfig(
                vocab_size=prepared.vocab_size,
                d_model=config.d_model,
                nhead=config.nhead,
                num_layers=config.num_layers,
                dim_feedforward=config.feedforward,
                dropout=config.dropout,
                max_length=prepared.manifest.max_length,
                pad_token_id=prepared.pad_token_id,
                id2label=labels,
                label2id={label: number for number, label in labels.items()},
                norm_first=config.norm_first,
                ngrams=len(ngrams.hashes) if ngrams else 0,
                ngram_characters=len(ngrams.characters) if ngrams else 0,
                ngram_hashing=ngrams.hashing if ngrams else SAME_BASE,
            )
        )
    model.ngrams = ngrams if ngrams and len(ngrams.hashes) else None
    return model


def _get_ngrams(prepared: Prepared) -> NgramLogits:
    """Return a linear model on the n-grams of the train split, with all weights at zero.

    What was learned is kept while the data is open: a search and a range test build many models on it.
    """
    if prepared not in _LEARNED:
        _LEARNED[prepared] = _learn_ngrams(prepared)
    return deepcopy(_LEARNED[prepared])


def _learn_ngrams(prepared: Prepared) -> NgramLogits:
    classes = len(prepared.labels)
    ngrams = spell_pieces(prepared, NgramLogits(prepared.vocab_size, 0, 0, classes))
    ngrams.learn_ngrams(_sample_rows(prepared.split("train")), min(_MOST_NGRAMS, _MOST_NGRAM_WEIGHTS // classes))
    return ngrams


def spell_pieces(prepared: Prepared, ngrams: NgramLogits) -> NgramLogits:
    """Tell the model of n-grams how each entry of the data's tokenizer is written, and return it."""
    tokenizer = prepared.tokenizer()
    special = {number for number, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    pieces = {number: piece for piece, number in tokenizer.get_vocab(with_added_tokens=True).items()}
    written = [None if number in special else pieces.get(number) for number in range(prepared.vocab_size)]
    ngrams.learn_pieces(written, find_word_mark(tokenizer))
    return ngrams


def find_word_mark(tokenizer: Tokenizer) -> str | None:
    """Return how a tokenizer's entries say where words begin, as it is built; None where that is not known."""
    parts = json.loads(tokenizer.to_str())
    if parts["model"]["type"] == "WordPiece":
        return str(parts["model"]["continuing_subword_prefix"])
    steps = [parts["pre_tokenizer"] or {}, parts["decoder"] or {}]
    kinds = {
        part.get("type") for step in steps for part in (step, *step.get("pretokenizers", step.get("decoders", [])))
    }
    return "Ġ" if "ByteLevel" in kinds else "▁" if "Metaspace" in kinds else None


def _sample_rows(split: Split) -> Iterator[tuple[torch.Tensor, list[int]]]:
    """Yield rows of a split, evenly spread where there are more than n-grams need to be chosen from."""
    rows = np.linspace(0, len(split) - 1, min(len(split), _NGRAM_ROWS), dtype=np.int64)
    for some in np.array_split(rows, -(-len(rows) // 512)):
        token_ids, lengths = split.gather(some)
        yield torch.from_numpy(token_ids), lengths.tolist()


def _freeze(model: Model, config: TrainConfig) -> None:
    """Leave out of training what `--freeze` names: the embeddings and the lowest layers, or all but the head."""
    if config.freeze is None:
        return
    layers = int(model.config.num_hidden_layers)
    if config.freeze != "all":
        check_freeze(config.freeze, layers)
        if 0 < int(config.freeze) < layers and any(shares_layers(name) for name, _ in model.named_parameters()):
            raise InputError(
                f"--freeze {config.freeze}: the {layers} layers of this model share their weights",
                "--freeze 0 leaves the embeddings as they are, --freeze all the whole encoder",
            )
    deepest = layers if config.freeze == "all" else int(config.freeze)
    for name, parameter in model.named_parameters():
        depth = layers if shares_layers(name) else find_depth(name, layers)
        parameter.requires_grad_(depth > deepest)
