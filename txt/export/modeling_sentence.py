"""SentenceClassifier: a pretrained encoder, the mean over its tokens, a linear head, perhaps n-grams beside it.

The head of encoders that were trained to give one vector a sentence; `transformers` has no class for it. This file
needs nothing but torch, transformers and the n-grams' file, so that it can travel with an exported model.
"""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForSequenceClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.modeling_outputs import SequenceClassifierOutput

try:
    from transformers import initialization
except ImportError:  # before transformers 5
    from torch.nn import init as initialization  # type: ignore[no-redef]

from txt.model.ngrams import NgramLogits


class SentenceClassifierConfig(PretrainedConfig):
    """The encoder's own configuration, and the dropout before the head.

    `ngrams` is the number of n-grams of a linear model beside the encoder; `ngram_pieces` and `ngram_characters` are
    the sizes of the table that spells them.
    """

    model_type = "txt-sentence-classifier"
    sub_configs: ClassVar[dict[str, Any]] = {"encoder": AutoConfig}

    def __init__(
        self,
        encoder: Any = None,
        dropout: float = 0.1,
        ngrams: int = 0,
        ngram_characters: int = 0,
        ngram_pieces: int = 0,
        ngram_hashing: int = 1,
        **kwargs: Any,
    ) -> None:
        if isinstance(encoder, dict):
            encoder = AutoConfig.for_model(**encoder)
        self.encoder = encoder or AutoConfig.for_model("bert")
        self.dropout = dropout
        self.ngrams = ngrams
        self.ngram_characters = ngram_characters
        self.ngram_pieces = ngram_pieces
        self.ngram_hashing = ngram_hashing
        super().__init__(**kwargs)

    @property
    def hidden_size(self) -> int:
        """Width of the encoder."""
        return int(self.encoder.hidden_size)

    @property
    def num_hidden_layers(self) -> int:
        """Layers of the encoder."""
        return int(self.encoder.num_hidden_layers)


class SentenceClassifier(PreTrainedModel):
    """Mean pooling over the tokens of each row, dropout, a linear layer; the logits of n-grams are added.

    Source: Reimers and Gurevych 2019, "Sentence-BERT", for the pooling.
    """

    config_class = SentenceClassifierConfig
    base_model_prefix = "encoder"
    supports_gradient_checkpointing = True
    _supports_sdpa = True

    def __init__(self, config: SentenceClassifierConfig) -> None:
        super().__init__(config)
        self.encoder = remove_pooler(AutoModel.from_config(config.encoder))
        classes = int(config.num_labels or 2)
        self.classifier = nn.Linear(config.hidden_size, classes)
        self.ngrams = (
            NgramLogits(config.ngram_pieces, config.ngram_characters, config.ngrams, classes, config.ngram_hashing)
            if config.ngrams
            else None
        )
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if module is self.classifier:
            initialization.normal_(self.classifier.weight, std=0.02)
            initialization.zeros_(self.classifier.bias)
        elif isinstance(module, NgramLogits):
            initialization.zeros_(module.weight)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        **_: Any,
    ) -> SequenceClassifierOutput:
        """Classify padded rows.

        Args:
            input_ids: (B, T) int64.
            attention_mask: (B, T), 1 for tokens and 0 for padding; all tokens by default.
            labels: (B,) int64, for a loss; (B, C) of 0 and 1 where rows have several labels.
        """
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        hidden = self.encoder(input_ids=input_ids, attention_mask=mask).last_hidden_state  # (B, T, D)
        pooled = F.dropout(mean_over_tokens(hidden, mask), self.config.dropout, self.training)  # (B, D)
        logits = self.classifier(pooled)
        if self.ngrams is not None:
            logits = logits + self.ngrams(input_ids[mask.bool()], mask.sum(1).tolist())
        loss = None
        if labels is not None and getattr(self.config, "problem_type", None) == "multi_label_classification":
            loss = F.binary_cross_entropy_with_logits(logits.float(), labels.float())
        elif labels is not None:
            loss = F.cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def mean_over_tokens(hidden: Tensor, mask: Tensor) -> Tensor:
    """Return the mean (B, D) of `hidden` (B, T, D) over the tokens that `mask` (B, T) marks with 1."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9)


def remove_pooler(encoder: Any) -> Any:
    """Remove the layer that a mean over tokens makes useless, where the encoder has one."""
    if getattr(encoder, "pooler", None) is not None:
        encoder.pooler = None
    return encoder


AutoConfig.register(SentenceClassifierConfig.model_type, SentenceClassifierConfig, exist_ok=True)
AutoModelForSequenceClassification.register(SentenceClassifierConfig, SentenceClassifier, exist_ok=True)
