"""What a bag of words and characters reaches where rows have several labels: one logistic regression a label."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from txt.arrays import Floats
from txt.evaluation.baseline import FEW_ROWS, make_vectorizers, sample_rows, uses_spaces
from txt.label_set_metrics import Decision, Matrix, choose_decision, sigmoid
from txt.model.logistic import FIRST_STRENGTH, ROUGH, fit_logistic_sets
from txt.processes import count_cores
from txt.training.ladder.cross_fit import cross_fit
from txt.training.ladder.kinds import SeveralLabels

NAME = "one logistic regression a label on TF-IDF of words and characters"

_FOLDS = 3
_COSTLY = 60_000_000  # entries times labels from which two folds have to do
_VERY_COSTLY = 1_000_000_000  # from which no strength is chosen
_MOST_WEIGHTS = 20_000_000  # of features times labels


@dataclass(frozen=True)
class SetBaseline:
    """A baseline's name, logits (N, K), and the thresholds that do best on rows that it did not learn from."""

    name: str
    logits: Floats
    decision: Decision


def fit_predict_sets(
    train_texts: Sequence[str], targets: Matrix, texts: Sequence[str], metric: str, seed: int = 0
) -> SetBaseline | None:
    """Fit the baseline on the train split, and predict `texts`; None where no text has a word.

    Args:
        train_texts: the rows to learn from.
        targets: which labels each of them has, (N, K).
        texts: what to predict.
        metric: the score that the thresholds are chosen for.
        seed: of the folds, and of the rows where not all are learned from.
    """
    rows = sample_rows(len(train_texts), seed)
    learned, known = targets[rows], [train_texts[row] for row in rows]
    labels = targets.shape[1]
    spaced = uses_spaces(known)
    vectorizers = make_vectorizers(spaced, 1 if len(rows) <= FEW_ROWS else 2, max(1000, _MOST_WEIGHTS // labels // 2))
    try:
        features = sparse.hstack([each.fit_transform(known) for each in vectorizers], "csr", np.float32)
    except ValueError:  # no word in any text
        return None
    kind = SeveralLabels(labels)
    cost = features.nnz * labels
    _, groups = np.unique(np.array(known, dtype=object).astype(str), return_inverse=True)
    count = min(2 if cost > _COSTLY else _FOLDS, len(np.unique(groups)))
    strength, decision = FIRST_STRENGTH, Decision.usual(labels)
    if count > 1 and cost <= _VERY_COSTLY:
        folds = kind.folds(learned, groups, count, seed)
        fitted = cross_fit(lambda _: features, learned, labels, folds[None], count_cores(), kind=kind)
        assert fitted is not None
        strength, decision = fitted.strength, choose_decision(learned, sigmoid(fitted.logits[0]), metric)
    model = fit_logistic_sets(features, learned, strength, tolerance=ROUGH / 10)
    unseen = sparse.hstack([each.transform(texts) for each in vectorizers], "csr", np.float32)
    name = NAME if spaced else NAME.replace("words and characters", "characters")
    if len(rows) < len(targets):
        name += f", fitted on {len(rows):,} of {len(targets):,} rows"
    return SetBaseline(name, model.logits(unseen).astype(np.float64), decision)
