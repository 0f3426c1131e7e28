"""Fits the model on the labels so far and ranks the unlabeled rows; the result depends only on these and a seed."""

from collections.abc import Callable, Sequence

import numpy as np

from txt.arrays import Floats, Ints
from txt.labeling.active.cold_start import find_keyword_rows, spread_rows
from txt.labeling.active.label_sets import join_sets, mean_over_labels, predict_sets, read_sets
from txt.labeling.active.logistic import Scores
from txt.labeling.active.models import RankingModel
from txt.labeling.active.queues import (
    HOLDOUT,
    HOLDOUT_SHARE,
    QUEUE_ROWS,
    RANDOM,
    RANDOM_SHARE,
    START,
    STRATEGY,
    KnownLabels,
    Question,
    Ranking,
)
from txt.labeling.active.strategies import STRATEGIES, take_score
from txt.labeling.active.vectors import Vectors


class ActiveLearner:
    """The pool of rows as vectors, and how to rank them.

    `pool` (P,) are row numbers, rising; line p of the vectors is the text of row `pool[p]`. Rows that are not in the
    pool are neither learned from nor asked about. With `several` labels are joined ones, and what is predicted too.
    """

    def __init__(
        self,
        pool: Ints,
        vectors: Vectors,
        model: RankingModel,
        strategy: str,
        seed: int,
        start: Ints | None = None,
        several: bool = False,
    ) -> None:
        self._several = several
        self.pool, self.vectors = pool, vectors
        self._model, self._strategy, self._seed = model, strategy, seed
        self._start = start

    def rank(self, question: Question, count: int = QUEUE_ROWS, random_share: float = RANDOM_SHARE) -> Ranking:
        """Fit the model, and return the rows to ask about."""
        rng = np.random.default_rng([self._seed, question.moment])
        candidates = self._find_places(question.candidates)
        labels = question.labels
        places, known = self._find_labeled(labels)
        prior = self.vectors.prior_for(labels.names)
        can_learn = len(np.unique(known)) > 1
        if not can_learn and (prior is None or len(labels.names) < 2):
            best, scores = self._start_cold(candidates, rng, count)
            return self._mix_queue(question, candidates, best, scores, START, rng, random_share)
        probabilities = self._predict(places, known, labels.names, prior)
        chosen, scores = STRATEGIES[self._strategy](
            probabilities[candidates],
            self.vectors.matrix[candidates],
            count,
            rng,
            mean_over_labels if self._several else take_score,
        )
        queue = self._mix_queue(question, candidates, candidates[chosen], scores, STRATEGY, rng, random_share)
        names, predicted, confidence = self._decide(probabilities, labels.names)
        return Ranking(
            queue.moment,
            queue.rows,
            queue.picked,
            queue.scores,
            names,
            predicted,
            confidence,
            len(places),
        )

    def predict(self, labels: KnownLabels) -> tuple[tuple[str, ...], Ints]:
        """Return what a model fitted on labels, of two at least, predicts: names, and numbers into them (P,)."""
        places, known = self._find_labeled(labels)
        probabilities = self._predict(places, known, labels.names, self.vectors.prior_for(labels.names))
        return self._decide(probabilities, labels.names)[:2]

    def _decide(self, probabilities: Scores, names: tuple[str, ...]) -> tuple[tuple[str, ...], Ints, Scores]:
        """Return labels, which of them is predicted for each row (P,), and how sure that is (P,)."""
        if self._several:
            return join_sets(probabilities, read_sets(names)[0])
        return names, probabilities.argmax(1), probabilities.max(1)

    def _predict(self, places: Ints, known: Ints, names: tuple[str, ...], prior: Scores | None) -> Scores:
        matrix = self.vectors.matrix
        if self._several:
            return predict_sets(self._model, matrix, places, read_sets(names)[1][known], self._seed)
        if not len(places):
            assert prior is not None
            return np.asarray(np.exp(prior) / np.exp(prior).sum(1, keepdims=True), np.float32)
        labeled_prior = None if prior is None else prior[places]
        predict = self._model.fit(matrix[places], known, len(names), labeled_prior, self._seed)
        return predict(matrix, prior)

    def _find_labeled(self, labels: KnownLabels) -> tuple[Ints, Ints]:
        """Return the lines of the labeled rows and their labels."""
        places = np.searchsorted(self.pool, labels.rows)
        inside = (places < len(self.pool)) & (self.pool[np.minimum(places, len(self.pool) - 1)] == labels.rows)
        return places[inside], labels.codes[inside]

    def _find_places(self, rows: Ints) -> Ints:
        return np.flatnonzero(np.isin(self.pool, rows))

    def _start_cold(self, candidates: Ints, rng: np.random.Generator, count: int) -> tuple[Ints, Scores]:
        best = candidates[rng.permutation(len(candidates))]
        if self._strategy != "random":
            if self._start is None:
                self._start = spread_rows(self.vectors.matrix, self._seed)
            first = self._start[np.isin(self._start, candidates)]
            best = np.concatenate([first, best[~np.isin(best, first)]])
        return best[:count], np.zeros(len(best[:count]), np.float32)

    def _mix_queue(
        self,
        question: Question,
        candidates: Ints,
        best: Ints,
        scores: Scores,
        picked: int,
        rng: np.random.Generator,
        random_share: float,
    ) -> Ranking:
        """Mix the best rows with random ones and with those of the holdout."""
        sources = {
            picked: list(zip(self.pool[best].tolist(), scores.tolist(), strict=True)),
            RANDOM: [(row, 0.0) for row in self.pool[candidates[rng.permutation(len(candidates))]][:QUEUE_ROWS]],
            HOLDOUT: [(row, 0.0) for row in question.holdout[:QUEUE_ROWS].tolist()],
        }
        drawn = rng.random((len(best) + len(question.holdout[:QUEUE_ROWS]), 2))
        queue = mix_queue(sources, picked, drawn, random_share)
        rows, whys, values = zip(*queue, strict=True) if queue else ((), (), ())
        return Ranking(question.moment, np.array(rows, np.int64), np.array(whys, np.int8), np.array(values, np.float32))


def mix_queue(
    sources: dict[int, list[tuple[int, float]]], main: int, drawn: Floats, random_share: float
) -> list[tuple[int, int, float]]:
    """Return (row, why, score) from several lists of (row, score), no row twice.

    Each line of `drawn` (K, 2), uniform numbers, decides on a place: one of the holdout, a random one, or the next of
    `main`.
    """
    left = {why: iter(rows) for why, rows in sources.items()}
    seen: set[int] = set()
    queue: list[tuple[int, int, float]] = []
    for holdout, random in drawn.tolist():
        wanted = [HOLDOUT] if holdout < HOLDOUT_SHARE else []
        wanted += [RANDOM] if random < random_share else []
        for why in [*wanted, main, HOLDOUT]:
            found = next(((row, score) for row, score in left[why] if row not in seen), None)
            if found is not None:
                seen.add(found[0])
                queue.append((found[0], why, found[1]))
                break
    return queue


def make_learner(
    pool: Ints,
    texts: Sequence[str],
    model: RankingModel,
    strategy: str,
    seed: int,
    keywords: Sequence[str] = (),
    progress: Callable[[float], object] = lambda _share: None,
    several: bool = False,
) -> ActiveLearner:
    """Turn texts, one for each row of the pool, into vectors, and return what ranks them."""
    vectors = model.vectorize(texts, progress)
    start = find_keyword_rows(texts, keywords, seed) if keywords else None
    return ActiveLearner(pool, vectors, model, strategy, seed, start, several)
