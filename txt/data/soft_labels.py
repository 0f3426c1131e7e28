"""The probability of each class in each row, where several people labeled: a file in the prepared folder."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from txt.errors import InputError
from txt.files import atomic_write

SOFT_LABELS = "soft_labels.npz"

Shares = npt.NDArray[np.float32]

FindShares = Callable[[str], Mapping[str, float] | None]
"""Returns the probability of each class given a text; None where only its label is known."""


def spread_labels(
    texts: Sequence[str], labels: npt.NDArray[np.int64], classes: Sequence[str], find: FindShares
) -> tuple[Shares, int]:
    """Return the probability of each class in each row, (N, C), and in how many rows it is not just 0 or 1.

    Args:
        texts: (N,).
        labels: the class of each row, (N,), which it has where nothing else is known.
        classes: their names, (C,).
        find: what is known of a text.
    """
    places = {name: place for place, name in enumerate(classes)}
    shares, soft = np.zeros((len(texts), len(classes)), np.float32), 0
    for row, text in enumerate(texts):
        known = {places[name]: share for name, share in (find(text) or {}).items() if name in places and share > 0}
        total = sum(known.values())
        if total <= 0:
            shares[row, labels[row]] = 1.0
            continue
        for place, share in known.items():
            shares[row, place] = share / total
        soft += int(shares[row].max() < 1.0)
    return shares, soft


def write_soft_labels(folder: Path, shares: Mapping[str, Shares]) -> None:
    """Write the probabilities of some splits, by name, into a prepared folder."""
    with atomic_write(folder / SOFT_LABELS, "wb") as file:
        np.savez(file, allow_pickle=False, **shares)


def read_soft_labels(folder: Path, split: str, rows: int, classes: int) -> Shares | None:
    """Return the probabilities (N, C) of a split; None where the folder has none.

    Raises:
        InputError: the file is damaged, or is not about this split.
    """
    path = folder / SOFT_LABELS
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as found:
            shares = found[split] if split in found.files else None
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise InputError(f"`{path}` cannot be read: {error}", "train on the data file again") from None
    if shares is None:
        return None
    if shares.shape != (rows, classes) or shares.dtype != np.float32 or not _are_shares(shares):
        raise InputError(f"`{path}` is not about the rows of this folder", "train on the data file again")
    return np.asarray(shares)


def _are_shares(shares: Shares) -> bool:
    """Tell whether each row holds probabilities."""
    return bool((shares >= 0).all() and np.allclose(shares.sum(1), 1.0, atol=1e-3))
