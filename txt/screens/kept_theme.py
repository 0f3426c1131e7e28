"""The theme that the user chose, kept for all screens in the user's own settings, never in a project's folder."""

import os
from contextlib import suppress
from pathlib import Path

_MOST_BYTES = 100


def read_theme() -> str | None:
    """Return the name of the theme that was chosen last, if any."""
    with suppress(OSError, UnicodeDecodeError), _find_file().open("rb") as file:
        return file.read(_MOST_BYTES).decode("utf-8").strip() or None
    return None


def keep_theme(name: str) -> bool:
    """Keep a choice; returns whether that was possible."""
    path = _find_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n", encoding="utf-8")
    except OSError:
        return False
    return True


def _find_file() -> Path:
    # Not by platformdirs, whose import would delay the first text of every sitting.
    folder = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA") or Path.home() / ".config"
    return Path(folder) / "txt" / "theme"
