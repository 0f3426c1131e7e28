"""The parts of TransformerClassifier, which txt computes on flat tokens and an export computes on padded rows.

This file needs torch and transformers, and nothing else but the n-grams: an exported folder carries it.
"""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from transformers import PretrainedConfig, PreTrainedModel

from txt.model.ngrams import NgramLogits


class TransformerClassifierConfig(PretrainedConfig):
    """The architecture, in the names of `--recipe guide`; `dim_feedforward` defaults to 4 × `d_model`.

    `norm_first` normalizes what goes into a layer's two parts, and not what comes out. `ngrams` is the number of
    n-grams of a linear model beside the encoder, and `ngram_characters` the size of the table that spells them.
    """

    model_type = "txt-transformer"
    attribute_map: ClassVar[dict[str, str]] = {
        "hidden_size": "d_model",
        "num_attention_heads": "nhead",
        "num_hidden_layers": "num_layers",
    }

    def __init__(
        self,
        vocab_size: int = 8000,
        d_model: int = 512,
        nhead: int = 8,
        num_layers: int = 6,
        dim_feedforward: int | None = None,
        dropout: float = 0.1,
        max_length: int = 512,
        norm_first: bool = False,
        ngrams: int = 0,
        ngram_characters: int = 0,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.d_model = d_model
        self.nhead = nhead
        self.num_layers = num_layers
        self.dim_feedforward = dim_feedforward or 4 * d_model
        self.dropout = dropout
        self.max_position_embeddings = max_length
        self.norm_first = norm_first
        self.ngrams = ngrams
        self.ngram_characters = ngram_characters
        super().__init__(**kwargs)


class LayerWeights(nn.Module):
    """The weights of an encoder layer: self-attention and a feed-forward network, each with a layer norm."""

    def __init__(self, config: TransformerClassifierConfig) -> None:
        super().__init__()
        self.nhead, self.norm_first = config.nhead, config.norm_first
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model)
        self.out = nn.Linear(config.d_model, config.d_model)
        self.norm1 = nn.LayerNorm(config.d_model)
        self.linear1 = nn.Linear(config.d_model, config.dim_feedforward)
        self.linear2 = nn.Linear(config.dim_feedforward, config.d_model)
        self.norm2 = nn.LayerNorm(config.d_model)


class ClassifierWeights(PreTrainedModel):
    """The weights of the classifier: token embeddings, layers of `layer_class`, a two-layer head, perhaps n-grams."""

    config_class = TransformerClassifierConfig
    base_model_prefix = "txt"
    layer_class: ClassVar[type[LayerWeights]]

    def __init__(self, config: TransformerClassifierConfig) -> None:
        super().__init__(config)
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.layers = nn.ModuleList(self.layer_class(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.d_model) if config.norm_first else nn.Identity()
        classes = int(config.num_labels or 2)
        self.head1 = nn.Linear(config.d_model, config.d_model // 2)
        self.head2 = nn.Linear(config.d_model // 2, classes)
        self.ngrams = (
            NgramLogits(config.vocab_size, config.ngram_characters, config.ngrams, classes) if config.ngrams else None
        )
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the token embedding."""
        return self.embedding


def sinusoids(length: int, d_model: int, device: torch.device | None = None) -> Tensor:
    """Return sinusoidal position encodings (length, d_model) in float32 (Vaswani et al. 2017, section 3.5)."""
    position = torch.arange(length, device=device).float().unsqueeze(1)
    frequency = torch.exp(torch.arange(0, d_model, 2, device=device).float() * (-math.log(10000.0) / d_model))
    angles = position * frequency  # (length, ⌈d_model / 2⌉)
    return torch.stack((torch.sin(angles), torch.cos(angles)), dim=-1).flatten(1)[:, :d_model]
