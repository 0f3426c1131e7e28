"""TransformerClassifier on padded rows, for programs without txt: it needs torch and transformers, and nothing else.

Exported folders carry this file and that of the n-grams as one, and ONNX files are traced from it. The weights have the
names and the meaning that they have in txt, whose own model computes the same without padding.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.modeling_outputs import SequenceClassifierOutput

from txt.model.architecture import ClassifierWeights, LayerWeights, sinusoids


class EncoderLayer(LayerWeights):
    """Self-attention and a feed-forward network, each with a residual and a layer norm after or before it."""

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


class TransformerClassifier(ClassifierWeights):
    """Token embeddings with sinusoidal positions, encoder layers, mean pooling, a two-layer head, n-grams beside them.

    It is for inference: there is no dropout in it.
    """

    layer_class = EncoderLayer

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, labels: Tensor | None = None, **_: Any
    ) -> SequenceClassifierOutput:
        """Classify padded rows.

        Args:
            input_ids: (B, T) int64.
            attention_mask: (B, T), 1 for tokens and 0 for padding; all tokens by default.
            labels: (B,) int64, for a loss.
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
        loss = None if labels is None else F.cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
