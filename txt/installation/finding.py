"""One finding of `txt doctor`, and the removal of user names from paths."""

import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

OK, NOTE, PROBLEM = "ok", "note", "problem"

_NAMES = ("USER", "LOGNAME", "LNAME", "USERNAME")
_SHORTEST_NAME = 3  # a shorter name would be removed from unrelated words


@dataclass(frozen=True)
class Finding:
    """What was found under a `name`: OK, a NOTE on what could be better, or a PROBLEM; `advice` says what to do."""

    section: str
    name: str
    value: str
    state: str = OK
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object, for a bug report too."""
        return {name: anonymize(value) for name, value in asdict(self).items()}


def anonymize(text: str) -> str:
    """Return `text` with the home folder as ~ and the user's name, wherever it stands alone, as …"""
    home = _home_folder()
    text = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text) if home else text
    for name in {os.environ.get(variable, "") for variable in _NAMES} | {Path(home).name}:
        if len(name) >= _SHORTEST_NAME and name != "root":
            text = re.sub(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", "…", text)
    return text


def _home_folder() -> str:
    try:
        home = str(Path.home())
    except RuntimeError:  # neither a variable nor the system knows it
        return ""
    return "" if home == "/" else home
