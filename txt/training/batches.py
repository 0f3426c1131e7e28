"""Chooses the rows of each step: of similar length, in an order that follows from the seed and the epoch."""

import numpy as np
import numpy.typing as npt

RowNumbers = npt.NDArray[np.int64]

_WINDOW = 50  # batches sorted by length together: enough for near-equal lengths, few enough to stay random
_WINDOWS = 10  # at least, where there are so many batches: rows sorted all together meet the same rows in every epoch


def make_epoch_batches(lengths: npt.NDArray[np.integer], batch_size: int, seed: int, epoch: int) -> list[RowNumbers]:
    """Return the row numbers of each step of an epoch; every row occurs once.

    Rows are shuffled, cut into windows, and sorted by length within a window, longest first, so that each batch holds
    rows of like length. The batches come in random order; one of them may be short.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(lengths))
    batches: list[RowNumbers] = []
    size = max(1, min(_WINDOW, steps_per_epoch(len(lengths), batch_size) // _WINDOWS)) * batch_size
    for start in range(0, len(order), size):
        window = order[start : start + size]
        window = window[np.argsort(-lengths[window].astype(np.int64), kind="stable")]
        batches += [window[at : at + batch_size] for at in range(0, len(window), batch_size)]
    return [batches[at] for at in rng.permutation(len(batches))]


def steps_per_epoch(rows: int, batch_size: int) -> int:
    """Return the number of batches that `make_epoch_batches` returns."""
    return -(-rows // batch_size)
