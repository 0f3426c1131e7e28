"""A vector for each token, distilled from the token table of an installed encoder: no model is run for a text.

The table is projected on its first principal components. A text's vector is the weighted mean of its tokens', as in
Arora et al. 2017, "A simple but tough-to-beat baseline for sentence embeddings". Running each token through the whole
encoder, as others distill, takes minutes with many languages, and gave no better neighbours or clusters on our data.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from txt.data import e5, minilm
from txt.data.packaged_encoders import ENCODERS
from txt.errors import InputError
from txt.files import atomic_write, cache_folder
from txt.model.encoders import installed_encoders

WIDTH = 128
"""Numbers of a vector. Twice as many find neighbours that are right 0 to 1 points more often."""

Floats = npt.NDArray[np.float32]

FOLDERS: dict[str, Callable[[], Path | None]] = {name: ENCODERS[name].folder for name in (minilm.NAME, e5.NAME)}
"""Where each encoder that can be distilled is, in Hugging Face layout."""

INSTALL = {name: ENCODERS[name].install for name in FOLDERS}
"""How to install each of them."""

_VERSION = 1  # of the tables in the cache
_SAMPLE = 20_000  # tokens from which the components are found
_TABLE = "embeddings.word_embeddings.weight"


def load_token_table(encoder: str) -> tuple[Floats, Path]:
    """Return the vector of each token (V, D) of an installed encoder, and the path of its tokenizer.json.

    The table is made once and kept in the cache folder; a table that cannot be read is made again.

    Raises:
        InputError: the encoder's package is damaged, or not installed.
    """
    folder = FOLDERS[encoder]()
    if folder is None:
        raise InputError(f"the encoder `{encoder}` is not installed", INSTALL[encoder])
    kept = cache_folder() / "tokens" / f"{encoder}-{WIDTH}-{_VERSION}.npy"
    with suppress(OSError, ValueError, EOFError):
        found = np.load(kept, mmap_mode="r", allow_pickle=False)
        if found.ndim == 2 and found.shape[1] == WIDTH and found.dtype == np.float32:
            return found, folder / "tokenizer.json"
    table = reduce_width(_read_table(folder / "model.safetensors"), WIDTH)
    with suppress(OSError), atomic_write(kept, "wb") as file:
        np.save(file, table, allow_pickle=False)
    return table, folder / "tokenizer.json"


def check_installed(encoder: str) -> None:
    """Refuse an encoder whose package is not there, before anything is read.

    Raises:
        InputError: it is not installed.
    """
    if encoder in FOLDERS and encoder not in installed_encoders():
        raise InputError(f"the encoder `{encoder}` is not installed", INSTALL[encoder])


def reduce_width(table: Floats, width: int) -> Floats:
    """Return a table (V, D) on its first principal components, (V, width), centred."""
    centred = table - table.mean(0)
    rows = np.random.default_rng(0).permutation(len(table))[:_SAMPLE]
    # The eigenvectors of the covariance (D, D) are the components, and take far less time than those of the rows.
    sample = centred[rows]
    _, vectors = np.linalg.eigh((sample.T @ sample).astype(np.float64))
    return np.asarray(centred @ vectors[:, ::-1][:, :width].astype(np.float32), np.float32)


def _read_table(weights: Path) -> Floats:
    from safetensors import safe_open

    with safe_open(weights, framework="numpy") as tensors:
        name = next(each for each in tensors.keys() if each.endswith(_TABLE))  # noqa: SIM118
        return np.asarray(tensors.get_tensor(name), np.float32)
