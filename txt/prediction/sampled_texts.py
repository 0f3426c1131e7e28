"""Some of the texts that were predicted, drawn as they go by, and how they differ from those a run learned from."""

from random import Random
from typing import TYPE_CHECKING

import numpy as np

from txt.data.prepared import MANIFEST, Prepared
from txt.evaluation.calibration import softmax
from txt.prediction.classifier import Predictor
from txt.prediction.model_source import ModelSource
from txt.training.ladder.out_of_fold import read_out_of_fold

if TYPE_CHECKING:
    from txt.evaluation.drift import Drift

MOST_ROWS = 2000
"""Texts that are kept: as many as a comparison looks at."""


class SampledTexts:
    """Keeps MOST_ROWS texts with their confidences, each text as likely as any other (reservoir sampling)."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.confidences: list[float] = []
        self._seen = 0
        self._rng = Random(0)

    def add(self, text: str, confidence: float) -> None:
        """See one more text."""
        self._seen += 1
        if len(self.texts) < MOST_ROWS:
            self.texts.append(text)
            self.confidences.append(confidence)
        elif (place := self._rng.randrange(self._seen)) < MOST_ROWS:
            self.texts[place], self.confidences[place] = text, confidence


def find_drift(source: ModelSource, classifier: Predictor, sample: SampledTexts) -> "Drift | None":
    """Compare texts with the train rows of the run that predicted them; None where these are not there, or too few."""
    if source.run is None or not source.run.may_read_prepared():
        return None
    if not (source.run.prepared_path() / MANIFEST).is_file():
        return None
    from txt.evaluation.drift import FEWEST_ROWS, measure_drift  # imports scipy

    if len(sample.texts) < FEWEST_ROWS:
        return None
    train = Prepared.open(source.run.prepared_path()).split("train")
    rows = np.sort(np.random.default_rng(0).permutation(len(train))[:MOST_ROWS])
    confidences = None
    found = read_out_of_fold(source.run.path)
    if found is not None:
        unlearned = softmax(found.logits / (classifier.temperature or 1.0)).max(1)
        confidences = unlearned, np.array(sample.confidences)
    return measure_drift(train.texts(rows), sample.texts, confidences)
