"""Evaluating a run: its best model on a split of its data, or on a file of labeled rows."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints
from txt.config import PrepareConfig
from txt.data.prepared import MANIFEST, Prepared, Split
from txt.data.reading.split_column import parse_split
from txt.errors import InputError
from txt.evaluation.calibration import FittingRows, refuse_no_numbers
from txt.evaluation.label_gain import LabelGain, estimate_label_gain
from txt.evaluation.labeled_file import ALL, LabeledFile, ModelInputs, read_labeled
from txt.evaluation.report import Report, SplitOutputs, evaluate
from txt.evaluation.several import LearnedSets, evaluate_sets
from txt.runs.folder import Run
from txt.training.ladder.learning_curve import read_learning_curve
from txt.training.ladder.out_of_fold import OutOfFold, read_out_of_fold

if TYPE_CHECKING:
    from txt.evaluation.baseline import Baseline

SPLITS = ("test", "val", "train")
FEW_ROWS = 300
"""A test split of fewer rows says little; scores over all rows of the data are told beside it."""

LEARNED = ("train", "val")
"""The splits that a ladder's model learns from."""

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
    unknown_labels: str = "error",
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
        unknown_labels: what becomes of rows of `data` whose label the model does not have; see `read_labeled`.

    Raises:
        InputError: the run has no model yet, the split has no labeled rows, or `data` cannot be read or does not fit.
    """
    reading = reading or PrepareConfig()
    prepared = _open_prepared(run, data)
    if prepared is None:
        assert data is not None
        return _evaluate_alone(run, split_name, data, reading, device, progress, unknown_labels)
    rows = _load_rows(prepared, split_name, data, reading, unknown_labels)
    return _RunEvaluation(run, prepared, rows, _Network(run, device)).evaluate(data, progress, embeddings)


class _Network:
    """A run's best model on the machine that it is evaluated on; torch is loaded here, after what can be refused."""

    def __init__(self, run: Run, device: str | None) -> None:
        from txt.model.saved import load_model
        from txt.training.machine import choose_machine, convert_precision

        config = run.config()
        machine = choose_machine(config.with_options(device=device) if device else config)
        self._model = convert_precision(load_model(run.model, machine.device), machine)
        self._device = machine.device
        self.config = self._model.config

    def compute_logits(self, rows: Split | LabeledFile, told: Callable[[int], None] | None = None) -> Floats:
        """Return the logits (N, C) of rows; `told` is called with the number of rows done since the last call."""
        from txt.model.predict import predict_logits

        logits = predict_logits(self._model, rows, self._device, progress=told)
        refuse_no_numbers(logits)
        return logits.astype(np.float64)


