"""Predictions of a run's best model for each row of a split, cached in the run folder.

runs/NAME/predictions/test.arrow has the columns row_id, label and prediction.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from txt.arrays import Ints
from txt.data.arrow_arrays import build_numbers, build_strings, read_numbers
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.files import atomic_write, refuse_links_below, sha256
from txt.runs.folder import Run

PredictionWatcher = Callable[[int, int], None]
"""Called with the number of rows predicted since the last call, and the total."""


@dataclass(frozen=True)
class Predictions:
    """Labels and answers of a split's rows (N,), as numbers of `classes`.

    `fingerprint` is the SHA-256 of the rows' texts and labels in their order: two runs with the same one predicted
    the same rows, even if their tokenizers differ.
    """

    classes: tuple[str, ...]
    labels: Ints
    answers: Ints
    fingerprint: str

    def among(self, classes: Iterable[str]) -> tuple[Ints, Ints]:
        """Return labels and predictions renumbered for `classes`, which include this run's."""
        numbers = {name: number for number, name in enumerate(classes)}
        mapped = np.array([numbers[name] for name in self.classes], np.int64)
        return mapped[self.labels], mapped[self.answers]


def get_predictions(run: Run, split_name: str = "test", progress: PredictionWatcher | None = None) -> Predictions:
    """Return a run's predictions of a split: those that are kept, if its model is still the same, or new ones.

    Raises:
        InputError: the run has no model yet, or the split has no labeled rows.
    """
    weights = run.model / "model.safetensors"
    if not weights.is_file():
        raise InputError(
            f"run `{run.name}` has no model yet",
            "a run has one after its first evaluation; a search keeps the best ones",
        )
    kept_at, model = run.path / "predictions" / f"{split_name}.arrow", sha256(weights)
    kept = _read_predictions(kept_at, model)
    if kept is None:
        kept = _predict_split(run, split_name, progress or (lambda _done, _total: None), kept_at, model)
    return kept


def fingerprint_rows(texts: Iterable[str], labels: Iterable[str]) -> str:
    """Return the SHA-256 of texts and labels in their order, no two different lists having the same."""
    digest = hashlib.sha256()
    for text, label in zip(texts, labels, strict=True):
        for part in (text, label):
            content = part.encode("utf-8", "surrogatepass")
            digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def _predict_split(run: Run, split_name: str, progress: PredictionWatcher, kept_at: Path, model: str) -> Predictions:
    from txt.model.predict import predict_logits  # torch takes seconds to load, and kept predictions do without
    from txt.model.saved import load_model
    from txt.training.machine import choose_machine, convert_precision

    prepared = Prepared.open(run.locate_prepared())
    split = prepared.split(split_name)
    if not len(split):
        have = [name for name in ("test", "val", "train") if len(prepared.split(name))]
        hint = f"--split {have[0]} has some" if have else None
        raise InputError(f"the split `{split_name}` of run `{run.name}` has no labeled rows", hint)
    machine = choose_machine(run.config())
    network = convert_precision(load_model(run.model, machine.device), machine)
    logits = predict_logits(network, split, machine.device, progress=lambda done: progress(done, len(split)))
    classes = prepared.labels
    fingerprint = fingerprint_rows(split.texts(), [classes[label] for label in split.labels])
    found = Predictions(classes, split.labels, logits.argmax(axis=1).astype(np.int64), fingerprint)
    refuse_links_below(run.path, kept_at)
    _write_predictions(found, [str(name) for name in split.row_ids()], kept_at, model)
    return found


def _write_predictions(found: Predictions, row_ids: list[str], path: Path, model: str) -> None:
    """Write predictions; if the run folder is not writable they are computed again next time."""
    names = build_strings(found.classes)
    columns = [
        build_strings(row_ids),
        pa.DictionaryArray.from_arrays(build_numbers(found.labels.astype(np.int32)), names),
        pa.DictionaryArray.from_arrays(build_numbers(found.answers.astype(np.int32)), names),
    ]
    table = pa.Table.from_arrays(columns, ["row_id", "label", "prediction"])
    table = table.replace_schema_metadata({"fingerprint": found.fingerprint, "model": model})
    try:
        with atomic_write(path, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    except OSError:
        return


def _read_predictions(path: Path, model: str) -> Predictions | None:
    """Read predictions; None where there are none by this model."""
    try:
        table = pa.ipc.open_file(path.read_bytes()).read_all().combine_chunks()
        metadata = table.schema.metadata or {}
        if metadata.get(b"model") != model.encode():
            return None
        table.validate(full=True)  # else a damaged file has classes that do not exist
        labels, answers = (table.column(name).chunk(0) for name in ("label", "prediction"))
        if labels.dictionary != answers.dictionary or labels.null_count or answers.null_count:
            return None
        return Predictions(
            tuple(labels.dictionary.to_pylist()),
            read_numbers(labels.indices).astype(np.int64),
            read_numbers(answers.indices).astype(np.int64),
            metadata[b"fingerprint"].decode(),
        )
    except (OSError, pa.ArrowException, KeyError, AttributeError, IndexError, UnicodeDecodeError):
        return None
