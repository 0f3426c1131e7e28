"""The folder that an export makes: never in the place of something that must stay, and whole or absent."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from txt.errors import InputError
from txt.files import atomic_folder, explain_os_errors
from txt.prediction.model_source import ModelSource

_NOT_TOKENIZER = ("config.json", "generation_config.json", "model.safetensors", "README.md")


@contextmanager
def export_folder(source: ModelSource, out: Path, force: bool) -> Iterator[Path]:
    """Yield an empty folder that takes its place at `out` when the block ends without an error.

    Raises:
        InputError: `out` exists and `force` is not given, or it holds what must stay.
    """
    from txt.model.saved import restore_system_errors

    check_target(source, out, force)
    with explain_os_errors(f"writing `{out}`"), restore_system_errors(), atomic_folder(out) as folder:
        yield folder


def check_target(source: ModelSource, out: Path, force: bool) -> None:
    """Refuse a folder that cannot be made.

    Raises:
        InputError: see `export_folder`.
    """
    if out.is_file():
        raise InputError(f"`{out}` is a file", "name a folder with -o")
    kept = [Path.cwd(), Path.home(), source.folder]
    inside = [path for path in kept if path.resolve().is_relative_to(out.resolve())]
    if inside:
        raise InputError(f"`{out}` holds `{inside[0]}`, and would be replaced", "name another folder with -o")
    if out.is_dir() and any(out.iterdir()) and not force:
        raise InputError(f"`{out}` exists already", "--force replaces it, -o names another")


def copy_tokenizer(source: ModelSource, folder: Path) -> None:
    """Copy the files of the tokenizer; a link that leads out of where the model lies is none of them."""
    around = source.folder.resolve().parents[1]  # of a model that the hub's client keeps, files are links in there
    for file in source.folder.iterdir():
        if file.is_symlink() and not file.resolve().is_relative_to(around):
            continue
        if file.is_file() and file.suffix in (".json", ".txt", ".model") and file.name not in _NOT_TOKENIZER:
            shutil.copyfile(file, folder / file.name)
