"""A run's note and tags, in a small file of their own: config.json stays as the training wrote it."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from txt.errors import InputError
from txt.files import FORMAT, explain_os_errors, read_json, write_json
from txt.json_input import take_field, take_list

NOTES = "notes.json"
KEEP = "keep"
"""The tag of runs that `txt runs prune` never removes."""


@dataclass(frozen=True)
class Notes:
    """What people wrote about a run; tags are in the order of the alphabet."""

    note: str = ""
    tags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the content of notes.json."""
        return {"format": FORMAT, **asdict(self)}


def read_notes(folder: Path) -> Notes:
    """Return the note and tags in a run's folder; empty where there are none.

    Raises:
        InputError: the file cannot be read, or is not one of notes.
    """
    path = folder / NOTES
    if not path.exists():
        return Notes()
    value = read_json(path)
    note, tags = take_field(value, "note", str, f"`{path}`", ""), take_list(value, "tags", str, f"`{path}`", [])
    return Notes(note, tuple(sorted(tags)))


def write_note(folder: Path, note: str) -> Notes:
    """Give a run another note; an empty one removes it."""
    return _change_notes(folder, lambda notes: replace(notes, note=note.strip()))


def change_tags(folder: Path, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> Notes:
    """Add tags to a run, and take others away.

    Raises:
        InputError: a tag is empty, or holds a space, a comma or a control code.
    """
    for tag in add:
        if not tag or "," in tag or not tag.isprintable() or " " in tag:
            raise InputError(f"`{tag}` cannot be a tag", "a tag is a word without spaces and commas")
    return _change_notes(folder, lambda notes: replace(notes, tags=tuple(sorted({*notes.tags, *add} - {*remove}))))


def _change_notes(folder: Path, change: Callable[[Notes], Notes]) -> Notes:
    """Read, change and write the notes of a run under a lock."""
    with explain_os_errors("cannot write the notes"), _lock_folder(folder):
        notes = change(read_notes(folder))
        write_json(folder / NOTES, notes.to_json())
    return notes


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Hold the lock of the folder itself, so that two writers never lose each other's change."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
