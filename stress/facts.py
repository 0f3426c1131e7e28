"""Facts about folders: what is in them, byte for byte."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

Content = dict[str, str]
"""The SHA-256 of each file by its path; of a link, where it leads."""


def hash_contents(path: Path) -> Content | None:
    """Return what a file or a folder holds; None where there is nothing."""
    if path.is_file():
        return {"": _hash_file(path)}
    if not path.is_dir():
        return None
    return {str(file.relative_to(path)): _hash_file(file) for file in _list_files(path)}


def find_leftovers(folder: Path, expected: set[str]) -> list[str]:
    """Return what lies in a folder beside what is expected there."""
    return sorted(set(os.listdir(folder)) - expected)


def _list_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if not path.is_dir() or path.is_symlink())


def _hash_file(path: Path) -> str:
    return f"link to {os.readlink(path)}" if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
