"""What the user allowed once: settings in a folder, a database that a study names, a model that a run names.

Whatever a folder names beyond itself is shown and asked about before it is used. The answer is kept in the user's cache
and holds for exactly that: other content, or the same in another place, is asked about again.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from txt.errors import InputError
from txt.files import FORMAT, atomic_write, cache_folder, read_json

ALLOWED = "TXT_ALLOWED"
"""The variable that tells the processes that this one starts what was allowed, where nothing can be written."""

MODEL = "model"
"""The kind of what is allowed where a run names a model of a hub."""

_MOST_ALLOWED = 20


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
