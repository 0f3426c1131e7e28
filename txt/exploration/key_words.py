"""The words of clusters: those that stand for one among all, and those that set two apart."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from txt.exploration.encoders import split_words
from txt.exploration.personal import hide_personal

Ints = npt.NDArray[np.int64]

_PRIOR_WORDS = 500.0  # that the prior counts for
_LEAST_TEXTS = 2
_LIFT = 1.5  # times a key word's share in its cluster is its share in all; the commonest words of a language stay below


class WordCounts:
    """In how many texts of each cluster a word or a pair of words stands.

    Personal data and numbers are left out, and what consists of `common` words alone. `totals` (C,) are the texts of
    each cluster.
    """

    def __init__(self, texts: Iterable[str], codes: Ints, clusters: int, common: frozenset[str] = frozenset()) -> None:
        counts: list[Counter[str]] = [Counter() for _ in range(clusters)]
        for text, code in zip(texts, codes.tolist(), strict=True):
            if code >= 0:
                counts[code].update(dict.fromkeys(list_terms(text), 1))  # in the order of the texts, and not of a set
        total: Counter[str] = Counter()
        for each in counts:
            total.update(each)
        self.terms = [
            term for term, count in total.items() if count >= _LEAST_TEXTS and not common.issuperset(term.split(" "))
        ]
        self._places = {term: place for place, term in enumerate(self.terms)}
        self.counts = np.zeros((clusters, len(self.terms)), np.float64)  # (C, V)
        for cluster, each in enumerate(counts):
            for term, count in each.items():
                if (place := self._places.get(term)) is not None:
                    self.counts[cluster, place] = count
        self.totals = np.bincount(codes[codes >= 0], minlength=clusters)

    def find_key_words(self, cluster: int, most: int) -> list[str]:
        """Return the words that stand for a cluster, by c-TF-IDF.

        A word weighs its share in the cluster times the logarithm of 1 + the words of a mean cluster by the word's
        count in all (Grootendorst 2022, "BERTopic").
        """
        if not len(self.terms):
            return []
        own = self.counts[cluster]
        lift = own / max(self.totals[cluster], 1) / (self.counts.sum(0) / max(self.totals.sum(), 1))
        inverse = np.log(1 + self.counts.sum() / len(self.counts) / self.counts.sum(0))
        weights = own / max(own.sum(), 1.0) * inverse
        special = weights * (lift >= _LIFT) if len(self.counts) > 1 else weights
        return self._take(special if special.any() else weights, most)

    def find_setting_apart(self, cluster: int, other: int, most: int) -> list[str]:
        """Return the words that set a cluster apart from another: by their log-odds ratios in standard errors.

        The prior is the words of all clusters (Monroe, Colaresi and Quinn 2008, "Fightin' words").
        """
        if not len(self.terms):
            return []
        prior = self.counts.sum(0) / self.counts.sum() * _PRIOR_WORDS
        one, two = self.counts[cluster] + prior, self.counts[other] + prior
        ratio = np.log(one / (one.sum() - one)) - np.log(two / (two.sum() - two))
        return self._take(ratio / np.sqrt(1 / one + 1 / two), most)

    def _take(self, weights: npt.NDArray[np.float64], most: int) -> list[str]:
        """Return the terms that weigh most, without those that have a word in common with one before them."""
        chosen: list[str] = []
        for place in np.argsort(-weights, kind="stable")[: most * 8].tolist():
            if weights[place] <= 0 or len(chosen) == most:
                break
            words = set(self.terms[place].split(" "))
            if not any(words & set(each.split(" ")) for each in chosen):
                chosen.append(self.terms[place])
        return chosen


def list_terms(text: str) -> Iterator[str]:
    """Yield the words of a text and its pairs of neighbours, without numbers and personal data."""
    words = [word for word in split_words(hide_personal(text, lambda _kind: " 0 ")) if not word.isdecimal()]
    yield from words
    yield from (f"{one} {two}" for one, two in pairwise(words))
