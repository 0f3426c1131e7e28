"""Drift: whether new texts are like those that a model learned from, and which of them are least so.

A classifier learns to tell new texts from train texts, on half of both, and is asked about the other half. If both are
of one kind it can only guess (a classifier two-sample test, Lopez-Paz and Oquab 2017). The p-value is that of a
permutation test on the half that it did not learn from, where its scores are fixed, so that it holds whatever the
classifier is.
"""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from txt.arrays import Floats, Ints
from txt.model.logistic import ROUGH, fit_logistic

FEWEST_ROWS = 50
"""New rows from which differences are looked for."""

MOST_ROWS = 2000
"""Rows of each kind that are compared, drawn at random."""

_CLEAR = 0.001  # a p-value below which texts are said to differ
_STRENGTH = 1.0
_FEATURES = 1 << 16
_DRAWS = 5000
_SHOWN = 3
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Drift:
    """What differs between new texts and train texts.

    Attributes:
        rows: new rows that were compared.
        auc: how often a new text of a pair is told from a train text; 0.5 is guessing.
        p_value: how often as much would be seen if both were of one kind.
        unknown_words: the share of words that half of the train texts do not have: of the others, and of new texts.
        lengths: the median number of words: of train texts, and of new texts.
        confidences: the mean confidence on rows that the model did not learn, and on new ones; None where unknown.
        most_different: places of the new texts that look least like train texts.
    """

    rows: int
    auc: float
    p_value: float
    unknown_words: tuple[float, float]
    lengths: tuple[float, float]
    confidences: tuple[float, float] | None
    most_different: tuple[int, ...]

    @property
    def is_clear(self) -> bool:
        """Whether the texts differ by more than chance."""
        return self.p_value < _CLEAR and self.auc > 0.5

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "rows": self.rows,
            "auc": self.auc,
            "p_value": self.p_value,
            "clear": self.is_clear,
            "unknown_words": {"train": self.unknown_words[0], "new": self.unknown_words[1]},
            "median_words": {"train": self.lengths[0], "new": self.lengths[1]},
            "mean_confidence": None
            if self.confidences is None
            else {"unlearned": self.confidences[0], "new": self.confidences[1]},
            "most_different": list(self.most_different),
        }


def measure_drift(
    train: Sequence[str],
    new: Sequence[str],
    confidences: tuple[Floats, Floats] | None = None,
    seed: int = 0,
) -> Drift | None:
    """Compare new texts with train texts; None where there are too few.

    Args:
        train: texts that the model learned from.
        new: other texts.
        confidences: of rows that the model did not learn from but that are like those it did, and of the new texts.
        seed: of the rows that are drawn, and of the permutations.
    """
    if len(new) < FEWEST_ROWS or len(train) < FEWEST_ROWS:
        return None
    rng = np.random.default_rng(seed)
    train_rows, new_rows = (rng.permutation(len(texts))[:MOST_ROWS] for texts in (train, new))
    texts = [train[row] for row in train_rows] + [new[row] for row in new_rows]
    is_new = np.repeat([0, 1], [len(train_rows), len(new_rows)])
    words = [_WORD.findall(text.lower()) for text in texts]
    features = _make_features(words)
    half = _halve(is_new, rng)
    scores, aucs, p_values = np.empty(len(texts)), [], []
    for learned in (half, ~half):
        asked = ~learned
        model = fit_logistic(features[learned], is_new[learned], 2, _STRENGTH, tolerance=ROUGH)
        logits = model.logits(features[asked])
        scores[asked] = logits[:, 1] - logits[:, 0]
        auc, p_value = compare_ranks(scores[asked], is_new[asked], rng)
        aucs.append(auc)
        p_values.append(p_value)
    vocabulary = {word for row in np.flatnonzero(half & (is_new == 0)) for word in words[row]}
    others = [words[row] for row in np.flatnonzero(~half & (is_new == 0))]
    fresh = [words[row] for row in np.flatnonzero(is_new == 1)]
    order = np.argsort(-scores[len(train_rows) :], kind="stable")
    return Drift(
        rows=len(new_rows),
        auc=float(np.mean(aucs)),
        p_value=min(1.0, 2 * min(p_values)),  # Bonferroni over both halves
        unknown_words=(_share_unknown(others, vocabulary), _share_unknown(fresh, vocabulary)),
        lengths=(float(np.median([len(row) for row in others])), float(np.median([len(row) for row in fresh]))),
        confidences=None if confidences is None else (float(confidences[0].mean()), float(confidences[1].mean())),
        most_different=tuple(int(new_rows[place]) for place in order[:_SHOWN]),
    )


