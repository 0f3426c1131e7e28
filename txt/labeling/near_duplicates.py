"""Texts that are nearly the same: MinHash over words and pairs of words, candidates checked by their true overlap.

Source: Broder 1997, "On the resemblance and containment of documents"; bands as in Leskovec et al., chapter 3.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import HashingVectorizer

from txt.metrics import Ints

LEAST_OVERLAP = 0.75
"""The share of words and pairs of words in common (Jaccard) from which two texts are near-duplicates."""

_BANDS, _BAND_ROWS = 16, 4  # two texts that share three quarters meet in a band with a probability of 99.7 %
_COLUMNS = 1 << 20
_PRIME = (1 << 31) - 1  # so that products of two numbers below it fit into 64 bits


def near_duplicates(texts: Sequence[str], seed: int = 0) -> Ints:
    """Return a group number for each text, (N,): texts of a group are linked by a chain of near-duplicates."""
    vectorizer = HashingVectorizer(
        n_features=_COLUMNS, ngram_range=(1, 2), binary=True, norm=None, alternate_sign=False, dtype=np.float32
    )
    grams = vectorizer.transform(texts).tocsr()
    first, second = _find_candidates(grams, seed)
    kept = _measure_overlap(grams, first, second) >= LEAST_OVERLAP
    links = sparse.coo_matrix((np.ones(int(kept.sum())), (first[kept], second[kept])), shape=(len(texts),) * 2)
    return np.asarray(connected_components(links, directed=False)[1], np.int64)


def _find_candidates(grams: sparse.csr_matrix, seed: int) -> tuple[Ints, Ints]:
    """Return pairs of texts that have the same MinHash in a band; in a crowd, each is paired with the one before it."""
    rows = np.flatnonzero(np.diff(grams.indptr))  # those with a word at all
    if len(rows) < 2:
        return rows[:0], rows[:0]
    pairs: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        keys = _make_band_keys(grams, rows, np.random.default_rng([seed, band]))
        order = np.argsort(keys, kind="stable")
        same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
        pairs.update(zip(rows[order[same]].tolist(), rows[order[same + 1]].tolist(), strict=True))
    found = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _make_band_keys(grams: sparse.csr_matrix, rows: Ints, rng: np.random.Generator) -> npt.NDArray[np.uint64]:
    """Return one number for the MinHashes of each text in a band, (rows,)."""
    keys = np.zeros(len(rows), np.uint64)
    starts = grams.indptr[rows]
    for _ in range(_BAND_ROWS):
        a, b = (int(number) for number in rng.integers(1, _PRIME, 2))
        hashes = (grams.indices.astype(np.uint64) * np.uint64(a) + np.uint64(b)) % np.uint64(_PRIME)
        lowest = np.minimum.reduceat(hashes, starts)  # texts without words lie between as empty stretches
        keys = keys * np.uint64(0x9E3779B97F4A7C15) + lowest
    return keys


def _measure_overlap(grams: sparse.csr_matrix, first: Ints, second: Ints) -> npt.NDArray[np.float64]:
    """Return the Jaccard overlap of each pair, (pairs,)."""
    shared = np.asarray(grams[first].multiply(grams[second]).sum(1)).ravel()
    sizes = np.diff(grams.indptr)
    return np.asarray(shared / np.maximum(sizes[first] + sizes[second] - shared, 1), np.float64)
