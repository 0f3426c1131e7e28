"""TransformerClassifier: the guide's encoder with a classification head, computed on flat tokens without padding.

A batch is `token_ids` (N,), the tokens of all rows laid end to end, and the length of each row. Everything but
attention and pooling treats tokens alike and never sees a row's border.
"""

import math
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
    initialization,
)
from transformers.modeling_outputs import SequenceClassifierOutput

from txt.model.attention import Groups, flat_attention, groups_of
from txt.model.dropout import Dropout, no_dropout
from txt.model.ngrams import NgramLogits


class TransformerClassifierConfig(PretrainedConfig):
    """The architecture under the guide's names; `dim_feedforward` defaults to 4 × `d_model`.

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


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward network, each with dropout, a residual and a layer norm after or before it."""

    def __init__(self, config: TransformerClassifierConfig) -> None:
        super().__init__()
        self.nhead, self.norm_first = config.nhead, config.norm_first
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model)
        self.out = nn.Linear(config.d_model, config.d_model)
        self.norm1 = nn.LayerNorm(config.d_model)
        self.linear1 = nn.Linear(config.d_model, config.dim_feedforward)
        self.linear2 = nn.Linear(config.dim_feedforward, config.d_model)
        self.norm2 = nn.LayerNorm(config.d_model)

    def forward(self, x: Tensor, groups: Groups, drop: Dropout) -> Tensor:
        """Return the tokens (N, D) after this layer."""
        if self.norm_first:
            x = drop.add(x, self._attend(self.norm1(x), groups, drop))
            return drop.add(x, self._feed_forward(self.norm2(x), drop))
        x = self.norm1(drop.add(x, self._attend(x, groups, drop)))
        return self.norm2(drop.add(x, self._feed_forward(x, drop)))  # type: ignore[no-any-return]

    def _attend(self, x: Tensor, groups: Groups, drop: Dropout) -> Tensor:
        return self.out(flat_attention(self.qkv(x), groups, self.nhead, drop))  # type: ignore[no-any-return]

    def _feed_forward(self, x: Tensor, drop: Dropout) -> Tensor:
        return self.linear2(drop.relu(self.linear1(x)))  # type: ignore[no-any-return]


