"""Which words a prediction depends on: each is left out in turn, and the change in log odds is its weight."""

import re
from dataclasses import dataclass

import numpy as np

from txt.arrays import Floats
from txt.errors import InputError, did_you_mean
from txt.prediction.classifier import Prediction, Predictor

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"  # Thai to Han: a letter is a word
_WORD = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")
_MOST = 256  # texts computed for one explanation; of longer ones, several words are left out together


@dataclass(frozen=True)
class Part:
    """A stretch of a text, and by how much its absence lowers the log odds of the answer; negative speaks against."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True)
class Explanation:
    """A prediction and the parts of the text, in their order."""

    text: str
    prediction: Prediction
    parts: tuple[Part, ...]

    def strongest(self, count: int) -> list[Part]:
        """Return the parts that weigh most, for or against."""
        return sorted(self.parts, key=lambda part: -abs(part.weight))[:count]


def explain(classifier: Predictor, text: str, *, stride: int | None = None, label: str | None = None) -> Explanation:
    """Predict a text, and weigh its words by leaving each out (occlusion; Zeiler and Fergus 2014).

    The words are weighed for `label`; without it for the class that is answered, or where rows have several labels for
    the likeliest one.

    Raises:
        InputError: the model does not know the label.
    """
    if label is not None and label not in classifier.labels:
        raise InputError(
            f"the model does not know the label `{label}`",
            did_you_mean(label, classifier.labels, f"it knows {', '.join(classifier.labels[:8])}"),
        )
    spans = word_spans(text)
    without = [text[:start] + text[end:] for start, end in spans]
    probabilities = classifier.predict_probabilities([text, *without], stride=stride).probabilities
    prediction = classifier.prediction(probabilities[0])
    if label is None:  # that of several is a set, and a node of a tree may be no class
        label = prediction.label if prediction.label in classifier.labels and classifier.decision is None else None
    place = int(probabilities[0].argmax()) if label is None else classifier.labels.index(label)
    odds = _log_odds(probabilities[:, place])
    weights = (odds[0] - odds[1:]).tolist()
    parts = (Part(start, end, weight) for (start, end), weight in zip(spans, weights, strict=True))
    return Explanation(text, prediction, tuple(parts))


def word_spans(text: str, most: int = _MOST) -> list[tuple[int, int]]:
    """Return where words stand in a text, or of more than `most` where groups of words next to each other do."""
    words = [found.span() for found in _WORD.finditer(text)]
    size = -(-len(words) // most) or 1
    return [(words[first][0], words[min(first + size, len(words)) - 1][1]) for first in range(0, len(words), size)]


def _log_odds(probability: Floats) -> Floats:
    kept = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(kept) - np.log1p(-kept))
