"""What a run's best model answers for each row of a split, kept in the run folder so that no model is asked twice.

runs/NAME/predictions/test.arrow has the columns row_id, label and prediction.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.files import atomic_write, sha256
from txt.metrics import Ints
from txt.runs.folder import Run

Watcher = Callable[[int, int], None]
"""Hears how many rows were predicted since the last call, and how many there are in all."""


@dataclass(frozen=True)
class Predictions:
    """Labels and answers of a split's rows (N,), as numbers of `classes`.

    `fingerprint` is the SHA-256 of the rows' texts and labels in their order: two runs with the same one were asked the
    same questions, whatever their tokenizers made of them.
    """

    classes: tuple[str, ...]
    labels: Ints
    answers: Ints
    fingerprint: str

    def among(self, classes: Iterable[str]) -> tuple[Ints, Ints]:
        """Return labels and answers as numbers of other classes, of which these are some."""
        numbers = {name: number for number, name in enumerate(classes)}
        mapped = np.array([numbers[name] for name in self.classes], np.int64)
        return mapped[self.labels], mapped[self.answers]


def predictions_of(run: Run, split_name: str = "test", progress: Watcher | None = None) -> Predictions:
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
    kept = _read(kept_at, model)
    if kept is None:
        kept = _predicted(run, split_name, progress or (lambda _done, _total: None), kept_at, model)
    return kept


def rows_fingerprint(texts: Iterable[str], labels: Iterable[str]) -> str:
    """Return the SHA-256 of texts and labels in their order, no two different lists having the same."""
    digest = hashlib.sha256()
    for text, label in zip(texts, labels, strict=True):
        for part in (text, label):
            content = part.encode("utf-8", "surrogatepass")
            digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()


def _predicted(run: Run, split_name: str, progress: Watcher, kept_at: Path, model: str) -> Predictions:
    from txt.model.predict import predict_logits  # torch takes seconds to load, and kept predictions do without
    from txt.model.saved import load_model
    from txt.training.machine import choose_machine, in_precision

    prepared = Prepared.open(run.prepared_path())
    split = prepared.split(split_name)
    if not len(split):
        have = [name for name in ("test", "val", "train") if len(prepared.split(name))]
        hint = f"--split {have[0]} has some" if have else None
        raise InputError(f"the split `{split_name}` of run `{run.name}` has no labeled rows", hint)
    machine = choose_machine(run.config())
    network = in_precision(load_model(run.model, machine.device), machine)
    logits = predict_logits(network, split, machine.device, progress=lambda done: progress(done, len(split)))
    classes = prepared.labels
    fingerprint = rows_fingerprint(split.texts(), [classes[label] for label in split.labels])
    found = Predictions(classes, split.labels, logits.argmax(axis=1).astype(np.int64), fingerprint)
    _keep(found, [str(name) for name in split.row_ids()], kept_at, model)
    return found


def _keep(found: Predictions, row_ids: list[str], path: Path, model: str) -> None:
    """Write predictions; a run that cannot be written to is asked again another time."""
    names = pa.array(found.classes, pa.string())
    columns = [
        pa.array(row_ids, pa.string()),
        pa.DictionaryArray.from_arrays(pa.array(found.labels, pa.int32()), names),
        pa.DictionaryArray.from_arrays(pa.array(found.answers, pa.int32()), names),
    ]
    table = pa.Table.from_arrays(columns, ["row_id", "label", "prediction"])
    table = table.replace_schema_metadata({"fingerprint": found.fingerprint, "model": model})
    try:
        with atomic_write(path, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    except OSError:
        return


def _read(path: Path, model: str) -> Predictions | None:
    """Read predictions; None where there are none by this model."""
    try:
        table = pa.ipc.open_file(path.read_bytes()).read_all().combine_chunks()
        metadata = table.schema.metadata or {}
        if metadata.get(b"model") != model.encode():
            return None
        labels, answers = (table.column(name).chunk(0) for name in ("label", "prediction"))
        return Predictions(
            tuple(labels.dictionary.to_pylist()),
            labels.indices.to_numpy().astype(np.int64),
            answers.indices.to_numpy().astype(np.int64),
            metadata[b"fingerprint"].decode(),
        )
    except (OSError, pa.ArrowException, KeyError, AttributeError, IndexError):
        return None
