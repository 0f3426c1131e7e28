"""Evaluating a run: its best model on a split of its data, or on a file of labeled rows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from txt.config import PrepareConfig
from txt.data.prepared import Prepared, Split
from txt.data.reading.split_column import parse_split
from txt.errors import InputError
from txt.evaluation.embeddings import fit_predict_embeddings
from txt.evaluation.labeled_file import ALL, LabeledFile, read_labeled
from txt.evaluation.report import Report, SplitOutputs, evaluate
from txt.metrics import Floats
from txt.model.predict import predict_logits
from txt.model.saved import load_model
from txt.runs.folder import Run
from txt.training.machine import choose_machine, convert_precision

SPLITS = ("test", "val", "train")

PredictionWatcher = Callable[[int, int], None]
"""Called with the number of rows predicted since the last call, and the total."""


def evaluate_run(
    run: Run,
    split_name: str | None = None,
    data: Path | None = None,
    reading: PrepareConfig | None = None,
    device: str | None = None,
    progress: PredictionWatcher | None = None,
    embeddings: bool = False,
) -> Report:
    """Score a run's best model on a split, beside the baseline fitted on the run's own train split.

    Args:
        run: a run with a model.
        split_name: the split to score: by default test, or of a file without splits all rows.
        data: a file of labeled rows to score instead of the run's own data.
        reading: options that settle how `data` is read.
        device: as in TrainConfig; the run's own by default.
        progress: called as predictions are made.
        embeddings: fit a second baseline, on frozen embeddings, where the encoder is installed.

    Raises:
        InputError: the run has no model yet, the split has no labeled rows, or `data` cannot be read or does not fit.
    """
    config = run.config()
    prepared = Prepared.open(run.prepared_path())
    rows = _load_rows(prepared, split_name, data, reading or PrepareConfig())
    machine = choose_machine(config.with_options(device=device) if device else config)
    model = convert_precision(load_model(run.model, machine.device), machine)
    train, val = prepared.split("train"), prepared.split("val")
    fits_temperature = len(val) > 0 and not (isinstance(rows, Split) and rows.name == "val")
    total = len(rows.lengths) + (len(val) if fits_temperature else 0)

    def compute_logits(split: Split | LabeledFile) -> Floats:
        told = (lambda done: progress(done, total)) if progress else None
        logits = predict_logits(model, split, machine.device, progress=told)
        return logits.astype(np.float64)  # (N, C)

    logits = compute_logits(rows)
    test = _collect_split_outputs(rows, logits) if isinstance(rows, Split) else _collect_file_outputs(rows, logits)
    frozen = None
    if embeddings and config.freeze != "all":
        frozen = fit_predict_embeddings(train.texts(), train.labels, test.texts, len(prepared.labels))
    return evaluate(
        test,
        prepared.labels,
        run=run.name,
        split=rows.name,
        data=data.name if data else None,
        left_out=rows.left_out if isinstance(rows, LabeledFile) else {},
        val=(val.labels, compute_logits(val)) if fits_temperature else None,
        train=(train.texts(), train.labels),
        embeddings=frozen,
        seed=config.seed,
    )


def report_folder(run: Run, report: Report) -> Path:
    """Return where a report goes: the run's own folder for its test split, one inside it for anything else."""
    if report.data is None and report.split == "test":
        return run.path
    parts = [part for part in (report.data, report.split) if part not in (None, ALL)]
    return run.path / "reports" / "-".join(parts)


def _load_rows(
    prepared: Prepared, split_name: str | None, data: Path | None, reading: PrepareConfig
) -> Split | LabeledFile:
    wanted = parse_split(split_name) or split_name
    if data is not None:
        return read_labeled(data, prepared, wanted, reading)
    name = wanted or "test"
    split = prepared.split(name)
    if name not in SPLITS or not len(split):
        have = [known for known in SPLITS if len(prepared.split(known))]
        raise InputError(f"the split `{name}` has no labeled rows", f"--split {have[0]} has some" if have else None)
    return split


def _collect_split_outputs(split: Split, logits: Floats) -> SplitOutputs:
    metadata = split.metadata()
    return SplitOutputs(
        labels=split.labels,
        logits=logits,
        texts=split.texts(),
        row_ids=split.row_ids(),
        token_lengths=split.lengths.astype(np.int64),
        metadata={
            name: ["" if value is None else str(value) for value in metadata.column(name).to_pylist()]
            for name in metadata.column_names
        },
    )


def _collect_file_outputs(file: LabeledFile, logits: Floats) -> SplitOutputs:
    return SplitOutputs(file.labels, logits, file.texts, file.row_ids, file.lengths, file.metadata)
