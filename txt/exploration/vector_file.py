"""The vectors of a file's texts, made once: a memory-mapped file in the user's cache folder, named by the texts.

It is there whole or not at all. `txt explore` and the label screen's search find the same one. When all of them take
more than MOST_BYTES, those that were not used for longest are removed.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from txt.errors import InputError
from txt.exploration.encoders import FastEncoder, fit_encoder, load_encoder
from txt.files import atomic_folder, cache_folder

Floats = npt.NDArray[np.float32]

ReadTexts = Callable[[], Iterator[Sequence[str]]]
"""Yields all texts in batches, as often as it is called."""

SAMPLE = 50_000
"""Texts, spread over the file, on which an encoder is fitted."""

MOST_BYTES = 4 << 30
"""What the vectors of all files may take: those of some four million texts."""

_VERSION = 1
_OURS = re.compile(r"[0-9a-f]{24}-[\w.-]+-\d+")  # the names that find_place gives
_BATCH = 2048  # texts encoded in one go: their tokens' vectors take some tens of megabytes


@dataclass(frozen=True)
class TextVectors:
    """The vectors of N texts, (N, D), of length 1 and mapped from a file, and what encodes others in the same way."""

    vectors: Floats
    encoder: FastEncoder

    def __len__(self) -> int:
        return len(self.vectors)


def make_vectors(read: ReadTexts, hashes: npt.NDArray[np.uint64], name: str) -> Generator[int, None, TextVectors]:
    """Yield how many texts are done, now and then; return the vectors, from the cache where they were made before.

    Args:
        read: yields the texts.
        hashes: the hash of each text, (N,), which name the file.
        name: the encoder, as in `fit_encoder`.
    """
    folder = find_place(hashes, name)
    if (found := open_vectors(folder, len(hashes))) is not None:
        return found
    encoder = fit_encoder(name, take_spread(read, len(hashes), SAMPLE))
    try:
        with atomic_folder(folder) as beside:
            yield from _write_vectors(read, len(hashes), encoder, beside)
            encoder.save(beside)
    except OSError:  # the cache cannot be written, or is full: the vectors are made again next time
        vectors = yield from _collect_vectors(read, encoder)
        return TextVectors(vectors, encoder)
    made = open_vectors(folder, len(hashes))
    assert made is not None
    remove_unused(folder.parent, keep=folder)
    return made


def open_vectors(folder: Path, count: int) -> TextVectors | None:
    """Return the vectors in a folder; None where they are not there, or are not those of so many texts."""
    with suppress(OSError, ValueError, EOFError, KeyError, InputError):
        vectors = np.load(folder / "vectors.npy", mmap_mode="r", allow_pickle=False)
        if vectors.ndim == 2 and len(vectors) == count and vectors.dtype == np.float32:
            found = TextVectors(vectors, load_encoder(folder))
            with suppress(OSError):
                os.utime(folder)  # which tells when it was last used
            return found
    return None


def remove_unused(cache: Path, keep: Path, most: int = MOST_BYTES) -> list[Path]:
    """Remove the vectors that were not used for longest, until all take at most `most` bytes; returns their folders.

    Those in `keep` stay. Vectors that another process reads stay readable there until it ends.
    """
    removed: list[Path] = []
    with suppress(OSError):
        folders = [each for each in cache.iterdir() if _OURS.fullmatch(each.name) and not each.is_symlink()]
        sizes = {each: sum(file.stat().st_size for file in each.iterdir()) for each in folders if each.is_dir()}
        total = sum(sizes.values())
        for folder in sorted(sizes, key=lambda each: each.stat().st_mtime_ns):
            if total <= most:
                break
            if folder != keep:
                shutil.rmtree(folder)
                total -= sizes[folder]
                removed.append(folder)
    return removed


def find_place(hashes: npt.NDArray[np.uint64], name: str) -> Path:
    """Return the folder for the vectors of texts with these hashes."""
    digest = hashlib.blake2b(np.ascontiguousarray(hashes, np.uint64).tobytes(), digest_size=12).hexdigest()
    return cache_folder() / "explore" / f"{digest}-{name}-{_VERSION}"


def take_spread(read: ReadTexts, count: int, most: int) -> list[str]:
    """Return at most so many of `count` texts, evenly spread over all."""
    step = -(-count // most) if count else 1
    every = (text for batch in read() for text in batch)
    return list(islice(every, 0, None, step))


def _write_vectors(read: ReadTexts, count: int, encoder: FastEncoder, folder: Path) -> Generator[int, None, None]:
    width = encoder.encode([""]).shape[1]
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (count, width))
    done = 0
    for batch in _cut(read()):
        vectors[done : done + len(batch)] = encoder.encode(batch)
        done += len(batch)
        yield done
    vectors.flush()


def _collect_vectors(read: ReadTexts, encoder: FastEncoder) -> Generator[int, None, Floats]:
    parts = [encoder.encode([""])[:0]]
    done = 0
    for batch in _cut(read()):
        parts.append(encoder.encode(batch))
        done += len(batch)
        yield done
    return np.concatenate(parts)


def _cut(batches: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    for batch in batches:
        for start in range(0, len(batch), _BATCH):
            yield batch[start : start + _BATCH]
