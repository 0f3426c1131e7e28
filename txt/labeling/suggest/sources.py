"""What proposes labels: each source is an annotator that gives rows a probability for each class, or abstains."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints
from txt.labeling.active.logistic import Matrix, Scores, softmax
from txt.labeling.active.models import RankingModel
from txt.labeling.active.vectors import Vectors
from txt.labeling.guide import Guide
from txt.labeling.rules.combination import ABSTAIN
from txt.labeling.suggest.given import GivenAnswers

_SHARPNESS = 20.0  # of the similarities of sentence vectors, whose differences are small
_NEIGHBORS = 5
_CHUNK = 1024  # rows compared with all labeled ones in one go
_LEAST_SHARE, _MOST_SHARE = 0.05, 0.98  # how sure a source with one answer a row may count as
_WORD_BREAKS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Material:
    """The rows that suggestions are for, as vectors.

    `vectors` are the model's features of P rows, `dense` (P, D) the encoder's, of length 1, and `class_vectors` (C, D)
    those of the classes; None without an encoder.
    """

    names: tuple[str, ...]
    vectors: Vectors
    model: RankingModel
    seed: int
    dense: Scores | None = None
    class_vectors: Scores | None = None


@dataclass(frozen=True)
class KnownPlaces:
    """The labels so far: `places` (M,) among the P rows, and `codes` (M,) as numbers into the names."""

    places: Ints
    codes: Ints

    def part(self, chosen: npt.NDArray[np.bool_]) -> "KnownPlaces":
        """Return some of the labels, (M,) says which."""
        return KnownPlaces(self.places[chosen], self.codes[chosen])


Predict = Callable[[Material, KnownPlaces, Ints], Scores]
"""Returns the probability of each class (T, C) at some places, from labels at others; a row of zeros abstains."""


def predict_by_names(material: Material, _known: KnownPlaces, targets: Ints) -> Scores:
    """Rank the classes by how near their names and descriptions are to a text, as an encoder sees them."""
    assert material.dense is not None
    assert material.class_vectors is not None
    return softmax(_SHARPNESS * (material.dense[targets] @ material.class_vectors.T))


def predict_by_model(material: Material, known: KnownPlaces, targets: Ints) -> Scores:
    """Predict with a model that is fitted on the labels; it abstains until there are two classes."""
    C = len(material.names)
    prior = material.vectors.prior_for(material.names)
    if len(np.unique(known.codes)) < 2:
        return np.zeros((len(targets), C), np.float32) if prior is None else softmax(prior[targets])
    matrix: Matrix = material.vectors.matrix
    given = None if prior is None else prior[known.places]
    predict = material.model.fit(matrix[known.places], known.codes, C, given, material.seed)
    return predict(matrix[targets], None if prior is None else prior[targets])


def predict_by_neighbors(material: Material, known: KnownPlaces, targets: Ints) -> Scores:
    """Let the labeled rows that are most like a text vote; it abstains where none is like it at all."""
    nearest, likeness = find_nearest(material, known.places, targets, _NEIGHBORS)
    found = np.zeros((len(targets), len(material.names)), np.float32)
    for rank in range(nearest.shape[1]):
        np.add.at(found, (np.arange(len(targets)), known.codes[nearest[:, rank]]), np.maximum(likeness[:, rank], 0.0))
    total = found.sum(1, keepdims=True)
    return np.asarray(np.divide(found, total, out=np.zeros_like(found), where=total > 0), np.float32)


LEARNED: Mapping[str, Predict] = {"model": predict_by_model, "near": predict_by_neighbors}
"""The sources that learn from labels, and so must be judged on rows that they did not learn from."""

PREDICT: Mapping[str, Predict] = {"names": predict_by_names, **LEARNED}
"""The sources that are computed from vectors; the answers of the others are given."""


def find_nearest(material: Material, places: Ints, targets: Ints, count: int) -> tuple[Ints, Scores]:
    """Return for rows (T,) the `count` most similar ones of `places`, as indices (T, K), and the likeness (T, K)."""
    matrix: Matrix = material.vectors.matrix if material.dense is None else material.dense
    K = min(count, len(places))
    nearest, likeness = np.zeros((len(targets), K), np.int64), np.zeros((len(targets), K), np.float32)
    if not K:
        return nearest, likeness
    others = matrix[places]
    for start in range(0, len(targets), _CHUNK):
        part = matrix[targets[start : start + _CHUNK]] @ others.T
        alike = np.asarray(part.todense() if hasattr(part, "todense") else part, np.float32)  # (chunk, M)
        best = np.argsort(-alike, axis=1, kind="stable")[:, :K]
        nearest[start : start + _CHUNK] = best
        likeness[start : start + _CHUNK] = np.take_along_axis(alike, best, 1)
    return nearest, likeness


def spread_given(given: GivenAnswers, targets: Ints, num_classes: int) -> Scores:
    """Return given answers as probabilities (T, C): what an answer is not sure of is spread over the other classes."""
    codes, sure = given.codes[targets], np.clip(given.sure[targets], _LEAST_SHARE, _MOST_SHARE)
    rest = (1 - sure) / max(num_classes - 1, 1)
    found = np.repeat(rest[:, None], num_classes, axis=1).astype(np.float32)
    answered = np.flatnonzero((codes != ABSTAIN) & (codes < num_classes))
    found[answered, codes[answered]] = sure[answered]
    found[np.setdiff1d(np.arange(len(targets)), answered)] = 0.0
    return found


def vote(probabilities: Scores) -> Ints:
    """Return the class that each row (T, C) gives most, or ABSTAIN."""
    return np.where(probabilities.max(1, initial=0.0) > 0, probabilities.argmax(1), ABSTAIN).astype(np.int64)


def describe_classes(names: Sequence[str], guide: Guide | None) -> list[list[str]]:
    """Return the texts that stand for each class: what belongs to it, its name before that, and its examples."""
    described = []
    for name in names:
        known = None if guide is None else guide.find(name)
        words = _WORD_BREAKS.sub(" ", name).strip() or name
        if known is None or not (known.belongs or known.examples):
            described.append([words])
            continue
        texts = [known.belongs, f"{words}: {known.belongs}"] if known.belongs else [words]
        described.append([*texts, *known.examples])
    return described


def average_class_vectors(described: Sequence[Sequence[str]], vectors: Scores) -> Scores:
    """Return a vector of length 1 for each class (C, D): the mean of its texts' vectors, which follow each other."""
    owners = np.repeat(np.arange(len(described)), [len(texts) for texts in described])
    sums = np.zeros((len(described), vectors.shape[1]), np.float32)
    np.add.at(sums, owners, vectors)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), np.float32)