def compare_ranks(scores: Floats, labels: Ints, rng: np.random.Generator) -> tuple[float, float]:
    """Return the area under the ROC curve of scores (N,) for labels (N,) of 0 and 1, and its p-value.

    The p-value is one-sided, by permuting the labels; (1 + draws at least as extreme) / (1 + draws), which is exact.
    """
    ranks = _rank(scores)
    ones = int(labels.sum())
    pairs = ones * (len(labels) - ones)
    lowest = ones * (ones + 1) / 2
    found = (ranks[labels == 1].sum() - lowest) / pairs
    drawn = np.array([ranks[rng.permutation(len(ranks))[:ones]].sum() for _ in range(_DRAWS)])
    more = int(((drawn - lowest) / pairs >= found - 1e-12).sum())
    return float(found), (1 + more) / (1 + _DRAWS)


def describe_drift(drift: Drift | None) -> str | None:
    """Say what differs; None where nothing clearly does."""
    if drift is None or not drift.is_clear:
        return None
    before, now = drift.unknown_words
    parts = [
        f"a classifier tells them from train texts in {drift.auc:.0%} of pairs (50 % is guessing, p "
        f"{'< 0.001' if drift.p_value < 0.001 else f'= {drift.p_value:.3f}'})",
        f"{now:.0%} of their words are new to half of the train texts, where {before:.0%} would be usual",
    ]
    if drift.lengths[0] != drift.lengths[1]:
        parts.append(f"the median is {drift.lengths[1]:g} words, and {drift.lengths[0]:g} in train")
    if drift.confidences is not None:
        parts.append(
            f"mean confidence is {drift.confidences[1]:.2f}, and {drift.confidences[0]:.2f} on rows like train's"
        )
    return f"these texts differ from those that the model learned from: {'; '.join(parts)}"


def _halve(is_new: Ints, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Draw half of each kind."""
    half = np.zeros(len(is_new), np.bool_)
    for kind in (0, 1):
        rows = rng.permutation(np.flatnonzero(is_new == kind))
        half[rows[: len(rows) // 2]] = True
    return half


def _make_features(words: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """Return hashed words and runs of three characters, each row scaled to length 1, (N, F)."""
    places: list[int] = []
    ends = [0]
    numbers: dict[str, list[int]] = {}
    for row in words:
        found: set[int] = set()
        for word in row:
            if word not in numbers:
                spaced = f" {word} "
                parts = [word, *(spaced[at : at + 3] for at in range(len(spaced) - 2))]
                numbers[word] = [zlib.crc32(part.encode("utf-8", "surrogatepass")) % _FEATURES for part in parts]
            found.update(numbers[word])
        places += sorted(found)
        ends.append(len(places))
    sizes = np.diff(ends)
    values = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    return sparse.csr_matrix(
        (values, np.array(places, np.int32), np.array(ends, np.int32)), shape=(len(words), _FEATURES)
    )


def _rank(scores: Floats) -> Floats:
    """Return ranks from 1, the mean of them where scores are equal."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ends = counts.cumsum()
    return np.asarray(((ends - counts + 1 + ends) / 2)[inverse], np.float64)


def _share_unknown(rows: Sequence[Sequence[str]], vocabulary: set[str]) -> float:
    words = [word for row in rows for word in row]
    return sum(word not in vocabulary for word in words) / max(len(words), 1)
