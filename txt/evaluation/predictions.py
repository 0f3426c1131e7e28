"""Predictions of a run's best model for each row of a split, cached in the run folder.

runs/NAME/predictions/test.arrow has the columns row_id, label and prediction: a class, or a list of labels.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from txt.data.arrow_arrays import build_numbers, build_strings, read_numbers
from txt.data.label_kinds import ORDERED, SEVERAL, SINGLE, LabelSets
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.evaluation.calibration import refuse_no_numbers, softmax
from txt.files import atomic_write, read_json, refuse_links_below, sha256
from txt.label_set_metrics import sigmoid
from txt.model.several import PROBLEM
from txt.runs.folder import Run

_COLUMNS = ("label", "prediction")

PredictionWatcher = Callable[[int, int], None]
"""Called with the number of rows predicted since the last call, and the total."""


Labels = npt.NDArray[Any]
"""Class numbers (N,), or which labels each row has (N, K)."""


@dataclass(frozen=True)
class Predictions:
    """Labels and answers of a split's rows: numbers of `classes` (N,), or where rows have several, which hold (N, K).

    `kind` is that of the labels. `fingerprint` is the SHA-256 of the rows' texts and labels in their order: two runs
    with the same one predicted the same rows, even if their tokenizers differ.
    """

    classes: tuple[str, ...]
    labels: Labels
    answers: Labels
    fingerprint: str
    kind: str = SINGLE

    def among(self, classes: Iterable[str]) -> tuple[Labels, Labels]:
        """Return labels and predictions renumbered for `classes`, which include this run's."""
        numbers = {name: number for number, name in enumerate(classes)}
        mapped = np.array([numbers[name] for name in self.classes], np.int64)
        if self.kind != SEVERAL:
            return mapped[self.labels], mapped[self.answers]
        found = np.zeros((2, len(self.labels), len(numbers)), np.bool_)
        found[:, :, mapped] = self.labels, self.answers
        return found[0], found[1]


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
    kept = _read_predictions(kept_at, model, _read_kind(run))
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


def _read_kind(run: Run) -> str:
    """Return the kind of a model's labels, as far as it decides what is answered."""
    config = read_json(run.model / "config.json")
    if config.get("problem_type") == PROBLEM:
        return SEVERAL
    return ORDERED if config.get("label_kind") == ORDERED else SINGLE


def _predict_split(run: Run, split_name: str, progress: PredictionWatcher, kept_at: Path, model: str) -> Predictions:
    from txt.model.predict import predict_logits  # torch takes seconds to load, and kept predictions do without
    from txt.model.saved import load_model
    from txt.model.several import read_decision, read_order
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
    refuse_no_numbers(logits)
    classes, decision, order = prepared.labels, read_decision(network.config), read_order(network.config)
    if decision is not None:
        sets, answers = split.label_sets, decision.decide(sigmoid(logits))
        written = [json.dumps(sorted(sets.names(row, classes)), ensure_ascii=False) for row in range(len(sets))]
        found = Predictions(
            classes, sets.matrix(len(classes)), answers, fingerprint_rows(split.texts(), written), SEVERAL
        )
    else:
        fingerprint = fingerprint_rows(split.texts(), [classes[label] for label in split.labels])
        chosen = logits.argmax(axis=1) if order is None else order.decide(softmax(logits.astype(np.float64)))
        kind = SINGLE if order is None else ORDERED
        found = Predictions(classes, split.labels, chosen.astype(np.int64), fingerprint, kind)
    refuse_links_below(run.path, kept_at)
    _write_predictions(found, [str(name) for name in split.row_ids()], kept_at, model)
    return found


def _write_predictions(found: Predictions, row_ids: list[str], path: Path, model: str) -> None:
    """Write predictions; if the run folder is not writable they are computed again next time."""
    names = build_strings(found.classes)
    columns = [_build_labels(values, names) for values in (found.labels, found.answers)]
    table = pa.Table.from_arrays([build_strings(row_ids), *columns], ["row_id", "label", "prediction"])
    table = table.replace_schema_metadata({"fingerprint": found.fingerprint, "model": model, "kind": found.kind})
    try:
        with atomic_write(path, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    except OSError:
        return


def _build_labels(values: Labels, names: pa.StringArray) -> pa.Array:
    """Return a column of classes, or of a list of labels a row."""
    if values.ndim == 1:
        return pa.DictionaryArray.from_arrays(build_numbers(values.astype(np.int32)), names)
    sets = LabelSets.of_matrix(values)
    held = pa.DictionaryArray.from_arrays(build_numbers(sets.ids), names)
    return pa.ListArray.from_arrays(build_numbers(sets.offsets.astype(np.int32)), held)


def _read_labels(column: pa.Array) -> tuple[tuple[str, ...], Labels]:
    """Return the names, and what `_build_labels` was given."""
    if not pa.types.is_list(column.type):
        return tuple(column.dictionary.to_pylist()), read_numbers(column.indices).astype(np.int64)
    offsets, held = read_numbers(column.offsets).astype(np.int64), column.values
    names = tuple(held.dictionary.to_pylist())
    return names, LabelSets(offsets, read_numbers(held.indices).astype(np.int32)).matrix(len(names))


def _read_predictions(path: Path, model: str, kind: str) -> Predictions | None:
    """Read predictions; None where there are none by this model, of labels of this kind."""
    try:
        table = pa.ipc.open_file(path.read_bytes()).read_all().combine_chunks()
        metadata = table.schema.metadata or {}
        if metadata.get(b"model") != model.encode() or metadata.get(b"kind", SINGLE.encode()) != kind.encode():
            return None
        table.validate(full=True)  # else a damaged file has classes that do not exist
        (classes, labels), (named, answers) = (_read_labels(table.column(name).chunk(0)) for name in _COLUMNS)
        if named != classes or any(table.column(name).null_count for name in _COLUMNS):
            return None
        return Predictions(classes, labels, answers, metadata[b"fingerprint"].decode(), kind)
    except (OSError, pa.ArrowException, KeyError, AttributeError, IndexError, UnicodeDecodeError):
        return None
