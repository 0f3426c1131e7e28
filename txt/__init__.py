"""From a CSV of raw text to a trusted text classifier, without leaving the terminal.

import txt

classifier = txt.load("runs/001")
classifier.predict(["a text", "another"])
txt.TextClassifier().fit(texts, labels).score(other_texts, other_labels)
"""

from importlib import import_module
from typing import TYPE_CHECKING

from txt.platforms import describe_unsupported
from txt.version import __version__

if TYPE_CHECKING:
    from txt.library.commands import compare, evaluate, explain, prepare, train
    from txt.library.explained import BadInputError, TxtWarning
    from txt.library.stored import Labels
    from txt.library.text_classifier import TextClassifier, load
    from txt.prediction.classifier import Prediction

__all__ = [
    "BadInputError",
    "Labels",
    "Prediction",
    "TextClassifier",
    "TxtWarning",
    "__version__",
    "compare",
    "evaluate",
    "explain",
    "load",
    "prepare",
    "train",
]

_HOMES = {
    "BadInputError": "txt.library.explained",
    "Labels": "txt.library.stored",
    "Prediction": "txt.prediction.classifier",
    "TextClassifier": "txt.library.text_classifier",
    "TxtWarning": "txt.library.explained",
    "compare": "txt.library.commands",
    "evaluate": "txt.library.commands",
    "explain": "txt.library.commands",
    "load": "txt.library.text_classifier",
    "prepare": "txt.library.commands",
    "train": "txt.library.commands",
}


def __getattr__(name: str) -> object:
    """Load the public names when they are first asked for: they bring numpy and scikit-learn, and their work torch."""
    if name in _HOMES:
        if problem := describe_unsupported():
            raise ImportError(problem)
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module `txt` has no `{name}`")


def __dir__() -> list[str]:
    return __all__
