"""What a run's model says of the rows it learned from, out of fold: by models like it that did not learn the row."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.files import atomic_write

FILE = "out_of_fold.npz"


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
    """Return what a run's folder holds; None for a run that was trained otherwise, or a file that is damaged."""
    with suppress(OSError, ValueError, EOFError, KeyError), np.load(folder / FILE, allow_pickle=False) as values:
        labels = values["labels"]
        kept = labels.astype(np.bool_) if labels.ndim == 2 else labels.astype(np.int64)
        kind: Any = np.float32 if labels.ndim == 2 else np.float64  # rows times labels may be many
        return OutOfFold(values["places"].astype(np.int64), kept, values["logits"].astype(kind))
    return None
