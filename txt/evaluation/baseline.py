"""What a bag of words and characters reaches on the same split: a simple model that had every chance.

Multinomial logistic regression on TF-IDF values of words, pairs of words and runs of 2 to 5 characters, with a strength
of regularization that is chosen by cross-validation on the train rows, and probabilities, so that log losses compare.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from txt.arrays import Floats, Ints
from txt.model.logistic import ROUGH, fit_logistic
from txt.processes import count_cores
from txt.training.ladder.cross_fit import cross_fit
from txt.training.ladder.folds import make_folds

NAME = "logistic regression on TF-IDF of words and characters"
MAX_ROWS = 50_000  # beyond this the features outgrow a laptop's memory, and the score hardly moves

FEW_ROWS = 3000
"""Rows up to which n-grams of a single one are features too."""

_COSTLY = 60_000_000  # entries times classes from which two folds have to do
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")  # Thai to Han


@dataclass(frozen=True)
class Baseline:
    """A baseline's name and what it predicts, as class numbers (N,); `logits` (N, C) where it has probabilities."""

    name: str
    predictions: Ints
    logits: Floats | None = None


def fit_predict(
    train_texts: Sequence[str], train_labels: Ints, texts: Sequence[str], seed: int = 0, classes: int | None = None
) -> Baseline:
    """Fit the baseline on the train split, and predict `texts`.

    Languages written without spaces get runs of characters across the whole text. Where nothing can be learned (one
    class, no word that occurs) the baseline is the majority class.

    Args:
        train_texts: the rows to learn from.
        train_labels: their class numbers.
        texts: what to predict.
        seed: of the folds, and of the rows where not all are learned from.
        classes: how many there are, where it is more than the train rows show.
    """
    rows = sample_rows(len(train_labels), seed)
    labels = train_labels[rows]
    fitted_texts = [train_texts[row] for row in rows]
    if len(np.unique(labels)) < 2:
        return predict_majority(train_labels, len(texts))
    spaced = uses_spaces(fitted_texts)
    vectorizers = make_vectorizers(spaced, min_df=1 if len(rows) <= FEW_ROWS else 2)
    try:
        features = sparse.hstack([each.fit_transform(fitted_texts) for each in vectorizers], "csr", np.float32)
    except ValueError:  # no word in any text
        return predict_majority(train_labels, len(texts))
    count = classes or int(train_labels.max()) + 1
    strength = _choose_strength(features, labels, count, fitted_texts, seed)
    model = fit_logistic(features, labels, count, strength, tolerance=ROUGH / 10)
    name = NAME if spaced else NAME.replace("words and characters", "characters")
    if len(rows) < len(train_labels):
        name += f", fitted on {len(rows):,} of {len(train_labels):,} rows"
    unseen = sparse.hstack([each.transform(texts) for each in vectorizers], "csr", np.float32)
    logits = model.logits(unseen).astype(np.float64)
    return Baseline(name, logits.argmax(1).astype(np.int64), logits)


def predict_majority(train_labels: Ints, rows: int) -> Baseline:
    """Predict the most frequent class of the train split for every row; the lower number wins a tie."""
    return Baseline("majority class", np.full(rows, np.bincount(train_labels).argmax(), dtype=np.int64))


def make_vectorizers(spaced: bool, min_df: int, most: int | None = None) -> list[TfidfVectorizer]:
    """Return what makes features of texts; at most `most` each."""
    options = {"sublinear_tf": True, "min_df": min_df, "dtype": np.float32, "max_features": most}
    if not spaced:
        return [TfidfVectorizer(analyzer="char", ngram_range=sizes, **options) for sizes in ((1, 2), (3, 4))]
    return [
        TfidfVectorizer(ngram_range=(1, 2), **options),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **options),
    ]


def _choose_strength(features: sparse.csr_matrix, labels: Ints, classes: int, texts: Sequence[str], seed: int) -> float:
    """Choose by cross-validation; equal texts stay in one fold."""
    _, groups = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
    count = min(2 if features.nnz * classes > _COSTLY else 3, len(np.unique(groups)), len(labels))
    if count < 2:
        return 1.0
    folds = make_folds(labels, groups, count, seed)
    learned = [np.unique(labels[folds != fold]) for fold in range(count)]
    if min(map(len, learned)) < 2:  # too few rows for folds with two classes
        return 1.0
    fitted = cross_fit(lambda _: features, labels, classes, folds[None], count_cores())
    assert fitted is not None
    return fitted.strength


def sample_rows(rows: int, seed: int) -> list[int]:
    """Return the rows to learn from: all, or of very many some drawn by the seed."""
    return list(range(rows)) if rows <= MAX_ROWS else sorted(Random(seed).sample(range(rows), MAX_ROWS))


def uses_spaces(texts: Sequence[str]) -> bool:
    """Tell whether spaces separate the words: fewer than a quarter of the letters are of scripts without spaces."""
    sample = "".join(texts[:1000])
    return 4 * len(_UNSPACED.findall(sample)) < len(sample)
