"""From a CSV of raw text to a trusted text classifier, without leaving the terminal.

from txt import load

classifier = load("runs/001")
classifier.predict(["a text", "another"])[0].label
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txt.prediction.classifier import Prediction, TextClassifier, load

__version__ = "0.1.0"
__all__ = ["Prediction", "TextClassifier", "__version__", "load"]


def __getattr__(name: str) -> object:
    """Load the public names when they are first asked for: they bring numpy and tokenizers, and `load` torch."""
    if name in ("Prediction", "TextClassifier", "load"):
        from txt.prediction import classifier

        return getattr(classifier, name)
    raise AttributeError(f"module `txt` has no `{name}`")
