"""Whether a training can learn from prepared data at all; asked before there is a run that would be left behind."""

import numpy as np

from txt.config import TrainConfig
from txt.data.label_kinds import SINGLE
from txt.data.prepared import Prepared
from txt.errors import InputError


def check_trainable(prepared: Prepared, config: TrainConfig) -> None:
    """Refuse data that lacks what a training with these options needs.

    Raises:
        InputError: a split has no labeled rows, or the rows to learn from are too few or of one class.
    """
    splits = ("train", "val") if config.rungs else ("train",)
    for name in ("train",) if config.rungs else ("train", "val"):
        if not len(prepared.split(name)):
            raise InputError(
                f"`{prepared.path}` has no labeled rows in its {name} split",
                "txt prepare with another --train-split and --val-split, or with --val FILE",
            )
    if config.soft_labels:
        _check_soft_labels(prepared)
    if prepared.manifest.has_several:
        return
    labels = np.concatenate([prepared.split(name).labels for name in splits])
    classes, counts = np.unique(labels, return_counts=True)
    where = "labeled rows" if config.rungs else "labeled rows in its train split,"
    if (config.rungs or config.few_shot or config.freeze == "all") and len(classes) < 2:
        only = prepared.labels[int(classes[0])]
        raise InputError(f"`{prepared.path}` has {where} of one class only, `{only}`", "label rows of another class")
    if config.few_shot and counts.max() < 2:
        raise InputError(
            f"--few-shot learns from pairs of rows of a class, and `{prepared.path}` has one train row of each",
            "--freeze all fits the head alone; or label more rows",
        )


def _check_soft_labels(prepared: Prepared) -> None:
    """Refuse data without the probabilities of its classes, or whose kind of labels has none."""
    if prepared.manifest.kind != SINGLE:
        raise InputError(
            "--soft-labels is for one class a row, without an order or levels",
            "leave it out: the last labels count",
        )
    if prepared.split("train").shares is None:
        raise InputError(
            f"`{prepared.path}` does not hold how probable each class is",
            "`txt train DATA --soft-labels` reads it from the labels beside the data file",
        )
