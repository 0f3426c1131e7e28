"""NgramClassifier: a linear model on n-grams alone, the first rung of the ladder."""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from txt.model.dropout import Dropout, no_dropout
from txt.model.model_config import NgramClassifierConfig
from txt.model.ngrams import NgramLogits
from txt.model.weights import load_weights, make_empty, read_config, save_weights


class NgramClassifier(nn.Module):
    """Multinomial logistic regression on the TF-IDF values of n-grams of words and characters."""

    def __init__(self, config: NgramClassifierConfig) -> None:
        super().__init__()
        self.config = config
        self.ngrams = NgramLogits(
            config.vocab_size, config.ngram_characters, config.ngrams, config.num_labels, config.ngram_hashing
        )
        self.bias = nn.Parameter(torch.zeros(config.num_labels))

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """Load a model that was saved, in float32.

        Raises:
            InputError: config.json and the weights do not belong together, or one of them cannot be read.
        """
        config = NgramClassifierConfig.from_json(read_config(folder))
        return load_weights(make_empty(lambda: cls(config)), folder)

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors."""
        save_weights(self, self.config.to_json(), folder)

    def exact_parts(self) -> tuple[nn.Module, ...]:
        """Return what is computed in float32 on every machine: the whole model."""
        return (self,)

    def classify(self, token_ids: Tensor, lengths: list[int], drop: Dropout = no_dropout) -> Tensor:
        """Return the logits (B, C) of B rows: their tokens (N,) laid end to end, and the length of each."""
        return self.ngrams(token_ids, lengths, drop) + self.bias.float()  # type: ignore[no-any-return]