class _RunEvaluation:
    """Scores a model on rows, beside what the data that it learned from says about them."""

    def __init__(self, run: Run, prepared: Prepared, rows: Split | LabeledFile, network: _Network) -> None:
        self._run = run
        self._prepared = prepared
        self._rows = rows
        self._network = network
        self._train, self._val = prepared.split("train"), prepared.split("val")
        self._out_of_fold = read_out_of_fold(run.path)  # of a model that learned from val too
        self._split = rows.name if isinstance(rows, Split) else None
        self._has_learned = self._out_of_fold is not None and self._split in LEARNED
        several = prepared.manifest.has_several  # whose thresholds are on the probabilities as they are
        knows_fitting = several or self._out_of_fold is not None or self._split == "val"
        self._fits_on_val = not knows_fitting and len(self._val) > 0

    def evaluate(self, data: Path | None, progress: PredictionWatcher | None, embeddings: bool) -> Report:
        """Return the report of the rows, which are those of `data` where that is given."""
        from txt.model.several import read_decision, read_order, read_tree

        total = len(self._rows.lengths) + (len(self._val) if self._fits_on_val else 0)
        told = (lambda done: progress(done, total)) if progress else None
        test = self._collect_outputs(told)
        file = self._rows if isinstance(self._rows, LabeledFile) else None
        common: dict[str, Any] = {
            "run": self._run.name,
            "split": self._rows.name,
            "data": data.name if data else None,
            "left_out": file.left_out if file else {},
            "everything": self._collect_everything(test),
            "seed": self._run.config().seed,
        }
        decision = read_decision(self._network.config)
        if decision is not None:
            metric = self._run.config().metric
            return evaluate_sets(
                test, self._prepared.labels, decision, metric=metric, train=self._list_learned_sets(), **common
            )
        return evaluate(
            test,
            self._prepared.labels + (file.unknown if file else ()),
            fitting=self._choose_fitting(test, told),
            train=None if self._measures_train() else (self._train.texts(), self._train.labels),
            embeddings=self._predict_embeddings(test) if embeddings else None,
            order=read_order(self._network.config),
            tree=read_tree(self._network.config),
            notes=file.notes if file else (),
            label_gain=None if file else _read_label_gain(self._run),
            **common,
        )

    def _collect_outputs(self, told: Callable[[int], None] | None) -> SplitOutputs:
        """Return the rows with the model's logits; with those of models that did not learn them, where it did."""
        if isinstance(self._rows, LabeledFile):
            return _collect_file_outputs(self._rows, self._network.compute_logits(self._rows, told))
        if self._has_learned and self._out_of_fold is not None:
            found = _pick_out_of_fold(self._rows, self._out_of_fold, len(self._train))
            return _collect_split_outputs(self._rows, *found)
        return _collect_split_outputs(self._rows, self._network.compute_logits(self._rows, told))

    def _collect_everything(self, test: SplitOutputs) -> SplitOutputs | None:
        """Return all rows of the data, where there are too few in test and others were judged out of fold."""
        if self._split != "test" or self._out_of_fold is None or len(test.labels) >= FEW_ROWS:
            return None
        learned = [
            _collect_split_outputs(split, *_pick_out_of_fold(split, self._out_of_fold, len(self._train)))
            for split in (self._train, self._val)
            if len(split)
        ]
        parts = [*learned, test]
        return SplitOutputs(
            labels=np.concatenate([part.labels for part in parts]),
            logits=np.concatenate([part.logits for part in parts]),
            texts=[text for part in parts for text in part.texts],
            row_ids=[row_id for part in parts for row_id in part.row_ids],
        )

    def _choose_fitting(self, test: SplitOutputs, told: Callable[[int], None] | None) -> FittingRows | None:
        """Return the rows that a temperature is fitted on, if there are any."""
        found = self._out_of_fold
        if found is not None:
            return FittingRows(found.labels, found.logits, "out-of-fold predictions", are_measured=self._has_learned)
        if self._split == "val":
            return FittingRows(test.labels, test.logits, are_measured=True)
        return (
            FittingRows(self._val.labels, self._network.compute_logits(self._val, told)) if self._fits_on_val else None
        )

    def _measures_train(self) -> bool:
        return self._has_learned and self._split == "train"

    def _list_learned_sets(self) -> LearnedSets | None:
        if self._measures_train():
            return None
        return LearnedSets(self._train.texts(), self._train.label_sets.matrix(len(self._prepared.labels)))

    def _predict_embeddings(self, test: SplitOutputs) -> "Baseline | None":
        """Return what a second baseline on frozen embeddings says; None where the model is one itself."""
        if self._run.config().freeze == "all":
            return None
        from txt.evaluation.embeddings import fit_predict_embeddings

        return fit_predict_embeddings(self._train.texts(), self._train.labels, test.texts, len(self._prepared.labels))


def _read_label_gain(run: Run) -> LabelGain | None:
    curve = read_learning_curve(run.path)
    return None if curve is None else estimate_label_gain(curve.rows, curve.right, curve.learned)


def _open_prepared(run: Run, data: Path | None) -> Prepared | None:
    """Open the data that a run was trained on; None where it is not there and not needed.

    Raises:
        NotAllowedError: it lies outside the run's project, and the user has not named or allowed it.
    """
    path = run.prepared_path()
    if (path / MANIFEST).is_file():
        return Prepared.open(run.locate_prepared())
    if data is not None:
        return None
    raise InputError(
        f"the data that run `{run.name}` was trained on is not at `{path}`",
        f"bring it there, or txt eval {run.name} --data FILE takes the run alone",
    )


