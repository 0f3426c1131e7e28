"""Texts as rows of numbers, made once; the models that rank are fitted on these."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from txt.labeling.active.logistic import Matrix, Scores

_MOST_COLUMNS = 200_000  # so many words and pairs weigh 60 MB with 77 classes; rarer ones hardly move a ranking


@dataclass(frozen=True)
class Vectors:
    """Features of N texts: `matrix` (N, F), float32, sparse or dense.

    `prior` (N, C) are log-odds of a model that is there already, for the classes `prior_names`.
    """

    matrix: Matrix
    prior: Scores | None = None
    prior_names: tuple[str, ...] = ()

    def prior_for(self, names: Sequence[str]) -> Scores | None:
        """Return the prior with a column for each of `names`; a class it does not know is as unlikely as can be."""
        if self.prior is None:
            return None
        columns = [self.prior_names.index(name) if name in self.prior_names else -1 for name in names]
        lowest = self.prior.min(1)
        parts = [lowest if column < 0 else self.prior[:, column] for column in columns]
        return np.stack(parts, axis=1)


Vectorize = Callable[[Sequence[str], Callable[[float], object]], Vectors]
"""Makes vectors of texts, and tells the share that is done. It is sent to another process: a function of a module."""


def tfidf(texts: Sequence[str], progress: Callable[[float], object] = lambda _share: None) -> Vectors:
    """Return TF-IDF of words and pairs of words; of characters, where the texts have no words in two of them."""
    progress(0.0)
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, min_df=2, max_features=_MOST_COLUMNS, dtype=np.float32
    )
    try:
        return Vectors(vectorizer.fit_transform(texts))
    except ValueError:  # hardly a word that occurs twice: a handful of texts, or a script without spaces
        options = {"ngram_range": (1, 2), "sublinear_tf": True, "dtype": np.float32}
        return Vectors(TfidfVectorizer(analyzer="char", **options).fit_transform([*texts, "a"])[:-1])
