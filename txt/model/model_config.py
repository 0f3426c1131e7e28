"""A model's config.json as a value: its classes, its sizes, and every other key as it was read.

The keys are those of Hugging Face, so that other programs read the folders that are written here.
"""

from collections.abc import Mapping
from typing import Any, Self

from txt.errors import InputError

FAMILIES = {"bert": False, "roberta": True, "xlm-roberta": True, "camembert": True}
"""Model types of this architecture; True where positions are counted from beyond the padding token's id."""

ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish")

OURS = ("txt-transformer", "txt-sentence-classifier")
"""The model types that txt writes."""


def covers(values: Mapping[str, Any]) -> bool:
    """Return whether a config.json is of BERT's architecture, and asks for nothing that is not computed here."""
    special = ("is_decoder", "add_cross_attention", "quantization_config", "pruned_heads")
    return (
        values.get("model_type") in FAMILIES
        and values.get("position_embedding_type", "absolute") in (None, "absolute")
        and values.get("hidden_act", "gelu") in ACTIVATIONS
        and not any(values.get(key) for key in special)
    )


class ModelConfig:
    """What config.json says of a classifier.

    Attributes:
        values: all keys as they were read; sizes are read from here, and what is not known stays.
        id2label: the classes by their ids.
    """

    model_type = ""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)
        self.id2label = _read_classes(self.values)

    @property
    def num_labels(self) -> int:
        """Number of classes."""
        return len(self.id2label)

    @property
    def label2id(self) -> dict[str, int]:
        """The ids of the classes."""
        return {label: number for number, label in self.id2label.items()}

    def to_json(self) -> dict[str, Any]:
        """Return what config.json is to hold."""
        names = {"id2label": {str(number): label for number, label in self.id2label.items()}, "label2id": self.label2id}
        return {**self.values, **self._own_values(), **names, "dtype": "float32"}

    def _own_values(self) -> dict[str, Any]:
        return {}

    def read_number(self, key: str, default: int) -> int:
        """Return a size that config.json holds, or its default.

        Raises:
            InputError: it is not a whole number.
        """
        value = self.values.get(key)
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InputError(f"config.json says `{key}` is {value!r}, and not a whole number")
        return value


class TransformerClassifierConfig(ModelConfig):
    """The architecture, in the names of `--recipe guide`; `dim_feedforward` defaults to 4 × `d_model`.

    `norm_first` normalizes what goes into a layer's two parts, and not what comes out. `ngrams` is the number of
    n-grams of a linear model beside the encoder, `ngram_characters` the size of the table that spells them, and
    `ngram_hashing` says how their pairs of words are hashed (`txt.model.ngrams`).
    """

    model_type = "txt-transformer"

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
        pad_token_id: int = 0,
        ngram_hashing: int = 1,
        **values: Any,
    ) -> None:
        super().__init__(values)
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
        self.pad_token_id = pad_token_id
        self.ngram_hashing = ngram_hashing

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what a config.json says.

        Raises:
            InputError: a size is not a number.
        """
        source = ModelConfig(values)
        read = source.read_number
        return cls(
            read("vocab_size", 8000),
            read("d_model", 512),
            read("nhead", 8),
            read("num_layers", 6),
            read("dim_feedforward", 0) or None,
            float(values.get("dropout", 0.1)),
            read("max_position_embeddings", 512),
            bool(values.get("norm_first", False)),
            read("ngrams", 0),
            read("ngram_characters", 0),
            read("pad_token_id", 0),
            read("ngram_hashing", 1),
            **{name: value for name, value in values.items() if name not in cls._SIZES},
        )

    _SIZES = (
        "vocab_size",
        "d_model",
        "nhead",
        "num_layers",
        "dim_feedforward",
        "dropout",
        "max_position_embeddings",
        "norm_first",
        "ngrams",
        "ngram_characters",
        "pad_token_id",
        "ngram_hashing",
    )

    @property
    def hidden_size(self) -> int:
        """The width, by the name that other architectures have for it."""
        return self.d_model

    @property
    def num_hidden_layers(self) -> int:
        """The number of layers, by the name that other architectures have for it."""
        return self.num_layers

    def _own_values(self) -> dict[str, Any]:
        sizes = {name: getattr(self, name) for name in self._SIZES}
        return {"architectures": ["TransformerClassifier"], "model_type": self.model_type, **sizes}


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
        ngram_hashing: int = 1,
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
        defaults = {"ngram_hashing": 1}
        sizes = (source.read_number(name, defaults.get(name, 0)) for name in cls._SIZES)
        return cls(*sizes, **{name: value for name, value in values.items() if name not in cls._SIZES})

    def _own_values(self) -> dict[str, Any]:
        sizes = {name: getattr(self, name) for name in self._SIZES}
        return {"architectures": ["NgramClassifier"], "model_type": self.model_type, **sizes}


class BertConfig(ModelConfig):
    """The sizes of an encoder, by config.json's keys, with the defaults of `transformers` for those that are absent."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self.model_type = str(values["model_type"])
        self.is_roberta = FAMILIES[self.model_type]
        read = self.read_number
        self.vocab_size = read("vocab_size", 50265 if self.model_type == "roberta" else 30522)
        self.hidden_size = read("hidden_size", 768)
        self.num_hidden_layers = read("num_hidden_layers", 12)
        self.num_attention_heads = read("num_attention_heads", 12)
        self.intermediate_size = read("intermediate_size", 3072)
        self.max_position_embeddings = read("max_position_embeddings", 512)
        self.type_vocab_size = read("type_vocab_size", 2)
        self.pad_token_id = read("pad_token_id", 1 if self.is_roberta else 0)
        self.layer_norm_eps = float(values.get("layer_norm_eps", 1e-12))
        self.initializer_range = float(values.get("initializer_range", 0.02))
        self.hidden_act = str(values.get("hidden_act", "gelu"))
        self.is_decoder = False

    def _own_values(self) -> dict[str, Any]:
        name = {"bert": "Bert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta", "camembert": "Camembert"}
        return {"architectures": [f"{name[self.model_type]}ForSequenceClassification"], "model_type": self.model_type}


def _read_classes(values: Mapping[str, Any]) -> dict[int, str]:
    """Return the classes by their ids; placeholders, two by default, where config.json does not name them."""
    named = values.get("id2label")
    if isinstance(named, Mapping) and named:
        found = {int(number): str(label) for number, label in named.items()}
        if sorted(found) == list(range(len(found))):
            return dict(sorted(found.items()))
        raise InputError("config.json does not number its classes from 0 without gaps")
    count = values.get("num_labels")
    return {number: f"LABEL_{number}" for number in range(count if isinstance(count, int) and count > 0 else 2)}
