"""Evaluating a run: its best model on a split of its data, or on a file of labeled rows."""

from txt.data.prepared import Prepared, Split
from txt.errors import InputError
from txt.evaluation.report import Predicted, Report, evaluate
from txt.metrics import Floats
from txt.model.classifier import TransformerClassifier
from txt.model.predict import predict_logits
from txt.model.saved import load_model
from txt.runs import Run
from txt.training.machine import Machine, choose_machine, in_precision

SPLITS = ("test", "val", "train")


def evaluate_run(run: Run, split_name: str = "test", data: Prepared | None = None, device: str | None = None) -> Report:
    """Score a run's best model on a split, beside the baseline fitted on the run's own train split.

    Args:
        run: a run with a model.
        split_name: the split to score.
        data: other rows to take the split from, prepared with the run's tokenizer and labels.
        device: as in TrainConfig; the run's own by default.

    Raises:
        InputError: the run has no model yet, or the split has no labeled rows.
    """
    config = run.config()
    machine = choose_machine(config.with_options(device=device) if device else config)
    prepared = Prepared.open(run.prepared_path())
    split = (data or prepared).split(split_name)
    if not len(split):
        have = [name for name in SPLITS if len((data or prepared).split(name))]
        raise InputError(
            f"the split `{split_name}` has no labeled rows", f"--split {have[0]} has some" if have else None
        )
    model = in_precision(load_model(run.model, machine.device), machine)
    train, val = prepared.split("train"), prepared.split("val")
    return evaluate(
        _predicted(split, _logits(model, split, machine)),
        prepared.labels,
        run=run.name,
        split=split_name,
        val=(val.labels, _logits(model, val, machine)) if split_name != "val" else None,
        train=(train.texts(), train.labels),
        seed=config.seed,
    )


def _logits(model: TransformerClassifier, split: Split, machine: Machine) -> Floats:
    return predict_logits(model, split, machine.device).astype("float64")


def _predicted(split: Split, logits: Floats) -> Predicted:
    metadata = split.metadata()
    return Predicted(
        labels=split.labels,
        logits=logits,
        texts=split.texts(),
        row_ids=split.row_ids(),
        token_lengths=split.lengths.astype("int64"),
        metadata={
            name: [str(value) if value is not None else "" for value in metadata.column(name).to_pylist()]
            for name in metadata.column_names
        },
    )
