"""What the user allowed once: settings in a folder; a database, a model or data elsewhere that a study or run names.

Whatever a folder names beyond itself is shown and asked about before it is used. The answer is kept in the user's cache
and holds for exactly that: other content, or the same in another place, is asked about again.
"""

import hashlib
import json
import os
import shlex
from contextlib import suppress
from pathlib import Path

from txt.errors import InputError
from txt.files import FORMAT, atomic_write, cache_folder, read_json

ALLOWED = "TXT_ALLOWED"
"""The variable that tells the processes that this one starts what was allowed, where nothing can be written."""

MODEL = "model"
"""The kind of what is allowed where a run names a model of a hub."""

DATA = "data"
"""The kind of what is allowed where a run or a study names prepared data outside its project."""

TRUSTED_DATA = "TXT_TRUST_DATA"
"""The variable that names prepared folders outside of a project which its runs may use, separated by `:`."""

_MOST_ALLOWED = 20


class NotAllowedError(InputError):
    """A folder names something beyond itself that nobody allowed; on a terminal the command line asks, and goes on."""

    def __init__(self, message: str, hint: str, question: str, kind: str, what: tuple[str, ...]) -> None:
        super().__init__(message, hint)
        self.question = question
        self.kind = kind
        self.what = what

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """Let the processes of a training tell each other."""
        return type(self), (self.message, self.hint, self.question, self.kind, self.what)


def find_project(folder: Path, place: str) -> Path:
    """Return the folder that holds `runs/` or `studies/` (`place`) with a run or study; else the folder itself."""
    whole = Path(os.path.abspath(folder))
    return whole.parents[1] if whole.parent.name == place else whole


def may_use_data(project: Path, prepared: Path) -> bool:
    """Return whether a run or study of a project may use prepared data: it lies there, or the user named it."""
    root, found = Path(os.path.realpath(project)), os.path.realpath(prepared)
    if Path(found).is_relative_to(root) or is_allowed(DATA, str(root), found):
        return True
    return any(each and os.path.realpath(each) == found for each in os.environ.get(TRUSTED_DATA, "").split(os.pathsep))


def require_data(owner: str, project: Path, prepared: Path) -> Path:
    """Return the prepared folder that a run or a study names, where it may be used.

    Raises:
        NotAllowedError: it lies outside the project, and was neither named here nor allowed.
    """
    if may_use_data(project, prepared):
        return prepared
    found = os.path.realpath(prepared)  # as Path.resolve, which fails where links go round in a circle
    raise NotAllowedError(
        f"{owner} says that its data is in `{found}`, outside of its project, which was not named here before",
        f"{TRUSTED_DATA}={shlex.quote(found)} before the command lets it be read",
        "Read it?",
        DATA,
        (os.path.realpath(project), found),
    )


def allow_data(project: Path, prepared: Path) -> None:
    """Remember that the user named prepared data outside of a project for a run or study in it."""
    if not may_use_data(project, prepared):
        allow(DATA, os.path.realpath(project), os.path.realpath(prepared))


def is_allowed(kind: str, *what: str) -> bool:
    """Return whether the user allowed this, here and under this account."""
    if _key(kind, what) in os.environ.get(ALLOWED, "").split():
        return True
    try:
        return read_json(_path(kind, what)).get("what") == list(what)
    except InputError:
        return False


def allow(kind: str, *what: str) -> None:
    """Remember that the user allowed this; where the cache cannot be written, only this process and its own do."""
    os.environ[ALLOWED] = " ".join([*os.environ.get(ALLOWED, "").split(), _key(kind, what)][-_MOST_ALLOWED:])
    with suppress(OSError, InputError), atomic_write(_path(kind, what), durable=False) as file:
        json.dump({"format": FORMAT, "kind": kind, "what": what}, file)


def _path(kind: str, what: tuple[str, ...]) -> Path:
    return cache_folder() / "allowed" / f"{_key(kind, what)}.json"


def _key(kind: str, what: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps([kind, *what]).encode()).hexdigest()
