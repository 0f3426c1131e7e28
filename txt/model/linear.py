"""NgramClassifier: a linear model on n-grams alone, the first rung of the ladder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from txt.model.dropout import Dropout, no_dropout
from txt.model.model_config import ModelConfig
from txt.model.ngrams import SAME_BASE, NgramLogits
from txt.model.weights import load_weights, make_empty, read_config, save_weights


class NgramClassifierConfig(ModelConfig):
    """Sizes: entries of the tokenizer, tokens read of a text, n-grams, characters of the table that spells entries."""

    model_type = "txt-ngrams"

    def __init__(
        self,
        vocab_size: int,
        max_length: int,
        ngrams: int,
        ngram_characters: int,
        pad_token_id: int = 0,
        ngram_hashing: int = SAME_BASE,
        **values: Any,
    ) -> None:
        super().__init__(values)
        self.vocab_size = vocab_size
        self.max_position_embeddings = max_length
        self.ngrams = ngrams
        self.ngram_characters = ngram_characters
        self.pad_token_id = pad_token_id
        self.ngram_hashing = ngram_hashing

    _SIZES = ("vocab_size", "max_position_embeddings", "ngrams", "ngram_characters", "pad_token_id", "ngram_hashing")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what a config.json says.

        Raises:
            InputError: a size is not a number.
        """
        source = ModelConfig(values)
        defaults = {"ngram_hashing": SAME_BASE}
        sizes = (source.read_number(name, defaults.get(name, 0)) for name in cls._SIZES)
        return cls(*sizes, **{name: value for name, value in values.items() if name not in cls._SIZES})

    def _own_values(self) -> dict[str, Any]:
        sizes = {name: getattr(self, name) for name in self._SIZES}
        return {"architectures": ["NgramClassifier"], "model_type": self.model_type, **sizes}


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
