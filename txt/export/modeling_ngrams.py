"""NgramClassifier: a linear model on n-grams alone. It needs nothing but torch, transformers and the n-grams' file."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    AutoConfig,
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


class NgramClassifierConfig(PretrainedConfig):
    """Sizes: entries of the tokenizer, tokens read of a text, n-grams, characters of the table that spells entries."""

    model_type = "txt-ngrams"

    def __init__(
        self,
        vocab_size: int = 8000,
        max_position_embeddings: int = 512,
        ngrams: int = 1,
        ngram_characters: int = 1,
        ngram_hashing: int = 1,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.max_position_embeddings = max_position_embeddings
        self.ngrams = ngrams
        self.ngram_characters = ngram_characters
        self.ngram_hashing = ngram_hashing
        super().__init__(**kwargs)


class NgramClassifier(PreTrainedModel):
    """Multinomial logistic regression on the TF-IDF values of n-grams of words and characters."""

    config_class = NgramClassifierConfig
    base_model_prefix = "txt"
    _supports_sdpa = True

    def __init__(self, config: NgramClassifierConfig) -> None:
        super().__init__(config)
        classes = int(config.num_labels or 2)
        self.ngrams = NgramLogits(
            config.vocab_size, config.ngram_characters, config.ngrams, classes, config.ngram_hashing
        )
        self.bias = nn.Parameter(torch.zeros(classes))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, NgramLogits):
            initialization.zeros_(module.weight)

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
        logits = self.ngrams(input_ids[mask.bool()], mask.sum(1).tolist()) + self.bias  # (B, C)
        loss = None
        if labels is not None and getattr(self.config, "problem_type", None) == "multi_label_classification":
            loss = F.binary_cross_entropy_with_logits(logits.float(), labels.float())
        elif labels is not None:
            loss = F.cross_entropy(logits.float(), labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


AutoConfig.register(NgramClassifierConfig.model_type, NgramClassifierConfig, exist_ok=True)
AutoModelForSequenceClassification.register(NgramClassifierConfig, NgramClassifier, exist_ok=True)
