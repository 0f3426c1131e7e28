"""TransformerClassifier as a model of `transformers`, on padded rows, for programs without txt.

Exported folders carry this file, that of the n-grams and that of the positions as one, and ONNX files are traced from
it. The weights have the names and the meaning that they have in txt, whose own model computes the same without padding.
It needs torch and transformers, and nothing else, which is why it writes again what stands in `txt.model`.
"""

import math
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from txt.model.ngrams import NgramLogits
from txt.model.positions import sinusoids


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
        ngram_hashing: int = 1,
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
        self.ngram_hashing = ngram_hashing
        super().__init__(**kwargs)


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network, each with a residual and a layer norm after or before it."""

    def __init__(self, config: TransformerClassifierConfig) -> None:
        super().__init__()
        self.nhead, self.norm_first = config.nhead, config.norm_first
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model)
        self.out = nn.Linear(config.d_model, config.d_model)
        self.norm1 = nn.LayerNorm(config.d_model)
        self.linear1 = nn.Linear(config.d_model, config.dim_feedforward)
        self.linear2 = nn.Linear(config.dim_feedforward, config.d_model)
        self.norm2 = nn.LayerNorm(config.d_model)

    def forward(self, x: Tensor, attended: Tensor) -> Tensor:
        """Return the tokens (B, T, D) after this layer; `attended` (B, 1, 1, T) is True for tokens."""
        if self.norm_first:
            x = x + self._attend(self.norm1(x), attended)
            return x + self._feed_forward(self.norm2(x))
        x = self.norm1(x + self._attend(x, attended))
        return self.norm2(x + self._feed_forward(x))  # type: ignore[no-any-return]

    def _attend(self, x: Tensor, attended: Tensor) -> Tensor:
        heads = self.qkv(x).unflatten(-1, (3, self.nhead, -1))  # (B, T, 3, H, d)
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, H, T, d)
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=attended)
        return self.out(mixed.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.linear2(F.relu(self.linear1(x)))  # type: ignore[no-any-return]


class TransformerClassifier(PreTrainedModel):
    """Token embeddings with sinusoidal positions, encoder layers, mean pooling, a two-layer head, n-grams beside them.

    It is for inference: there is no dropout in it.
    """

    config_class = TransformerClassifierConfig
    base_model_prefix = "txt"
    _supports_sdpa = True

    def __init__(self, config: TransformerClassifierConfig) -> None:
        super().__init__(config)
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.d_model) if config.norm_first else nn.Identity()
        classes = int(config.num_labels or 2)
        self.head1 = nn.Linear(config.d_model, config.d_model // 2)
        self.head2 = nn.Linear(config.d_model // 2, classes)
        self.ngrams = (
            NgramLogits(config.vocab_size, config.ngram_characters, config.ngrams, classes, config.ngram_hashing)
            if config.ngrams
            else None
        )
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        """Return the token embedding."""
        return self.embedding

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **_: Any
    ) -> SequenceClassifierOutput:
        """Classify padded rows.

        Args:
            input_ids: (B, T) int64.
            attention_mask: (B, T), 1 for tokens and 0 for padding; all tokens by default.
            labels: (B,) int64, for a loss; (B, C) of 0 and 1 where rows have several labels.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        x = self.embedding(input_ids) * math.sqrt(self.config.d_model)  # (B, T, D)
        x = x + sinusoids(input_ids.shape[1], self.config.d_model, x.device).to(x.dtype)
        attended = mask.bool()[:, None, None, :]
        for layer in self.layers:
            x = layer(x, attended)
        weights = mask.to(x.dtype).unsqueeze(-1)  # (B, T, 1)
        pooled = (self.norm(x) * weights).sum(1) / weights.sum(1)  # (B, D)
        logits = self.head2(F.relu(self.head1(pooled)))  # (B, C)
        if self.ngrams is not None:
            logits = logits + self.ngrams(input_ids[mask.bool()], mask.sum(1).tolist())
        loss = None
        if labels is not None and getattr(self.config, "problem_type", None) == "multi_label_classification":
            loss = F.binary_cross_entropy_with_logits(logits.float(), labels.float())
        elif labels is not None:
            loss = F.cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


AutoConfig.register(TransformerClassifierConfig.model_type, TransformerClassifierConfig, exist_ok=True)
AutoModelForSequenceClassification.register(TransformerClassifierConfig, TransformerClassifier, exist_ok=True)
