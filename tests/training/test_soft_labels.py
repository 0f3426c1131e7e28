"""Learning how probable each class is in each row, where several people labeled it."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.conftest import write_topics
from txt.cli import main
from txt.config import PrepareConfig, TrainConfig
from txt.data.prepared import Prepared
from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.data.soft_labels import SOFT_LABELS, read_soft_labels
from txt.errors import InputError
from txt.idle_options import refuse_idle_options
from txt.labeling.agreement import read_ratings
from txt.labeling.reliability import find_consensus
from txt.labeling.session import LabelSession
from txt.labeling.store.decision import row_id
from txt.labeling.store.journal import Journal, store_path
from txt.labeling.task import Task
from txt.training.batch_loss import ClassLoss, SoftLoss, make_batch_loss
from txt.training.ladder.kinds import OneLabel, kind_of
from txt.training.ladder.rows import JoinedRows
from txt.training.loop import train
from txt.training.start import Start, start_on_file, start_on_prepared

ROWS = 120


class SoftRows:
    """Rows of a split, as a loss sees them."""

    has_several = False
    label_sets = None

    def __init__(self, shares: np.ndarray) -> None:
        self.shares = shares.astype(np.float32)
        self.labels = shares.argmax(1)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_labeled_by_three(folder: Path, people: tuple[str, ...] = ("anna", "ben", "cleo")) -> Path:
    """Write texts that three people labeled, of whom the last to do so is wrong on every fourth row."""
    path = write_topics(folder / "topics.csv", ROWS)
    truth = [row["label"] for row in read_rows(path)]
    classes = tuple(sorted(set(truth)))
    for number, who in enumerate(people):
        rows = open_rows(path, ReadingOptions("text", "label"), folder / f"{who}.index")
        with Journal.open(store_path(path)) as journal:
            session = LabelSession(rows, journal, Task(who, labels=classes, file_labels=False))
            for row, label in enumerate(truth):
                session.jump(row + 1)
                place = classes.index(label)
                said = classes[(place + 1) % len(classes)] if number == len(people) - 1 and row % 4 == 0 else label
                for _ in range(2):  # the second time where somebody decided meanwhile
                    if session.row == row:
                        session.label(said)
            session.leave()
        rows.close()
    return path


@pytest.fixture(scope="module")
def labeled(tmp_path_factory) -> Path:
    return write_labeled_by_three(tmp_path_factory.mktemp("people"))


def start(path: Path, folder: Path, **options) -> Start:
    preparing = PrepareConfig(text_column="text", label_column="label", vocab_size=300)
    return start_on_file(
        path,
        TrainConfig(rungs=1, **options),
        preparing,
        "soft" if options.get("soft_labels") else "hard",
        lambda _progress: None,
        lambda _report: None,
        runs=folder / "runs",
    )


def test_the_loss_is_the_cross_entropy_to_the_probabilities_with_weights_and_smoothing():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(3), 20)
    logits = rng.standard_normal((8, 3))
    rows = np.array([3, 5, 7, 1, 2, 0, 19, 11])
    config = TrainConfig(soft_labels=True, class_weights="balanced", label_smoothing=0.1)
    loss = make_batch_loss(SoftRows(shares), 3, config)
    counts = np.bincount(shares.argmax(1), minlength=3)
    weights = 20 / (3 * counts)
    targets = 0.9 * shares[rows] + 0.1 / 3
    logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    expected = -(weights * targets * logs).sum(1)
    summed, right = loss.compute(torch.tensor(logits, dtype=torch.float32), rows)
    assert summed.item() == pytest.approx(expected.sum(), rel=1e-5)
    assert right == (logits.argmax(1) == shares[rows].argmax(1)).sum()
    assert loss.total(rows) == pytest.approx((weights * shares[rows]).sum(), rel=1e-5)


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_with_one_sure_class_a_row_the_loss_is_the_usual_one(class_weights):
    rng = np.random.default_rng(1)
    split = SoftRows(np.eye(4)[rng.integers(4, size=30)])
    logits = torch.tensor(rng.standard_normal((30, 4)), dtype=torch.float32)
    config, rows = TrainConfig(class_weights=class_weights), np.arange(30)
    soft, hard = SoftLoss(split, 4, config), ClassLoss(split, 4, config)
    assert soft.compute(logits, rows)[0].item() == pytest.approx(hard.compute(logits, rows)[0].item(), rel=1e-5)
    assert soft.total(rows) == pytest.approx(hard.total(rows), rel=1e-5)


def test_a_training_learns_the_probabilities_of_the_store_and_the_most_probable_labels(labeled, tmp_path):
    begun = start(labeled, tmp_path, soft_labels=True)
    with Journal.open(store_path(labeled), write=False) as journal:
        consensus = find_consensus(read_ratings(journal))
    truth = {row["text"]: row["label"] for row in read_rows(labeled)}
    split = begun.prepared.split("train")
    for text, label, shares in zip(split.texts(), split.labels.tolist(), split.shares, strict=True):
        at = consensus.rows.index(row_id(text))
        known = dict(zip(consensus.classes, consensus.probabilities[at], strict=True))
        np.testing.assert_allclose(shares, [known.get(name, 0.0) for name in begun.prepared.labels], atol=1e-5)
        assert begun.prepared.labels[label] == truth[text]  # two are right, and the last one counted before
    kind = kind_of(begun.prepared, soft=True)
    rows = JoinedRows([split, begun.prepared.split("val")], 10_000, 0)
    assert kind.read_targets(rows).shape == (len(rows), len(begun.prepared.labels))
    logits = np.random.default_rng(2).standard_normal((len(rows), len(begun.prepared.labels)))
    logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    np.testing.assert_allclose(kind.losses(logits, rows.shares), -(rows.shares * logs).sum(1), rtol=1e-5)
    np.testing.assert_allclose(kind.losses(logits, rows.labels), OneLabel(3).losses(logits, rows.labels))
    *_, finished = train(begun.run, begun.prepared, lambda: False)
    assert finished.status == "completed"
    again = start_on_prepared(begun.prepared.path, TrainConfig(rungs=1, soft_labels=True), "again", runs=tmp_path)
    assert again.prepared.split("train").shares is not None


def test_the_last_label_counts_without_the_option(labeled, tmp_path):
    begun = start(labeled, tmp_path)
    truth = {row["text"]: row["label"] for row in read_rows(labeled)}
    split = begun.prepared.split("train")
    said = [begun.prepared.labels[label] for label in split.labels.tolist()]
    assert any(label != truth[text] for text, label in zip(split.texts(), said, strict=True))
    assert split.shares is None


def test_what_has_no_probabilities_is_refused(labeled, tmp_path):
    one = write_topics(tmp_path / "one.csv", 60)
    with pytest.raises(InputError, match="has no label store"):
        start(one, tmp_path, soft_labels=True)
    alone = tmp_path / "alone"
    alone.mkdir()
    with pytest.raises(InputError, match="no row has labels of two people"):
        start(write_labeled_by_three(alone, ("anna",)), alone, soft_labels=True)
    begun = start(labeled, tmp_path)
    with pytest.raises(InputError, match="does not hold how probable each class is"):
        start_on_prepared(begun.prepared.path, TrainConfig(rungs=1, soft_labels=True), "again", runs=tmp_path)
    for way in ({"freeze": "all"}, {"few_shot": True}):
        config = TrainConfig(pretrained="minilm", soft_labels=True, **way)
        with pytest.raises(InputError, match="--soft-labels does nothing here"):
            refuse_idle_options(config, {"soft_labels": True, **way})


def test_damaged_probabilities_are_told(labeled, tmp_path):
    folder = start(labeled, tmp_path, soft_labels=True).prepared.path
    prepared = Prepared.open(folder)
    with pytest.raises(InputError, match="is not about the rows"):
        read_soft_labels(folder, "train", 3, 3)
    (folder / SOFT_LABELS).write_bytes(b"PK nothing")
    with pytest.raises(InputError, match="cannot be read"):
        _ = prepared.split("train").shares


def test_an_export_has_the_most_probable_labels_when_asked(labeled, tmp_path, capsys):
    out, last = tmp_path / "probable.csv", tmp_path / "last.csv"
    assert main(["label", str(labeled), "--export", str(out), "--probable"]) == 0
    assert main(["label", str(labeled), "--export", str(last)]) == 0
    rows, plain = (read_rows(path) for path in (out, last))
    column = next(name for name in rows[0] if name not in ("text", "label") and name.endswith("label"))
    assert all(row[column] == row["label"] for row in rows)
    assert sum(row[column] != row["label"] for row in plain) == ROWS // 4
    changed = [row for row, before in zip(rows, plain, strict=True) if row[column] != before[column]]
    assert {row[f"{column}_how"] for row in changed} == {"consensus"}
    assert main(["label", str(labeled), "--probable", "--stats"]) == 2
    assert "--export FILE --probable" in capsys.readouterr().err
