"""Evaluating a run: its best model on a split of its data, or on a file of labeled rows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from txt.config import PrepareConfig
from txt.data.prepared import Prepared, Split
from txt.data.reading.columns import split_named
from txt.errors import InputError
from txt.evaluation.embeddings import fit_predict
from txt.evaluation.labeled_file import ALL, LabeledFile, read_labeled
from txt.evaluation.report import Predicted, Report, evaluate
from txt.metrics import Floats, Ints
from txt.model.predict import predict_logits
from txt.model.saved import load_model
from txt.runs.folder import Run
from txt.training.ladder.out_of_fold import OutOfFold, read_out_of_fold
from txt.training.machine import choose_machine, in_precision

SPLITS = ("test", "val", "train")
LEARNED = ("train", "val")
"""The splits that a ladder's model learns from."""

Watcher = Callable[[int, int], None]
"""Hears how many rows were predicted since the last call, and how many there are in all."""


def evaluate_run(
    run: Run,
    split_name: str | None = None,
    data: Path | None = None,
    reading: PrepareConfig | None = None,
    device: str | None = None,
    progress: Watcher | None = None,
    embeddings: bool = False,
) -> Report:
    """Score a run's best model on a split, beside the baseline fitted on the run's own train split.

    Args:
        run: a run with a model.
        split_name: the split to score: by default test, or of a file without splits all rows.
        data: a file of labeled rows to score instead of the run's own data.
        reading: options that settle how `data` is read.
        device: as in TrainConfig; the run's own by default.
        progress: hears how far the predictions are.
        embeddings: fit a second baseline, on frozen embeddings, where the encoder is installed.

    Raises:
        InputError: the run has no model yet, the split has no labeled rows, or `data` cannot be read or does not fit.
    """
    config = run.config()
    prepared = Prepared.open(run.prepared_path())
    rows = _rows(prepared, split_name, data, reading or PrepareConfig())
    machine = choose_machine(config.with_options(device=device) if device else config)
    model = in_precision(load_model(run.model, machine.device), machine)
    train, val = prepared.split("train"), prepared.split("val")
    out_of_fold = read_out_of_fold(run.path)  # of a model that learned from val too
    fits_temperature = out_of_fold is None and len(val) > 0 and not (isinstance(rows, Split) and rows.name == "val")
    total = len(rows.lengths) + (len(val) if fits_temperature else 0)

    def logits_of(split: Split | LabeledFile) -> Floats:
        told = (lambda done: progress(done, total)) if progress else None
        logits = predict_logits(model, split, machine.device, progress=told)
        return logits.astype(np.float64)  # (N, C)

    learned = out_of_fold is not None and isinstance(rows, Split) and rows.name in LEARNED
    if isinstance(rows, LabeledFile):
        test = _of_file(rows, logits_of(rows))
    elif learned and out_of_fold is not None:
        test = _of_split(rows, *_of_learned(rows, out_of_fold, len(train)))
    else:
        test = _of_split(rows, logits_of(rows))
    temperature_rows = (val.labels, logits_of(val)) if fits_temperature else None
    if out_of_fold is not None:
        temperature_rows = out_of_fold.labels, out_of_fold.logits
    frozen = None
    if embeddings and config.freeze != "all":
        frozen = fit_predict(train.texts(), train.labels, test.texts, len(prepared.labels))
    return evaluate(
        test,
        prepared.labels,
        run=run.name,
        split=rows.name,
        data=data.name if data else None,
        left_out=rows.left_out if isinstance(rows, LabeledFile) else {},
        val=temperature_rows,
        train=None if learned and rows.name == "train" else (train.texts(), train.labels),
        embeddings=frozen,
        seed=config.seed,
    )


def report_folder(run: Run, report: Report) -> Path:
    """Return where a report goes: the run's own folder for its test split, one inside it for anything else."""
    if report.data is None and report.split == "test":
        return run.path
    parts = [part for part in (report.data, report.split) if part not in (None, ALL)]
    return run.path / "reports" / "-".join(parts)


def _rows(prepared: Prepared, split_name: str | None, data: Path | None, reading: PrepareConfig) -> Split | LabeledFile:
    wanted = split_named(split_name) or split_name
    if data is not None:
        return read_labeled(data, prepared, wanted, reading)
    name = wanted or "test"
    split = prepared.split(name)
    if name not in SPLITS or not len(split):
        have = [known for known in SPLITS if len(prepared.split(known))]
        raise InputError(f"the split `{name}` has no labeled rows", f"--split {have[0]} has some" if have else None)
    return split


def _of_learned(split: Split, found: OutOfFold, train_rows: int) -> tuple[Floats, Ints]:
    """Return what models like the run's that did not learn them say of train or val rows: logits, and which rows."""
    begin = 0 if split.name == "train" else train_rows
    here = (found.places >= begin) & (found.places < begin + len(split))
    return found.logits[here], found.places[here] - begin


def _of_split(split: Split, logits: Floats, places: Ints | None = None) -> Predicted:
    """Return the rows of a split, or those of them at some places, with their logits."""
    kept = np.arange(len(split)) if places is None else places
    metadata = split.metadata().take(kept)
    return Predicted(
        labels=split.labels[kept],
        logits=logits,
        texts=split.texts(kept),
        row_ids=split.row_ids(kept),
        token_lengths=split.lengths[kept].astype(np.int64),
        metadata={
            name: ["" if value is None else str(value) for value in metadata.column(name).to_pylist()]
            for name in metadata.column_names
        },
    )


def _of_file(file: LabeledFile, logits: Floats) -> Predicted:
    return Predicted(file.labels, logits, file.texts, file.row_ids, file.lengths, file.metadata)
