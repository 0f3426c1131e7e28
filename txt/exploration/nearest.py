"""The texts nearest to a vector: a product with all of them, a stretch at a time, so that memory stays flat."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_STRETCH = 1 << 16  # rows


def find_nearest(
    vectors: Floats, query: Floats, most: int, among: npt.NDArray[np.bool_] | None = None
) -> tuple[Ints, Floats]:
    """Return the rows most similar to a query (D,), the nearest first, and their cosines; ties in the file's order.

    Args:
        vectors: (N, D), of length 1, possibly mapped from a file.
        query: (D,), of length 1.
        most: how many rows at most; those that share nothing with the query are left out.
        among: rows that may be found, (N,).
    """
    likeness = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _STRETCH):
        np.matmul(vectors[start : start + _STRETCH], query, out=likeness[start : start + _STRETCH])
    rows = np.flatnonzero(likeness > 0 if among is None else (likeness > 0) & among)
    if len(rows) > most:
        border = np.partition(likeness[rows], len(rows) - most)[len(rows) - most]
        rows = rows[likeness[rows] >= border]  # more than `most` where several are equally near
    order = np.lexsort((rows, -likeness[rows]))[:most]
    return rows[order].astype(np.int64), likeness[rows[order]]
