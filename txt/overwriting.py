"""Which files `txt` may replace: those that it made and nobody has changed since, and any other with --force only.

That a file was made here is noted in the user's cache, by its path, size, time and inode. A note that is missing, as on
another machine, costs a typed --force; one that is there cannot take a changed file for an unchanged one.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from txt.errors import InputError
from txt.files import FORMAT, atomic_write, cache_folder, read_json

_MOST_NOTES = 4096
_ALIKE_BYTES = 200


def refuse_overwriting(
    path: Path,
    *,
    force: bool = False,
    inputs: Iterable[Path] = (),
    hint: str = "--force replaces it; or name another file",
    content: str | bytes | None = None,
) -> None:
    """Refuse to write a file where something would be lost.

    Args:
        path: the file to write.
        force: whether the user typed that it is to be replaced.
        inputs: files that are read, and folders of such files: they are not replaced even by force.
        hint: what to type instead.
        content: what is to be written; a file that begins with the same bytes was made for the same purpose.

    Raises:
        InputError: there is an input, a folder, something that is not a plain file, or a file that was not made here.
    """
    if not os.path.lexists(path):
        return
    if path.is_dir():
        raise InputError(f"`{path}` is a folder, and cannot be replaced by a file", "name a file in it")
    if path.exists() and not path.is_file():
        raise InputError(f"`{path}` is not a plain file", "name another file")
    for read in inputs:
        if _is_input(path, read):
            raise InputError(f"`{path}` is read by this command, and is not replaced", "name another file")
    if not force and not is_made_here(path) and not (content is not None and _begins_alike(path, content)):
        raise InputError(f"`{path}` exists, and was not made by txt or has changed since", hint)


def note_made(path: Path) -> None:
    """Note that a file was made here just now; where the cache cannot be written, it takes --force the next time."""
    with suppress(OSError, InputError):
        note = _note_path(path)
        with atomic_write(note, durable=False) as file:
            json.dump({"format": FORMAT, "path": str(path.resolve()), **_describe(path)}, file)
        _forget_oldest(note.parent)


def is_made_here(path: Path) -> bool:
    """Return whether this file was made by `txt` for this user, and is as it was then."""
    known = _read_note(path)
    return known is not None and known == _describe(path)


def is_changed_since(path: Path) -> bool:
    """Return whether this file was made by `txt` for this user, and is no longer as it was then."""
    known = _read_note(path)
    return known is not None and path.exists() and known != _describe(path)


def _is_input(path: Path, read: Path) -> bool:
    if read.is_dir():
        return path.resolve().is_relative_to(read.resolve())
    return path.exists() and read.exists() and path.samefile(read)


def _begins_alike(path: Path, content: str | bytes) -> bool:
    wanted = (content.encode() if isinstance(content, str) else content)[:_ALIKE_BYTES]
    with path.open("rb") as file:
        return file.read(len(wanted)) == wanted


def _note_path(path: Path) -> Path:
    place = path.parent.resolve() / path.name
    return cache_folder() / "made" / f"{hashlib.sha256(os.fsencode(place)).hexdigest()}.json"


def _describe(path: Path) -> dict[str, int]:
    """Return what changes when a file is written again or replaced; of a link, that of the link."""
    found = path.lstat()
    return {"size": found.st_size, "modified": found.st_mtime_ns, "inode": found.st_ino, "device": found.st_dev}


def _read_note(path: Path) -> dict[str, int] | None:
    try:
        note = read_json(_note_path(path))
    except InputError:
        return None
    return {name: note.get(name) for name in ("size", "modified", "inode", "device")}  # type: ignore[misc]


def _forget_oldest(folder: Path) -> None:
    notes = list(folder.glob("*.json"))
    if len(notes) > _MOST_NOTES:
        for note in sorted(notes, key=lambda each: each.stat().st_mtime)[: _MOST_NOTES // 4]:
            note.unlink(missing_ok=True)
