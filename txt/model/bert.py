"""BERT's and RoBERTa's encoder on flat tokens without padding, with the weights where `transformers` keeps them."""

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from txt.model.attention import Groups, flat_attention
from txt.model.classifier import round_up_tokens
from txt.model.dropout import Dropout

_FAMILIES = {"bert": False, "roberta": True, "xlm-roberta": True, "camembert": True}
"""Model types of this architecture; True where positions are counted from beyond the padding token's id."""


class FlatBert:
    """Computes an encoder of `transformers` on flat tokens; the weights stay those of the encoder."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        config = encoder.config
        self._first_position = config.pad_token_id + 1 if _FAMILIES[config.model_type] else 0
        self._heads = config.num_attention_heads

    @staticmethod
    def supports(encoder: Any) -> bool:
        """Return whether an encoder is of this architecture."""
        config = encoder.config
        absolute = getattr(config, "position_embedding_type", "absolute") in (None, "absolute")
        return config.model_type in _FAMILIES and absolute and not config.is_decoder

    def __call__(self, token_ids: Tensor, groups: Groups, drop: Dropout, checkpointing: bool) -> Tensor:
        """Return the last layer's tokens (≥ N, D); those beyond the rows mean nothing.

        Args:
            token_ids: (N,) int64, the tokens of all rows laid end to end.
            groups: the rows' lengths.
            drop: dropout of this step.
            checkpointing: compute activations twice to save memory.
        """
        x = self._embed(F.pad(token_ids, (0, round_up_tokens(len(token_ids)) - len(token_ids))), groups, drop)
        for layer in self._encoder.encoder.layer:
            own = drop.fork()
            if checkpointing:
                x = checkpoint(self._recompute_layer, layer, x, groups, own, use_reentrant=False)
            else:
                x = self._apply_layer(layer, x, groups, own)
        return x

    def _embed(self, token_ids: Tensor, groups: Groups, drop: Dropout) -> Tensor:
        own = self._encoder.embeddings
        weight = own.word_embeddings.weight
        # A sparse gradient: a batch touches a few hundred of the embedding's rows.
        words = F.embedding(token_ids, weight, sparse=weight.requires_grad and torch.is_grad_enabled())
        positions = own.position_embeddings(self._make_positions(groups, token_ids))
        return drop(own.LayerNorm(words + own.token_type_embeddings.weight[0] + positions))

    def _make_positions(self, groups: Groups, like: Tensor) -> Tensor:
        """Return each token's place in its row (≥ N,), as the encoder counts; 0 beyond the rows."""
        counted = torch.arange(max(length for _, length in groups), device=like.device) + self._first_position
        positions = torch.cat([counted[:length].repeat(rows) for rows, length in groups])
        return F.pad(positions, (0, len(like) - len(positions)))

    def _apply_layer(self, layer: Any, x: Tensor, groups: Groups, drop: Dropout) -> Tensor:
        attention, output = layer.attention, layer.output
        qkv = _apply_side_by_side(x, attention.self.query, attention.self.key, attention.self.value)  # (N, 3D)
        attended = attention.output.dense(flat_attention(qkv, groups, self._heads, drop))
        x = attention.output.LayerNorm(drop.add(x, attended))
        hidden = layer.intermediate.intermediate_act_fn(layer.intermediate.dense(x))  # (N, feed-forward)
        return output.LayerNorm(drop.add(x, output.dense(hidden)))  # type: ignore[no-any-return]

    def _recompute_layer(self, layer: Any, x: Tensor, groups: Groups, drop: Dropout) -> Tensor:
        """Compute a layer so that a second time, in the backward pass, it drops the same activations."""
        return self._apply_layer(layer, x, groups, drop.restart())


def _apply_side_by_side(x: Tensor, *parts: nn.Module) -> Tensor:
    """Return what some layers make of `x`, side by side; plain ones in one product."""
    plain = [part for part in parts if type(part) is nn.Linear]
    if len(plain) == len(parts):
        return F.linear(x, torch.cat([part.weight for part in plain]), torch.cat([part.bias for part in plain]))
    return torch.cat([part(x) for part in parts], dim=-1)


def take_first_tokens(x: Tensor, groups: Groups) -> Tensor:
    """Return the first token of each row (B, D) of `x` (N, D)."""
    lengths = [length for rows, length in groups for _ in range(rows)]
    starts = itertools.accumulate(lengths[:-1], initial=0)
    return x[torch.tensor(list(starts), device=x.device)]
