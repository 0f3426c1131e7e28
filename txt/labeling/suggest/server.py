"""The process that turns texts into vectors once, and then works out suggestions when asked."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints
from txt.data.reading.row_index import hash_content
from txt.labeling.active.models import MODELS, make_model
from txt.labeling.active.queues import KnownLabels
from txt.labeling.active.rank_server import read_pool
from txt.labeling.rules.combination import ABSTAIN
from txt.labeling.side_process import Worker, answer_questions
from txt.labeling.suggest.given import GivenAnswers
from txt.labeling.suggest.judging import FOLDS, HELD_OUT, suggest_labels
from txt.labeling.suggest.messages import Suggested, SuggestPool, SuggestQuestion
from txt.labeling.suggest.sources import (
    KnownPlaces,
    Material,
    average_class_vectors,
    describe_classes,
)

_Array = TypeVar("_Array", bound=npt.NDArray[Any])


def serve(descriptor: int) -> None:
    """Answer questions until the other side closes the connection."""
    answer_questions(descriptor, _prepare)


class SuggestWorker:
    """The rows as vectors, and the answers to questions about them; `rows` (P,) are those that may be used."""

    def __init__(self, asked: SuggestPool, progress: Callable[[float], object] = lambda _share: None) -> None:
        self._asked = asked
        self.rows, texts = read_pool(asked.pool)
        plan, vectorize = asked.pool.plan, asked.pool.vectorize
        model = MODELS[plan.model] if vectorize is None else make_model(plan.model, vectorize)
        vectors = model.vectorize(texts, progress)
        dense = None
        if asked.encode is not None:
            dense = vectors.matrix if asked.encode is vectorize else asked.encode(texts, progress).matrix
        self._material = Material((), vectors, model, plan.seed, dense)
        hashes = np.array([hash_content(text) for text in texts], np.uint64)
        self._folds = (hashes % np.uint64(FOLDS)).astype(np.int64)  # the hash is as good as a draw

    def answer(self, question: SuggestQuestion) -> Suggested:
        """Return the suggestions for all rows."""
        if question.names != self._material.names:
            self._material = replace(self._material, names=question.names, class_vectors=None)
            if self._asked.encode is not None:
                described = describe_classes(question.names, self._asked.guide)
                texts = [text for each in described for text in each]
                vectors = self._asked.encode(texts, lambda _share: None).matrix
                self._material = replace(self._material, class_vectors=average_class_vectors(described, vectors))
        folds = np.where(np.isin(self.rows, question.held_out), HELD_OUT, self._folds)
        known = self._find_places(question.known)
        found = suggest_labels(
            self._material,
            self._asked.sources,
            self._select_given(question.given),
            known,
            self._find_places(question.judged),
            folds,
        )
        return Suggested(question.moment, len(known.codes), self.rows, found)

    def _find_places(self, labels: KnownLabels) -> KnownPlaces:
        """Return the labels of rows that may be used, by their place among these."""
        inside = np.isin(labels.rows, self.rows)
        return KnownPlaces(np.searchsorted(self.rows, labels.rows[inside]), labels.codes[inside])

    def _select_given(self, given: Mapping[str, GivenAnswers]) -> dict[str, GivenAnswers]:
        return {
            name: replace(each, codes=_take(each.codes, self.rows, ABSTAIN), sure=_take(each.sure, self.rows, 0.0))
            for name, each in given.items()
        }


def _prepare(asked: SuggestPool, progress: Callable[[float], object]) -> Worker:
    worker = SuggestWorker(asked, progress)
    return worker.rows, worker.answer


def _take(values: _Array, rows: Ints, missing: float) -> _Array:
    """Return the values of rows; those beyond the end, of rows that came later, are `missing`."""
    found = np.full(len(rows), missing, values.dtype)
    inside = rows < len(values)
    found[inside] = values[rows[inside]]
    return found  # type: ignore[return-value]
