"""Checkpoints: all that a stopped training needs to continue to the same bits, written whole or not at all.

A checkpoint is a folder with state.safetensors (weights and both moments, flat) and state.json. Nothing in it is ever
executed when it is opened. Data order and dropout follow from the seed and the step, so no random state is stored.
"""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txt.errors import InputError
from txt.files import FORMAT, atomic_folder, read_json, sha256, write_json
from txt.json_input import Kind, take_field
from txt.sanitize import clip, sanitize

if TYPE_CHECKING:
    from torch import Tensor

_STATE, _TENSORS = "state.json", "state.safetensors"


@dataclass
class TrainingProgress:
    """How far a training has come: its whole state except for its tensors."""

    step: int = 0
    rows: int = 0
    seconds: float = 0.0
    best_score: float | None = None
    best_step: int | None = None
    evaluations_since_best: int = 0
    rate_factor: float = 1.0
    epoch_loss: float = 0.0
    epoch_correct: int = 0
    epoch_rows: int = 0

    def add_step(self, loss: float, correct: int, rows: int, seconds: float) -> None:
        """Count a step: the mean loss of its rows, how many were right, and how long it took."""
        self.step += 1
        self.rows += rows
        self.seconds += seconds
        self.epoch_loss += loss * rows
        self.epoch_correct += correct
        self.epoch_rows += rows

    def end_epoch(self) -> tuple[float, float]:
        """Return the epoch's mean loss and accuracy over its rows, and begin the next."""
        rows = max(self.epoch_rows, 1)  # none where a checkpoint says so
        means = self.epoch_loss / rows, self.epoch_correct / rows
        self.epoch_loss, self.epoch_correct, self.epoch_rows = 0.0, 0, 0
        return means


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as read back."""

    progress: TrainingProgress
    tensors: "dict[str, Tensor]"
    settings: dict[str, Any]


def save_checkpoint(
    folder: Path, progress: TrainingProgress, tensors: "dict[str, Tensor]", settings: dict[str, Any], keep: int
) -> Path:
    """Write a checkpoint into `folder` and remove all but the newest `keep`.

    Args:
        folder: the run's checkpoints.
        progress: how far the training has come.
        tensors: the optimizer's flat tensors.
        settings: what must be equal for a resumed training to be the same: options, precision, threads, data.
        keep: checkpoints to keep, at least 1.

    Raises:
        OSError: the disk is full or cannot be written; earlier checkpoints are untouched.
    """
    from safetensors.torch import save_file

    from txt.model.saved import restore_system_errors

    path = folder / f"step-{progress.step:08d}"
    with restore_system_errors(), atomic_folder(path) as beside:
        # `beside` is a hidden folder next to `path`. Both files are written into it and flushed to disk; then one
        # rename gives it its name, and the folder above is flushed. A rename happens wholly or not at all, so after a
        # crash at any moment `path` is a whole checkpoint or absent. Older checkpoints go only after that, so one is
        # always left. The checksum finds damage that comes later, as from a bad disk or an incomplete copy.
        save_file(tensors, beside / _TENSORS)
        record = {
            "format": FORMAT,
            "sha256": sha256(beside / _TENSORS),
            "progress": asdict(progress),
            "settings": settings,
        }
        write_json(beside / _STATE, record)
    for old in list_checkpoints(folder)[keep:]:
        shutil.rmtree(old, ignore_errors=True)
    return path


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in `folder`, the newest first."""
    return sorted((path.parent for path in folder.glob(f"step-*/{_STATE}")), reverse=True)


def load_newest_checkpoint(folder: Path) -> Checkpoint | None:
    """Read the newest checkpoint in `folder`, if there is one."""
    found = list_checkpoints(folder)
    return load_checkpoint(found[0]) if found else None


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint back.

    Raises:
        InputError: it is damaged; the hint names the one before it.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    record = check_checkpoint(path)
    try:
        tensors = load_file(path / _TENSORS)
    except SafetensorError as error:
        raise InputError(f"checkpoint `{path}` is damaged: {error}") from None
    return Checkpoint(_read_progress(record, f"`{path / _STATE}`"), tensors, record["settings"])


def _read_progress(record: Mapping[str, Any], source: str) -> TrainingProgress:
    """Return how far the training of a checkpoint had come.

    Raises:
        InputError: a field is missing, unknown, negative, or of another type.
    """
    found = take_field(record, "progress", dict, source)
    known = {each.name: each for each in fields(TrainingProgress)}
    if unknown := sorted(found.keys() - known.keys()):
        raise InputError(f"{source}: `progress` has an unknown field `{unknown[0]}`")
    for name, each in known.items():
        value = take_field(found, name, _PROGRESS_KINDS[each.type], source, each.default)
        if value is not None and value < 0 and name != "best_score":
            raise InputError(f"{source}: `{name}` is {value}")
    return TrainingProgress(**found)


_PROGRESS_KINDS: Mapping[Any, Kind] = {int: int, float: float, int | None: int | None, float | None: float | None}


def check_checkpoint(path: Path) -> dict[str, Any]:
    """Return what is on record of a checkpoint whose tensors are whole; they are not loaded.

    Raises:
        InputError: it is damaged; the hint names the one before it.
    """
    record = read_json(path / _STATE)
    settings = take_field(record, "settings", dict, f"`{path / _STATE}`")
    precision = take_field(settings, "precision", str, f"`{path / _STATE}`", "float32")
    if precision not in ("bf16", "float32"):
        raise InputError(f"`{path / _STATE}`: `precision` is `{clip(sanitize(precision), 40)}`, not bf16 or float32")
    checksum = take_field(record, "sha256", str, f"`{path / _STATE}`")
    if not (path / _TENSORS).is_file() or sha256(path / _TENSORS) != checksum:
        older = [other for other in list_checkpoints(path.parent) if other.name < path.name]
        hint = f"--at-step {parse_step(older[0])} goes on from the one before it" if older else "no older one is left"
        raise InputError(f"checkpoint `{path}` is damaged: its checksum differs", hint)
    return record


def parse_step(path: Path) -> int:
    """Return the step at which a checkpoint was made."""
    return int(path.name.removeprefix("step-"))
