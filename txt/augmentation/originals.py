"""The texts of all rows as 64-bit keys in a file, eight bytes a row, so that no copy repeats one of them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]


def key_of(text: str) -> str:
    """Return what two texts share that differ in nothing but case and spacing."""
    return " ".join(text.lower().split())


def hashes_of(keys: Sequence[str]) -> Keys:
    """Return 64 bits for each key, the same on every machine."""
    digests = b"".join(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest() for key in keys)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


@dataclass(frozen=True)
class Originals:
    """The sorted hashes of all texts; the file is mapped, so that processes share it."""

    hashes: Keys

    @classmethod
    def open(cls, path: Path) -> "Originals":
        """Map the file that `write` made."""
        return cls(np.load(path, mmap_mode="r"))

    @staticmethod
    def write(path: Path, hashes: Keys) -> None:
        """Sort hashes and write them to a file."""
        hashes.sort()
        np.save(path, hashes)

    def have(self, keys: Sequence[str]) -> list[bool]:
        """Tell for each key whether a text has it."""
        wanted = hashes_of(keys)
        if not len(self.hashes):
            return [False] * len(wanted)
        places = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        return [bool(same) for same in self.hashes[places] == wanted]
