"""Groups of similar rows by k-means, and turns between groups."""

import warnings

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from txt.labeling.active.logistic import Matrix
from txt.metrics import Floats, Ints


def centre_distances(rows: Matrix, clusters: int, seed: int) -> Floats:
    """Return the distance of each row to each of so many cluster centres, (N, clusters)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different rows than clusters
        return np.asarray(KMeans(clusters, n_init=1, random_state=seed).fit_transform(_narrowed(rows)))


def in_turn(groups: npt.NDArray[np.integer]) -> Ints:
    """Return places so that each group has its turn: the first of each, then the second of each, in their order."""
    order = np.argsort(groups, kind="stable")
    starts = np.searchsorted(groups[order], groups[order], "left")
    rank = np.empty(len(groups), np.int64)
    rank[order] = np.arange(len(groups)) - starts
    return np.lexsort((np.arange(len(groups)), rank))


def _narrowed(rows: Matrix) -> Matrix:
    """Return rows without the columns in which none of them has anything; distances stay the same."""
    if not sparse.issparse(rows):
        return rows
    used, columns = np.unique(rows.indices, return_inverse=True)
    return sparse.csr_matrix((rows.data, columns, rows.indptr), shape=(rows.shape[0], max(len(used), 1)))
