"""The vectors that a frozen encoder gives rows, computed once: they are kept in the user's cache folder by content."""

import hashlib
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from txt.data.hub import locate_model
from txt.files import atomic_write, cache_folder, sha256
from txt.model.predict import predict_logits
from txt.model.pretrained import Embedder, PretrainedClassifier
from txt.training.ladder.rows import JoinedRows
from txt.training.linear_head import Floats
from txt.training.machine import Machine

_CHUNK = 1024  # rows between two looks at whether to stop
_TRIED_ROWS = 256  # to know how fast an encoder is
_TOLD_EVERY = 1.0  # seconds


def embed_rows(
    encoder: str, model: PretrainedClassifier, rows: JoinedRows, machine: Machine, stop: Callable[[], bool]
) -> Generator[int, None, tuple[Floats, float] | None]:
    """Yield how many rows are done, now and then; return the vectors (N, D) and the rows a second, None when stopped.

    Vectors out of the cache come with a speed of 0.
    """
    kept = _find_place(encoder, rows, machine)
    with suppress(OSError, ValueError, EOFError):
        found = np.load(kept, allow_pickle=False)
        if found.shape[0] == len(rows):
            return found.astype(np.float32), 0.0
    begun = told = time.monotonic()
    order = np.argsort(-rows.lengths.astype(np.int64), kind="stable")
    vectors = None
    for start in range(0, len(rows), _CHUNK):
        if stop():
            return None
        places = order[start : start + _CHUNK]
        part = predict_logits(Embedder(model), rows, machine.device, places)
        if vectors is None:
            vectors = np.empty((len(rows), part.shape[1]), np.float32)
        vectors[places] = part
        if time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            yield min(start + _CHUNK, len(rows))
    assert vectors is not None
    speed = len(rows) / max(time.monotonic() - begun, 1e-9)
    with suppress(OSError), atomic_write(kept, "wb") as file:
        np.save(file, vectors.astype(np.float16), allow_pickle=False)
    return vectors.astype(np.float16).astype(np.float32), speed  # as they will be when they come from the cache


def measure_speed(model: PretrainedClassifier | Embedder, rows: JoinedRows, machine: Machine) -> float:
    """Return the rows that an encoder reads a second, from a few of them."""
    places = np.linspace(0, len(rows) - 1, min(len(rows), _TRIED_ROWS), dtype=np.int64)
    begun = time.monotonic()
    predict_logits(model, rows, machine.device, places)
    return len(places) / max(time.monotonic() - begun, 1e-9)


def is_cached(encoder: str, rows: JoinedRows, machine: Machine) -> bool:
    """Return whether the vectors of these rows were computed before."""
    return _find_place(encoder, rows, machine).is_file()


def _find_place(encoder: str, rows: JoinedRows, machine: Machine) -> Path:
    return cache_folder() / "vectors" / f"{_fingerprint(encoder, rows, machine)}.npy"


def _fingerprint(encoder: str, rows: JoinedRows, machine: Machine) -> str:
    """Return what names the vectors: the encoder's weights, the precision, and the token ids of all rows."""
    digest = hashlib.blake2b(digest_size=16)
    weights = Path(locate_model(encoder)) / "model.safetensors"
    with suppress(OSError):
        digest.update(sha256(weights).encode())
    digest.update(f"{encoder} {machine.precision} {torch.__version__}".encode())
    for start in range(0, len(rows), _CHUNK):
        token_ids, lengths = rows.gather(np.arange(start, min(start + _CHUNK, len(rows))))
        digest.update(lengths.tobytes() + token_ids.tobytes())
    return f"ladder-{digest.hexdigest()}"
