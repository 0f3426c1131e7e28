"""A baseline on the same split, a bag of words: it shows when a transformer is not worth its cost."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from txt.metrics import Ints

NAME = "TF-IDF 1–2-grams + LinearSVC"
MAX_ROWS = 200_000  # beyond this the features of all 2-grams outgrow a laptop's memory, and the score hardly moves

_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")  # Thai to Han


@dataclass(frozen=True)
class Baseline:
    """A baseline's name and what it predicts, as class numbers (N,)."""

    name: str
    predictions: Ints


def fit_predict(train_texts: Sequence[str], train_labels: Ints, texts: Sequence[str], seed: int = 0) -> Baseline:
    """Fit TF-IDF 1–2-grams with a linear support vector machine on the train split, and predict `texts`.

    Languages written without spaces get 1–2-grams of characters. Where nothing can be learned (one class, no word that
    occurs) the baseline is the majority class.
    """
    rows = _sample_rows(len(train_labels), seed)
    fitted_labels = train_labels[rows]
    fitted_texts = [train_texts[row] for row in rows]
    if len(np.unique(fitted_labels)) < 2:
        return predict_majority(train_labels, len(texts))
    from sklearn.exceptions import ConvergenceWarning  # scikit-learn takes longer to import than torch
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    spaced = _uses_spaces(fitted_texts)
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, analyzer="word" if spaced else "char")
    try:
        features = vectorizer.fit_transform(fitted_texts)
    except ValueError:  # no word in any text
        return predict_majority(train_labels, len(texts))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the reader of the score can do nothing about it
        model = LinearSVC(random_state=seed).fit(features, fitted_labels)
    name = NAME if spaced else NAME.replace("1–2-grams", "character 1–2-grams")
    if len(rows) < len(train_labels):
        name += f", fitted on {len(rows):,} of {len(train_labels):,} rows"
    return Baseline(name, np.asarray(model.predict(vectorizer.transform(texts)), dtype=np.int64))


def predict_majority(train_labels: Ints, rows: int) -> Baseline:
    """Predict the most frequent class of the train split for every row; the lower number wins a tie."""
    return Baseline("majority class", np.full(rows, np.bincount(train_labels).argmax(), dtype=np.int64))


def _sample_rows(rows: int, seed: int) -> list[int]:
    return list(range(rows)) if rows <= MAX_ROWS else sorted(Random(seed).sample(range(rows), MAX_ROWS))


def _uses_spaces(texts: Sequence[str]) -> bool:
    """Tell whether spaces separate the words: fewer than a quarter of the letters are of scripts without spaces."""
    sample = "".join(texts[:1000])
    return 4 * len(_UNSPACED.findall(sample)) < len(sample)
