"""TransformerClassifier: an encoder with a classification head, computed on flat tokens without padding.

A batch is `token_ids` (N,), the tokens of all rows laid end to end, and the length of each row. Everything but
attention and pooling treats tokens alike and never sees a row's border.
"""

import math
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from txt.model.attention import Groups, flat_attention, group_lengths
from txt.model.dropout import Dropout, no_dropout
from txt.model.model_config import TransformerClassifierConfig
from txt.model.ngrams import NgramLogits
from txt.model.positions import sinusoids
from txt.model.weights import load_weights, make_empty, read_config, save_weights


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


class TransformerClassifier(nn.Module):
    """Token embeddings with sinusoidal positions, encoder layers, mean pooling, a two-layer head.

    Source: Vaswani et al. 2017, "Attention Is All You Need", arranged as in `--recipe guide`: embeddings scaled by
    √d_model, Linear–ReLU–Dropout–Linear head, Xavier-uniform weights, N(0, 0.02) embeddings. With `ngrams`, the logits
    of a linear model on n-grams are added.
    """

    def __init__(self, config: TransformerClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.gradient_checkpointing = False
        self.embedding = nn.Embedding(config.vocab_size, config.d_model)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.d_model) if config.norm_first else nn.Identity()
        self.head1 = nn.Linear(config.d_model, config.d_model // 2)
        self.head2 = nn.Linear(config.d_model // 2, config.num_labels)
        self.ngrams = (
            NgramLogits(
                config.vocab_size, config.ngram_characters, config.ngrams, config.num_labels, config.ngram_hashing
            )
            if config.ngrams
            else None
        )
        self.apply(_initialize)

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """Load a model that was saved, in float32.

        Raises:
            InputError: config.json and the weights do not belong together, or one of them cannot be read.
        """
        config = TransformerClassifierConfig.from_json(read_config(folder))
        return load_weights(make_empty(lambda: cls(config)), folder)

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        save_weights(self, self.config.to_json(), folder)

    def num_parameters(self) -> int:
        """Return the number of weights."""
        return sum(parameter.numel() for parameter in self.parameters())

    def classify(self, token_ids: Tensor, lengths: list[int], drop: Dropout = no_dropout) -> Tensor:
        """Return the logits (B, C) of B rows.

        Args:
            token_ids: (N,) int64, the tokens of all rows laid end to end.
            lengths: tokens of each row, each at least 1, summing to N. Rows of equal length side by side are
                computed together, so rows sorted by length are fastest.
            drop: dropout of this step; none by default.
        """
        groups = group_lengths(lengths)
        wide = 0 if self.ngrams is None else self.ngrams(token_ids, lengths, drop)  # (B, C)
        token_ids = F.pad(token_ids, (0, round_up_tokens(len(token_ids)) - len(token_ids)))
        # A sparse gradient: a batch touches a few hundred of the embedding's rows.
        x = F.embedding(token_ids, self.embedding.weight, sparse=self.training)  # (N, D)
        x = x * math.sqrt(self.config.d_model) + _make_positions(groups, x)
        for layer in self.layers:
            own = drop.fork()
            if self.gradient_checkpointing and self.training:
                x = checkpoint(_recompute_layer, layer, x, groups, own, use_reentrant=False)
            else:
                x = layer(x, groups, own)
        pooled = mean_over_rows(self.norm(x), groups)  # (B, D)
        return self.head2(drop.relu(self.head1(pooled))) + wide  # type: ignore[no-any-return]


def _initialize(module: nn.Module) -> None:
    """Draw the weights that a training begins with."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, mean=0.0, std=0.02)
    elif isinstance(module, nn.LayerNorm):
        nn.init.ones_(module.weight)
        nn.init.zeros_(module.bias)


def _recompute_layer(layer: EncoderLayer, x: Tensor, groups: Groups, drop: Dropout) -> Tensor:
    """Compute a layer so that a second time, in the backward pass, it drops the same activations."""
    return layer(x, groups, drop.restart())  # type: ignore[no-any-return]


def mean_over_rows(x: Tensor, groups: Groups) -> Tensor:
    """Return the mean (B, D) over the tokens of each row of `x` (N, D); tokens beyond the rows do not count."""
    if x.is_cuda:
        return _mean_padded(x, groups)
    sizes = [rows * length for rows, length in groups]
    parts = x[: sum(sizes)].split(sizes)
    means = [part.view(rows, length, -1).mean(1) for part, (rows, length) in zip(parts, groups, strict=True)]
    return torch.cat(means)


def _mean_padded(x: Tensor, groups: Groups) -> Tensor:
    """Return what `mean_over_rows` does in a few kernels for all rows, whatever their lengths.

    Rows are laid out side by side, padded by tokens that count nothing. Each token is read once, so that the gradient
    needs no sums whose order is open, and is the same every time.
    """
    lengths = torch.tensor([length for rows, length in groups for _ in range(rows)])
    inside = torch.arange(int(lengths.max())) < lengths[:, None]  # (B, T)
    places = (inside.flatten().cumsum(0) - 1).clamp(min=0).view(inside.shape)
    inside, places, lengths = (each.to(x.device, non_blocking=True) for each in (inside, places, lengths))
    padded = x[places].masked_fill(~inside.unsqueeze(-1), 0)  # (B, T, D)
    return (padded.sum(1, dtype=torch.float32) / lengths.unsqueeze(-1)).to(x.dtype)


def round_up_tokens(tokens: int) -> int:
    """Return the number of tokens to compute with: a few more, of which there are few different numbers.

    For every new number, a CPU's matrix products are compiled anew and kept in memory.
    """
    step = max(32, 1 << tokens.bit_length() >> 6)  # at most a 32nd of them above two thousand tokens
    return -(-tokens // step) * step


def _make_positions(groups: Groups, like: Tensor) -> Tensor:
    """Return each token's position encoding (N, D), counted from 0 in every row; zeros beyond the rows."""
    table = _get_table(max(length for _, length in groups), like)
    positions = torch.cat([table[:length].repeat(rows, 1) for rows, length in groups])
    return F.pad(positions, (0, 0, 0, len(like) - len(positions)))


_tables: dict[tuple[int, torch.dtype, torch.device], Tensor] = {}


def _get_table(length: int, like: Tensor) -> Tensor:
    """Return at least `length` position encodings, kept from call to call.

    They are not a buffer of the model: what is computed is not saved.
    """
    key = (like.shape[1], like.dtype, like.device)
    table = _tables.get(key)
    if table is None or len(table) < length:
        rounded = 2 ** math.ceil(math.log2(max(length, 64)))
        table = _tables[key] = sinusoids(rounded, like.shape[1]).to(like)
    return table
