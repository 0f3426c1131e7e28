"""A quick check of labels: TF-IDF and logistic regression, fitted on the rows that are copied."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from txt.augmentation.label_form import find_form
from txt.config import PrepareConfig
from txt.errors import InputError

TFIDF = "tfidf"
"""The value of `--check` that selects the check in this file."""

_MOST_ROWS = 100_000  # to fit on; more would change little


@dataclass(frozen=True)
class TfidfCheck:
    """Predicts the label of a text by its words and pairs of words."""

    model: Any

    def __call__(self, texts: Sequence[str]) -> Sequence[object]:
        """Return the label of each text."""
        return list(self.model.predict(list(texts)))


@dataclass(frozen=True)
class TfidfSetCheck:
    """Predicts which labels hold for a text, one model a label."""

    model: Any

    def __call__(self, texts: Sequence[str]) -> Sequence[object]:
        """Return the numbers of the labels of each text."""
        return [tuple(row.nonzero()[0].tolist()) for row in self.model.predict(list(texts))]


class OneLearnerPerLabel:
    """One linear model for each label of rows that have several, on the numbers that `vectorizer` makes of texts."""

    def __init__(self, vectorizer: Any, learner: Any) -> None:
        self._vectorizer, self._learner = vectorizer, learner

    def fit(self, texts: Sequence[str], sets: Sequence[Sequence[str]]) -> "OneLearnerPerLabel":
        """Fit a model for each label; one that all rows have, or none, is answered as it is."""
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.preprocessing import MultiLabelBinarizer

        self.names = sorted({name for each in sets for name in each})
        held = MultiLabelBinarizer(classes=self.names).fit_transform(sets)  # (N, K)
        features = self._vectorizer.fit_transform(texts)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Label .* is present in all training examples")
            self._model = OneVsRestClassifier(self._learner).fit(features, held)
        return self

    def predict(self, texts: Sequence[str]) -> Any:
        """Return which labels hold, (N, K)."""
        return self._model.predict(self._vectorizer.transform(texts))


@dataclass
class Examples:
    """Collects labeled texts, a random sample of fixed size when there are very many, and fits the check on them."""

    text: str
    label: str | None
    reading: PrepareConfig = field(default_factory=PrepareConfig)
    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    _seen: int = 0
    _rng: Random = field(default_factory=lambda: Random(0))

    def see(self, row: Mapping[str, Any]) -> None:
        """Take a row in, or leave it out when many were seen."""
        self._seen += 1
        if len(self.texts) < _MOST_ROWS:
            self.texts.append(row[self.text] or "")
            self.labels.append((row.get(self.label) or "") if self.label else "")
            return
        place = self._rng.randrange(self._seen)
        if place < _MOST_ROWS:
            self.texts[place], self.labels[place] = (
                row[self.text] or "",
                (row.get(self.label) or "" if self.label else ""),
            )

    def fit_check(self) -> TfidfCheck | TfidfSetCheck:
        """Fit the check.

        Raises:
            InputError: there are no labels, or only one.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer  # seconds to import, and few ask for a check
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        if len(set(self.labels)) < 2:
            raise InputError(
                "--check tfidf needs labels of two classes at least", "--label-column names the column with the labels"
            )
        words, learner = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10)
        form = find_form(self.labels, self.reading)
        try:
            if form is None:
                return TfidfCheck(make_pipeline(words, learner).fit(self.texts, self.labels))
            sets = [form.parse(label) for label in self.labels]
            return TfidfSetCheck(OneLearnerPerLabel(words, learner).fit(self.texts, sets))
        except ValueError:
            raise InputError("--check tfidf finds no words in these texts") from None


def fit_check_on(rows: Iterable[tuple[str, str]], reading: PrepareConfig | None = None) -> TfidfCheck | TfidfSetCheck:
    """Fit the check on texts with their labels; see `Examples.fit_check` for the errors."""
    examples = Examples("text", "label", reading or PrepareConfig())
    for text, label in rows:
        examples.see({"text": text, "label": label})
    return examples.fit_check()
