"""A second baseline: logistic regression on frozen MiniLM embeddings, where the MiniLM package is installed."""

from collections.abc import Callable, Sequence

import numpy as np

from txt.arrays import Ints
from txt.data.minilm import minilm_folder
from txt.evaluation.baseline import Baseline
from txt.model.embedding import embed_with_minilm

NAME = "logistic regression on frozen MiniLM embeddings"
MAX_ROWS = 20_000  # of the train split: minutes to embed on a CPU, and the score hardly moves beyond


def fit_predict_embeddings(
    train_texts: Sequence[str],
    train_labels: Ints,
    texts: Sequence[str],
    classes: int,
    progress: Callable[[float], object] = lambda _share: None,
) -> Baseline | None:
    """Fit on embeddings of the train split and predict `texts`; None without the package or a second class."""
    if minilm_folder() is None or len(np.unique(train_labels)) < 2:
        return None
    from txt.training.linear_head import STRENGTH, fit_head

    rows = np.linspace(0, len(train_labels) - 1, min(len(train_labels), MAX_ROWS), dtype=np.int64)
    train = embed_with_minilm([train_texts[row] for row in rows], progress).matrix
    head = fit_head(train, train_labels[rows], classes, STRENGTH)
    found = head.logits(embed_with_minilm(texts, progress).matrix)
    return Baseline(NAME, found.argmax(1).astype(np.int64))