class TransformerClassifier(PreTrainedModel):
    """Token embeddings with sinusoidal positions, encoder layers, mean pooling, a two-layer head.

    Source: Vaswani et al. 2017, "Attention Is All You Need", in the guide's arrangement: embeddings scaled by
    √d_model, Linear–ReLU–Dropout–Linear head, Xavier-uniform weights, N(0, 0.02) embeddings. With `ngrams`, the logits
    of a linear model on n-grams are added.
    """

    config_class = TransformerClassifierConfig
    base_model_prefix = "txt"
    supports_gradient_checkpointing = True

    def __init__(self, config: TransformerClassifierConfig) -> None:
        super().__init__(config)
        self.gradient_checkpointing = False
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.d_model) if config.norm_first else nn.Identity()
        classes = int(config.num_labels or 2)
        self.head1 = nn.Linear(config.d_model, config.d_model // 2)
        self.head2 = nn.Linear(config.d_model // 2, classes)
        self.ngrams = (
            NgramLogits(config.vocab_size, config.ngram_characters, config.ngrams, classes) if config.ngrams else None
        )
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        # transformers' `initialization` functions leave alone what was just loaded from a file.
        if isinstance(module, nn.Linear):
            initialization.xavier_uniform_(module.weight)
            initialization.zeros_(module.bias)
        elif isinstance(module, nn.Embedding):
            initialization.normal_(module.weight, mean=0.0, std=0.02)
        elif isinstance(module, nn.LayerNorm):
            initialization.ones_(module.weight)
            initialization.zeros_(module.bias)
        elif isinstance(module, NgramLogits):
            initialization.zeros_(module.weight)

    def get_input_embeddings(self) -> nn.Module:
        """Return the token embedding."""
        return self.embedding

    def classify(self, token_ids: Tensor, lengths: list[int], drop: Dropout = no_dropout) -> Tensor:
        """Return the logits (B, C) of B rows.

        Args:
            token_ids: (N,) int64, the tokens of all rows laid end to end.
            lengths: tokens of each row, each at least 1, summing to N. Rows of equal length side by side are
                computed together, so rows sorted by length are fastest.
            drop: dropout of this step; none by default.
        """
        groups = groups_of(lengths)
        wide = 0 if self.ngrams is None else self.ngrams(token_ids, lengths, drop)  # (B, C)
        token_ids = F.pad(token_ids, (0, rounded_up(len(token_ids)) - len(token_ids)))
        # A sparse gradient: a batch touches a few hundred of the embedding's rows.
        x = F.embedding(token_ids, self.embedding.weight, sparse=self.training)  # (N, D)
        x = x * math.sqrt(self.config.d_model) + _positions(groups, x)
        for layer in self.layers:
            own = drop.fork()
            if self.gradient_checkpointing and self.training:
                x = checkpoint(_layer_again, layer, x, groups, own, use_reentrant=False)
            else:
                x = layer(x, groups, own)
        pooled = mean_over_rows(self.norm(x), groups)  # (B, D)
        return self.head2(drop.relu(self.head1(pooled))) + wide  # type: ignore[no-any-return]

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **_: Any
    ) -> SequenceClassifierOutput:
        """Classify padded rows, as Hugging Face's trainers and pipelines give them; no dropout is applied.

        Args:
            input_ids: (B, T) int64.
            attention_mask: (B, T), 1 for tokens and 0 for padding; all tokens by default.
            labels: (B,) int64, for a loss.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        by_length = mask.sum(1).argsort()
        mask = mask[by_length].bool()
        logits = self.classify(input_ids[by_length][mask], mask.sum(1).clamp(min=0).tolist())
        logits = logits[by_length.argsort()]  # (B, C), in the order of the input
        loss = None if labels is None else F.cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def _layer_again(layer: EncoderLayer, x: Tensor, groups: Groups, drop: Dropout) -> Tensor:
    """Compute a layer so that a second time, in the backward pass, it drops the same activations."""
    return layer(x, groups, drop.restarted())  # type: ignore[no-any-return]


def mean_over_rows(x: Tensor, groups: Groups) -> Tensor:
    """Return the mean (B, D) over the tokens of each row of `x` (N, D); tokens beyond the rows do not count."""
    sizes = [rows * length for rows, length in groups]
    parts = x[: sum(sizes)].split(sizes)
    means = [part.view(rows, length, -1).mean(1) for part, (rows, length) in zip(parts, groups, strict=True)]
    return torch.cat(means)


def rounded_up(tokens: int) -> int:
    """Return the number of tokens to compute with: a few more, of which there are few different numbers.

    For every new number, a CPU's matrix products are compiled anew and kept in memory.
    """
    step = max(32, 1 << tokens.bit_length() >> 6)  # at most a 32nd of them above two thousand tokens
    return -(-tokens // step) * step


def sinusoids(length: int, d_model: int) -> Tensor:
    """Return sinusoidal position encodings (length, d_model) in float32 (Vaswani et al. 2017, section 3.5)."""
    position = torch.arange(length, dtype=torch.float32).unsqueeze(1)
    frequency = torch.exp(torch.arange(0, d_model, 2, dtype=torch.float32) * (-math.log(10000.0) / d_model))
    table = torch.zeros(length, d_model)
    table[:, 0::2] = torch.sin(position * frequency)
    table[:, 1::2] = torch.cos(position * frequency)[:, : d_model // 2]
    return table


def _positions(groups: Groups, like: Tensor) -> Tensor:
    """Return each token's position encoding (N, D), counted from 0 in every row; zeros beyond the rows."""
    table = _table(max(length for _, length in groups), like)
    positions = torch.cat([table[:length].repeat(rows, 1) for rows, length in groups])
    return F.pad(positions, (0, 0, 0, len(like) - len(positions)))


_tables: dict[tuple[int, torch.dtype, torch.device], Tensor] = {}


def _table(length: int, like: Tensor) -> Tensor:
    """Return at least `length` position encodings, kept from call to call.

    They are no buffer of the model: transformers loads models on the meta device, which spoils what is not saved.
    """
    key = (like.shape[1], like.dtype, like.device)
    table = _tables.get(key)
    if table is None or len(table) < length:
        rounded = 2 ** math.ceil(math.log2(max(length, 64)))
        table = _tables[key] = sinusoids(rounded, like.shape[1]).to(like)
    return table


AutoConfig.register(TransformerClassifierConfig.model_type, TransformerClassifierConfig)
AutoModelForSequenceClassification.register(TransformerClassifierConfig, TransformerClassifier)
