"""Which options a resumed run may change: those that its weights do not depend on."""

from collections.abc import Mapping
from typing import Any

from txt.errors import InputError
from txt.runs.folder import Run

HARMLESS = ("log_interval", "save_interval", "keep_checkpoints", "on_divergence", "log_to")


def refuse_changes(run: Run, changes: Mapping[str, Any]) -> None:
    """Refuse options given anew that differ from what the run was started with, but those of HARMLESS.

    Raises:
        InputError: there is one.
    """
    config = run.config()
    wrong = [key for key, value in changes.items() if key not in HARMLESS and getattr(config, key) != value]
    if wrong:
        told = ", ".join(f"{key} was {getattr(config, key)}, is {changes[key]}" for key in wrong)
        raise InputError(
            f"run `{run.name}` was started with other options: {told}",
            "resume it without them, or start a new run with another --name",
        )
