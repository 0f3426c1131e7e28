"""The texts of all rows as 64-bit keys in a file, eight bytes a row, so that no copy repeats one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from txt.data.split import Hashes, hash_contents


def make_key(text: str) -> str:
    """Return what two texts share that differ in nothing but case and spacing."""
    return " ".join(text.lower().split())


def hash_keys(keys: Sequence[str]) -> Hashes:
    """Return 64 bits for each key, the same on every machine."""
    return hash_contents(key.encode("utf-8", "surrogatepass") for key in keys)


@dataclass(frozen=True)
class Originals:
    """The sorted hashes of all texts; the file is mapped, so that processes share it."""

    hashes: Hashes

    @classmethod
    def open(cls, path: Path) -> "Originals":
        """Map the file that `write` made."""
        return cls(np.load(path, mmap_mode="r"))

    @staticmethod
    def write(path: Path, hashes: Hashes) -> None:
        """Sort hashes and write them to a file."""
        hashes.sort()
        np.save(path, hashes)

    def have(self, keys: Sequence[str]) -> list[bool]:
        """Tell for each key whether a text has it."""
        wanted = hash_keys(keys)
        if not len(self.hashes):
            return [False] * len(wanted)
        places = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        return [bool(same) for same in self.hashes[places] == wanted]
