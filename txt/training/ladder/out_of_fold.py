"""What a run's model says of the rows it learned from, out of fold: by models like it that did not learn the row."""

import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.errors import InputError
from txt.files import atomic_write

FILE = "out_of_fold.npz"

_DAMAGES = (  # what zipfile, zlib and numpy raise over bytes that were changed
    *(OSError, ValueError, EOFError, LookupError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),
    *(SyntaxError, MemoryError, TypeError, OverflowError, struct.error),
)


@dataclass(frozen=True)
class OutOfFold:
    """Logits (n, C) and labels (n,), or which of several (n, C), of the rows at `places` (n,) of train + val."""

    places: Ints
    labels: npt.NDArray[Any]
    logits: Floats


def write_out_of_fold(folder: Path, found: OutOfFold) -> None:
    """Write them into a run's folder."""
    with atomic_write(folder / FILE, "wb") as file:
        np.savez(file, places=found.places, labels=found.labels, logits=found.logits.astype(np.float32))


def read_out_of_fold(folder: Path) -> OutOfFold | None:
    """Return what a run's folder holds; None for a run that was trained otherwise.

    A damaged file is an error and not none at all: the run's model has learned from val, and would be measured on it.

    Raises:
        InputError: the file is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return _check(_read(path))
    except _DAMAGES as error:
        raise InputError(
            f"`{path}` is damaged: {' '.join(str(error).split())[:100]}",
            "it holds what is known of rows that the model learned: bring it back, or train again",
        ) from None


def _read(path: Path) -> OutOfFold:
    """Read the arrays, of a file that is as large as what is in it."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if any(each.compress_type for each in members) or sum(each.file_size for each in members) > path.stat().st_size:
            raise ValueError("it is compressed, and such files are not")
    with np.load(path, allow_pickle=False) as values:
        labels = values["labels"]
        kept = labels.astype(np.bool_) if labels.ndim == 2 else labels.astype(np.int64)
        kind: Any = np.float32 if labels.ndim == 2 else np.float64  # rows times labels may be many
        return OutOfFold(values["places"].astype(np.int64), kept, values["logits"].astype(kind))


def _check(found: OutOfFold) -> OutOfFold:
    """Return the arrays if they fit together, as those that were written do."""
    places, labels, logits = found.places, found.labels, found.logits
    if places.ndim != 1 or logits.ndim != 2 or len(places) == 0 or not len(places) == len(labels) == len(logits):
        raise ValueError("its arrays have different lengths")
    if labels.ndim == 2 and labels.shape != logits.shape:
        raise ValueError("its arrays have different classes")
    if labels.ndim == 1 and not 0 <= labels.min() <= labels.max() < logits.shape[1]:
        raise ValueError("it has labels without a class")
    if not np.isfinite(logits).all() or places.min() < 0:
        raise ValueError("it has numbers that cannot be")
    return found
