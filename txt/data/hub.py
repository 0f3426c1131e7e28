"""Finds and fetches pretrained models by the names that users give."""

import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from huggingface_hub import constants
from safetensors import SafetensorError

from txt.data.packaged_encoders import ENCODERS
from txt.errors import InputError
from txt.runs.folder import RUNS

Loaded = TypeVar("Loaded")

_SECONDS_TO_ANSWER = 5
_UNUSABLE = (OSError, ValueError, KeyError, TypeError, ImportError, RuntimeError, SafetensorError)


def locate_model(name: str) -> str:
    """Return the folder or hub name behind a name: that of a packaged encoder, a run, a folder, or a hub name.

    Raises:
        InputError: it is a run that has no model yet.
    """
    if name in ENCODERS:
        return ENCODERS[name].locate()
    for run in (Path(name), RUNS / name):
        if (run / "events.jsonl").is_file():
            if not (run / "model" / "config.json").is_file():
                raise InputError(f"run `{name}` has no model yet", "a run has one after its first evaluation")
            return str(run / "model")
    return name


def fetch(load: Callable[..., Loaded], name: str, what: str, hint: str) -> Loaded:
    """Load from this machine, else from the hub if it answers; without that check its client retries for 46 seconds.

    Args:
        load: takes a folder or hub name and `local_files_only`, as `from_pretrained` does.
        name: as the user gave it; see `locate_model`.
        what: what it is, for messages: `tokenizer`, `model`.
        hint: what to do when it is not on this machine and the hub cannot be reached.

    Raises:
        InputError: there is none in the folder, it cannot be fetched, or it cannot be used.
    """
    source = locate_model(name)
    try:
        return load(source, local_files_only=True)
    except _UNUSABLE as error:
        if Path(source).exists():
            raise InputError(f"there is no {what} in `{name}`: {summarize_error(error)}") from None
    if not hub_answers():
        raise InputError(f"{what} `{name}` is not on this machine, and the hub cannot be reached", hint)
    try:
        return load(source, local_files_only=False)
    except _UNUSABLE as error:
        raise InputError(
            f"{what} `{name}` cannot be loaded: {summarize_error(error)}", "name it as on the hub: owner/name"
        ) from None


def hub_answers() -> bool:
    """Tell whether the hub answers; False without asking when the user has set offline mode."""
    if constants.HF_HUB_OFFLINE or os.environ.get("TRANSFORMERS_OFFLINE") in ("1", "true"):
        return False
    try:
        asked = urllib.request.Request(constants.ENDPOINT, method="HEAD")
        urllib.request.urlopen(asked, timeout=_SECONDS_TO_ANSWER).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def summarize_error(error: Exception) -> str:
    """Return the first line of an error's message, or its class name when there is no message."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
