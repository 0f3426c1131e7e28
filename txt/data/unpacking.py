"""Unpacks an encoder that comes as a zip archive, and refuses other weights than the published ones."""

import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from txt.errors import InputError
from txt.files import atomic_folder, sha256

_WEIGHTS = "model.safetensors"


def unpack_encoder(
    archive: Path | IO[bytes],
    files: Sequence[str],
    folder: Path,
    checksum: str,
    source: str,
    hint: str,
    below: str = "",
) -> None:
    """Write some files of an archive into a folder, whole or not at all.

    Args:
        archive: the zip archive.
        files: their names; `model.safetensors` is one of them.
        folder: to be made.
        checksum: the SHA-256 of the weights.
        source: what the archive is called in messages.
        hint: how to get the published one.
        below: the folder in the archive that the files are in, with a slash.

    Raises:
        InputError: it is not an archive of these files, or its weights are others.
    """
    with atomic_folder(folder) as beside:
        try:
            with zipfile.ZipFile(archive) as packed:
                for name in files:
                    with packed.open(below + name) as read, (beside / name).open("wb") as target:
                        shutil.copyfileobj(read, target)
        except (zipfile.BadZipFile, KeyError) as error:
            raise InputError(f"`{source}` does not hold the published weights: {error}", hint) from None
        if sha256(beside / _WEIGHTS) != checksum:
            raise InputError(f"`{source}` does not hold the published weights: their checksum differs", hint)
