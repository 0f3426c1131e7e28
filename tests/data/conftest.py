"""Small data files with whatever content a test needs."""

from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file of this content and returns its path."""

    def make(content: bytes | str, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make
