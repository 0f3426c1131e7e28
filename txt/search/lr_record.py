"""`lrfind.json` in the prepared folder: what range tests found, one entry for each architecture and batch size."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.files import FORMAT, read_json, write_json
from txt.search.finding import Finding

FILE = "lrfind.json"


def key_of(config: TrainConfig) -> str:
    """Return what a suggestion holds for: the options of the model that differ from their defaults, and the batch."""
    model = [item.name for item in fields(config) if item.metadata["group"] in ("Model", "Pretrained")]
    shown = [f"{name}={getattr(config, name)}" for name in model if getattr(config, name) is not None]
    return " ".join([*shown, f"batch_size={config.batch_size}"])


def save_finding(prepared: Prepared, config: TrainConfig, finding: Finding) -> None:
    """Write a finding beside those for other architectures; one for the same architecture is replaced."""
    entry = {
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "config": config.to_json(),
        **finding.to_json(),
    }
    found = {**_found(prepared), key_of(config): entry}
    write_json(prepared.path / FILE, {"format": FORMAT, "fingerprint": prepared.fingerprint, "found": found})


def saved_suggestion(prepared: Prepared, config: TrainConfig) -> float | None:
    """Return what an earlier test on this data suggested for this architecture and batch size, if there was one."""
    suggestion = _found(prepared).get(key_of(config), {}).get("suggestion")
    return float(suggestion) if suggestion else None


def _found(prepared: Prepared) -> dict[str, dict[str, Any]]:
    path = prepared.path / FILE
    if not path.exists():
        return {}
    value = read_json(path)
    if value.get("fingerprint") != prepared.fingerprint:  # the folder was prepared anew from other data
        return {}
    found = value.get("found")
    if not isinstance(found, dict):
        raise InputError(f"`{path}` holds no findings", "remove it: `txt lrfind` writes it again")
    return found