def _evaluate_alone(
    run: Run,
    split_name: str | None,
    data: Path,
    reading: PrepareConfig,
    device: str | None,
    progress: PredictionWatcher | None,
    unknown_labels: str,
) -> Report:
    """Score a run's best model on a file, from the run alone: without a baseline, which is fitted on train rows."""
    model = ModelInputs.of_run(run)
    rows = read_labeled(data, model, parse_split(split_name) or split_name, reading, unknown_labels)
    network = _Network(run, device)
    from txt.model.several import read_decision, read_order, read_tree

    if read_decision(network.config) is not None:
        raise InputError(
            f"the rows of run `{run.name}` have several labels, and its data is not at `{run.prepared_path()}`",
            "bring it there: it says how several labels are written",
        )
    told = (lambda done: progress(done, len(rows.texts))) if progress else None
    logits = network.compute_logits(rows, told)
    found = read_out_of_fold(run.path)
    fitting = None if found is None else FittingRows(found.labels, found.logits, "out-of-fold predictions")
    missing = f"there is no baseline: the data that the run was trained on is not at `{run.prepared_path()}`"
    return evaluate(
        _collect_file_outputs(rows, logits),
        model.labels + rows.unknown,
        run=run.name,
        split=rows.name,
        data=data.name,
        left_out=rows.left_out,
        fitting=fitting,
        seed=run.config().seed,
        notes=(missing, *rows.notes),
        order=read_order(network.config),
        tree=read_tree(network.config),
    )


def report_folder(run: Run, report: Report) -> Path:
    """Return where a report goes: the run's own folder for its test split, one inside it for anything else."""
    if report.data is None and report.split == "test":
        return run.path
    parts = [part for part in (report.data, report.split) if part not in (None, ALL)]
    return run.path / "reports" / "-".join(parts)


def _load_rows(
    prepared: Prepared, split_name: str | None, data: Path | None, reading: PrepareConfig, unknown_labels: str
) -> Split | LabeledFile:
    wanted = parse_split(split_name) or split_name
    if data is not None:
        return read_labeled(data, ModelInputs.of_prepared(prepared), wanted, reading, unknown_labels)
    name = wanted or "test"
    split = prepared.split(name)
    if name not in SPLITS or not len(split):
        have = [known for known in SPLITS if len(prepared.split(known))]
        raise InputError(f"the split `{name}` has no labeled rows", f"--split {have[0]} has some" if have else None)
    return split


def _pick_out_of_fold(split: Split, found: OutOfFold, train_rows: int) -> tuple[Floats, Ints]:
    """Return what models like the run's that did not learn them say of train or val rows: logits, and which rows."""
    begin = 0 if split.name == "train" else train_rows
    here = (found.places >= begin) & (found.places < begin + len(split))
    return found.logits[here], found.places[here] - begin


def _read_labels(split: Split, rows: Ints, classes: int) -> npt.NDArray[Any]:
    return split.label_sets.take(rows).matrix(classes) if split.has_several else split.labels[rows]


def _collect_split_outputs(split: Split, logits: Floats, places: Ints | None = None) -> SplitOutputs:
    """Return the rows of a split, or those of them at some places, with their logits."""
    kept = np.arange(len(split)) if places is None else places
    metadata = split.metadata().take(kept)
    return SplitOutputs(
        labels=_read_labels(split, kept, logits.shape[1]),
        logits=logits,
        texts=split.texts(kept),
        row_ids=split.row_ids(kept),
        token_lengths=split.lengths[kept].astype(np.int64),
        metadata={
            name: ["" if value is None else str(value) for value in metadata.column(name).to_pylist()]
            for name in metadata.column_names
        },
    )


def _collect_file_outputs(file: LabeledFile, logits: Floats) -> SplitOutputs:
    labels = file.labels if file.label_sets is None else file.label_sets.matrix(logits.shape[1])
    return SplitOutputs(labels, logits, file.texts, file.row_ids, file.lengths, file.metadata)
