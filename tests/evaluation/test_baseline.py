"""The baseline: as good as published, never fitted on what it is measured on, and alive on odd input."""

import csv
from pathlib import Path

import numpy as np
import pytest

from txt.arrays import Ints
from txt.evaluation import baseline
from txt.evaluation.baseline import fit_predict, predict_majority
from txt.metrics import score_predictions
from txt.training.ladder.cross_fit import log_losses


def read(path: Path, names: list[str]) -> tuple[list[str], Ints]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for label in sorted({row["label"] for row in rows}):
        if label not in names:
            names.append(label)
    return [row["text"] for row in rows], np.array([names.index(row["label"]) for row in rows])


@pytest.mark.parametrize(
    ("folder", "metric", "published"),
    [
        ("sst2", "accuracy", 0.816),
        ("banking77", "accuracy", 0.894),
        ("agnews", "accuracy", 0.904),
        ("germeval2018", "accuracy", 0.712),
        ("germeval2018", "macro_f1", 0.640),
    ],
)
def test_it_reaches_what_a_plain_one_is_published_with(
    shared_data: Path, folder: str, metric: str, published: float
) -> None:
    names: list[str] = []
    train_texts, train_labels = read(shared_data / folder / "train.csv", names)
    test_texts, test_labels = read(shared_data / folder / "test.csv", names)
    predictions = fit_predict(train_texts, train_labels, test_texts).predictions
    assert score_predictions(test_labels, predictions, len(names))[metric] >= published - (
        0.01 if folder == "agnews" else 0.005
    )  # of 1,000 rows: a standard error


def test_it_learns_words_and_is_the_same_each_time() -> None:
    texts = ["good film", "bad film", "a good meal", "a bad meal"] * 5
    labels = np.array([1, 0, 1, 0] * 5)
    first = fit_predict(texts, labels, ["good", "bad"])
    assert first.predictions.tolist() == [1, 0]
    assert first.predictions.tolist() == fit_predict(texts, labels, ["good", "bad"]).predictions.tolist()


def test_its_log_loss_is_below_that_of_guessing() -> None:
    texts, labels = ["good film", "bad film", "a good meal", "a bad meal"] * 5, np.array([1, 0, 1, 0] * 5)
    found = fit_predict(texts, labels, ["good", "bad"])
    assert found.logits is not None
    assert log_losses(found.logits, np.array([1, 0])).mean() < 0.5 * np.log(2)


def test_a_class_that_train_lacks_is_never_predicted_and_has_a_logit() -> None:
    texts, labels = ["good film", "bad film"] * 5, np.array([1, 0] * 5)
    found = fit_predict(texts, labels, ["good", "what"], classes=3)
    assert found.logits is not None
    assert found.logits.shape == (2, 3)
    assert (found.logits[:, 2] < found.logits[:, :2].min(1)).all()


def test_words_of_the_test_texts_are_not_learned_from() -> None:
    texts, labels = ["good film", "bad film"] * 5, np.array([1, 0] * 5)
    alone = fit_predict(texts, labels, ["good unseen"]).predictions
    among_many = fit_predict(texts, labels, ["good unseen", *["unseen"] * 50]).predictions
    assert alone[0] == among_many[0] == 1


def test_texts_without_spaces_are_learned_by_character() -> None:
    texts = ["这部电影很好看", "这部电影很难看", "饭菜很好吃", "饭菜很难吃"] * 3
    found = fit_predict(texts, np.array([1, 0, 1, 0] * 3), ["书很好", "书很难"])
    assert found.predictions.tolist() == [1, 0]
    assert "character" in found.name


@pytest.mark.parametrize(
    ("texts", "labels"),
    [(["good", "bad", "fine"], [2, 2, 2]), (["", "!", "?"], [0, 2, 2])],
    ids=["one class", "no words"],
)
def test_it_falls_back_to_the_majority_when_there_is_nothing_to_learn(texts: list[str], labels: list[int]) -> None:
    found = fit_predict(texts, np.array(labels), ["good", "other"])
    assert found.name == "majority class"
    assert found.predictions.tolist() == [2, 2]


def test_majority_takes_the_lower_number_on_a_tie() -> None:
    assert predict_majority(np.array([3, 1, 1, 3, 0]), 2).predictions.tolist() == [1, 1]


def test_a_huge_train_split_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "MAX_ROWS", 40)
    texts, labels = ["good film", "bad film"] * 50, np.array([1, 0] * 50)
    found = fit_predict(texts, labels, ["good", "bad"])
    assert found.predictions.tolist() == [1, 0]
    assert found.name.endswith("fitted on 40 of 100 rows")
