"""The first rows to ask about, before there is a model: rows from different clusters, or rows with given keywords."""

import re
import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.exceptions import ConvergenceWarning

from txt.arrays import Floats, Ints
from txt.labeling.active.logistic import Matrix


def measure_centre_distances(rows: Matrix, clusters: int, seed: int) -> Floats:
    """Return the distance of each row to each of so many cluster centres, (N, clusters)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different rows than clusters
        return np.asarray(KMeans(clusters, n_init=1, random_state=seed).fit_transform(_drop_empty_columns(rows)))


def interleave(groups: npt.NDArray[np.integer]) -> Ints:
    """Return places so that each group has its turn: the first of each, then the second of each, in their order."""
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], groups[order], "left")
    rank = np.empty(len(groups), np.int64)
    rank[order] = np.arange(len(groups)) - starts
    return np.lexsort((np.arange(len(groups)), rank))


def _drop_empty_columns(rows: Matrix) -> Matrix:
    """Return rows without the columns in which none of them has anything; distances stay the same."""
    if not sparse.issparse(rows):
        return rows
    used, columns = np.unique(rows.indices, return_inverse=True)
    return sparse.csr_matrix((rows.data, columns, rows.indptr), shape=(rows.shape[0], max(len(used), 1)))


_MOST_ROWS = 4000  # clustered; a start needs a few dozen
_CLUSTERS = 20
_WIDTH = 50  # columns that sparse features are reduced to


def spread_rows(rows: Matrix, seed: int) -> Ints:
    """Return places of rows, one k-means cluster after the other, in each the row nearest to its centre first."""
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.permutation(rows.shape[0])[:_MOST_ROWS])
    if len(sample) <= _CLUSTERS:
        return rng.permutation(sample).astype(np.int64)
    points = _reduce_width(rows[sample], seed)
    distances = measure_centre_distances(points, _CLUSTERS, seed)  # (sample, clusters)
    groups = distances.argmin(1)
    nearest_first = np.argsort(distances.min(1), kind="stable")
    return sample[nearest_first][interleave(groups[nearest_first])].astype(np.int64)


def find_keyword_rows(texts: Sequence[str], keywords: Sequence[str], seed: int) -> Ints:
    """Return places of texts that have a keyword as whole words, in whatever case; the keywords take turns."""
    order = np.random.default_rng(seed).permutation(len(texts))
    patterns = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE) for word in keywords]
    found: list[int] = []
    groups: list[int] = []
    for number, pattern in enumerate(patterns):
        hits = [place for place in order.tolist() if pattern.search(texts[place])]
        found += hits
        groups += [number] * len(hits)
    turns = np.array(found, np.int64)[interleave(np.array(groups, np.int64))]
    return np.array(list(dict.fromkeys(turns.tolist())), np.int64)


def parse_keywords(typed: str) -> list[str]:
    """Return the keywords of `refund, broken`."""
    return [" ".join(word.split()) for word in typed.split(",") if word.strip()]


def _reduce_width(rows: Matrix, seed: int) -> Matrix:
    if not sparse.issparse(rows) or rows.shape[1] <= _WIDTH:
        return rows
    width = min(_WIDTH, rows.shape[0] - 1, rows.shape[1] - 1)
    return TruncatedSVD(width, random_state=seed).fit_transform(rows)
