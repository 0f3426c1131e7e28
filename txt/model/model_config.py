"""A model's config.json as a value: its classes, its sizes, and every other key as it was read.

The keys are those of Hugging Face, so that other programs read the folders that are written here.
"""

from collections.abc import Mapping
from typing import Any

from txt.errors import InputError


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
