"""BERT and RoBERTa, on flat tokens without padding; weights have the names that they have in `transformers`."""

import itertools
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from txt.model.attention import Groups, flat_attention
from txt.model.classifier import round_up_tokens
from txt.model.dropout import Dropout
from txt.model.model_config import FAMILIES, BertConfig
from txt.model.weights import fill_weights, make_empty, read_config, read_weights, save_weights

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_new": partial(F.gelu, approximate="tanh"),
    "gelu_pytorch_tanh": partial(F.gelu, approximate="tanh"),
    "relu": F.relu,
    "silu": F.silu,
    "swish": F.silu,
}


class BertEncoder(nn.Module):
    """The weights of an encoder: embeddings, layers, and BERT's pooler where a head uses it. FlatBert computes it."""

    def __init__(self, config: BertConfig, pooler: bool = False) -> None:
        super().__init__()
        self.config = config
        self.embeddings = _Embeddings(config)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList(_Layer(config) for _ in range(config.num_hidden_layers))
        if pooler:
            self.pooler = _make_part(dense=nn.Linear(config.hidden_size, config.hidden_size))


class BertClassifier(nn.Module):
    """An encoder and the head that its family has: BERT's pooler and a linear layer, or RoBERTa's two layers."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        width, last = config.hidden_size, nn.Linear(config.hidden_size, config.num_labels)
        head = _make_part(dense=nn.Linear(width, width), out_proj=last) if config.is_roberta else last
        encoder = BertEncoder(config, pooler=not config.is_roberta)
        parts = {"roberta" if config.is_roberta else "bert": encoder, "classifier": head}
        # As in `transformers`, the two younger families name the head first; a checkpoint's flat tensors tell.
        younger = config.model_type in ("xlm-roberta", "camembert")
        for name, part in reversed(parts.items()) if younger else parts.items():
            self.add_module(name, part)

    @property
    def base_model(self) -> BertEncoder:
        """The encoder."""
        return self.get_submodule("roberta" if self.config.is_roberta else "bert")  # type: ignore[return-value]

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """Load an encoder with its head; what a folder without a head lacks is drawn anew, as BERT's pooler may be.

        Raises:
            InputError: the weights are not those of the architecture.
        """
        config = BertConfig(read_config(folder))
        model = make_empty(lambda: cls(config))
        prefix = "roberta." if config.is_roberta else "bert."
        tensors = _find_known(model, read_weights(folder), prefix)
        for name, weight in model.state_dict().items():
            if name not in tensors and not name.startswith((f"{prefix}embeddings.", f"{prefix}encoder.")):
                drawn = torch.empty(weight.shape)
                zeros = weight.dim() == 1
                tensors[name] = drawn.zero_() if zeros else drawn.normal_(std=config.initializer_range)
        return fill_weights(model, tensors, folder)

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors, as `transformers` does."""
        save_weights(self, self.config.to_json(), folder)


def load_encoder(folder: Path, config: BertConfig) -> BertEncoder:
    """Load an encoder without a pooler from a folder that may hold more, such as a head.

    Raises:
        InputError: the weights are not those of the architecture.
    """
    model = make_empty(lambda: BertEncoder(config))
    return fill_weights(model, _find_known(model, read_weights(folder), ""), folder)


def _find_known(model: nn.Module, found: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the weights that a model has, by its own names.

    A folder may hold the encoder alone, or the encoder below `bert.` or `roberta.` with any head; the first
    checkpoints call the two weights of a layer norm gamma and beta.
    """
    wanted, tensors = model.state_dict(), {}
    for name, tensor in found.items():
        new = name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
        bare = new.removeprefix("bert.").removeprefix("roberta.")
        inside = bare != new or bare.startswith(("embeddings.", "encoder.", "pooler."))
        known = prefix + bare if inside else new
        if known in wanted:
            tensors[known] = tensor
    return tensors


class _Embeddings(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width = config.hidden_size
        words, places = nn.Embedding(config.vocab_size, width), nn.Embedding(config.max_position_embeddings, width)
        types, norm = nn.Embedding(config.type_vocab_size, width), nn.LayerNorm(width, eps=config.layer_norm_eps)
        # The order is that of `transformers`: a checkpoint's flat tensors hold the weights in it.
        parts = {"word_embeddings": words, "token_type_embeddings": types, "LayerNorm": norm}
        if config.is_roberta:
            parts = {**parts, "position_embeddings": places}
        else:
            parts = {"word_embeddings": words, "position_embeddings": places, **parts}
        for name, part in parts.items():
            self.add_module(name, part)


class _Layer(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        width, wide, eps = config.hidden_size, config.intermediate_size, config.layer_norm_eps
        heads = _make_part(query=nn.Linear(width, width), key=nn.Linear(width, width), value=nn.Linear(width, width))
        out = _make_part(dense=nn.Linear(width, width), LayerNorm=nn.LayerNorm(width, eps=eps))
        self.attention = _make_part(self=heads, output=out)
        self.intermediate = _make_part(dense=nn.Linear(width, wide))
        self.intermediate.intermediate_act_fn = _ACTIVATIONS[config.hidden_act]  # type: ignore[assignment]
        self.output = _make_part(dense=nn.Linear(wide, width), LayerNorm=nn.LayerNorm(width, eps=eps))


class _Part(nn.Module):
    """A module that only holds others, by the names that they have in `transformers`."""


def _make_part(**parts: nn.Module) -> nn.Module:
    part = _Part()
    for name, each in parts.items():
        part.add_module(name, each)
    return part


class FlatBert:
    """Computes an encoder on flat tokens: ours, or one of `transformers`, whose weights have the same names."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        config = encoder.config
        self._first_position = config.pad_token_id + 1 if FAMILIES[config.model_type] else 0
        self._heads = config.num_attention_heads

    @staticmethod
    def supports(encoder: Any) -> bool:
        """Return whether an encoder is of this architecture."""
        config = encoder.config
        absolute = getattr(config, "position_embedding_type", "absolute") in (None, "absolute")
        return config.model_type in FAMILIES and absolute and not config.is_decoder

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
        heads = attention.self
        if hasattr(heads, "side_by_side"):  # one layer in 8 bits
            qkv = heads.side_by_side(x)  # (N, 3D)
        else:
            qkv = _apply_side_by_side(x, heads.query, heads.key, heads.value)  # (N, 3D)
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
