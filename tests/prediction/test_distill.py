"""A distilled model is a run as any other, learned what its teacher answers, and never saw a row of test."""

import json

import numpy as np
import pytest

from txt.cli import main
from txt.errors import InputError
from txt.model.logistic import fit_logistic, fit_logistic_soft
from txt.model.plain_ngrams import PlainNgramClassifier
from txt.prediction.classifier import load, load_source
from txt.prediction.distill import check_teacher, make_lesson
from txt.prediction.model_source import ModelSource, find_model
from txt.runs.folder import Run
from txt.training.ladder.cross_fit import SoftClasses


def test_soft_classes_of_ones_and_zeros_are_classes():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(120, 6)).astype(np.float32)
    for classes in (2, 3):
        labels = (features[:, :classes] + 0.3 * rng.normal(size=(120, classes))).argmax(1)
        exact = fit_logistic(features, labels, classes, 3.0)
        soft = fit_logistic_soft(features, np.eye(classes, dtype=np.float32)[labels], 3.0)
        np.testing.assert_allclose(soft.logits(features), exact.logits(features), atol=2e-2)


@pytest.mark.parametrize("classes", [2, 4])
def test_probabilities_of_a_linear_model_are_learned_back(classes):
    rng = np.random.default_rng(classes)
    features = rng.normal(size=(400, 5)).astype(np.float32)
    logits = features @ rng.normal(size=(5, classes)) + rng.normal(size=classes)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = fit_logistic_soft(features, shares.astype(np.float32), 300.0, tolerance=1e-9)
    learned = np.exp(found.logits(features))
    np.testing.assert_allclose(learned / learned.sum(1, keepdims=True), shares, atol=0.01)
    entropy = -(shares * np.log(shares)).sum(1)
    np.testing.assert_allclose(SoftClasses().losses(found.logits(features), shares), entropy, atol=0.01)


def test_pieces_are_of_their_text_and_begin_after_the_texts():
    texts = ["one two three four five six", "too short", "seven eight nine ten"]
    lesson = make_lesson(texts, ["without a label"], 3, seed=1)
    assert lesson.texts[:3] == texts
    assert lesson.texts[-1] == "without a label"
    assert lesson.owner.tolist() == [0, 1, 2, 0, 0, 0, 2, 2, 2, 3]
    for text, owner in zip(lesson.texts[3:-1], lesson.owner[3:-1].tolist(), strict=True):
        assert text in texts[owner]
    assert make_lesson(texts, [], 3, seed=1).texts == lesson.texts[:-1]


def test_a_distilled_run_is_one_as_any_other(run: Run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(run.path.parent.parent)
    data = tmp_path / "more.csv"
    held_out = load_prepared(run).split("test").texts()[0]
    data.write_text(f'text\n"the film was great and fine"\n"{held_out.upper()}"\nso very awful\n')
    assert main(["distill", run.name, "--data", str(data), "--name", "student", "--pieces", "1", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["run"], found["teacher"], found["split"]) == ("student", run.name, "test")
    assert "1 texts of" in err
    assert "left out" in err
    student = Run.open("student")
    assert PlainNgramClassifier.open(student.model) is not None
    texts = list(load_prepared(run).split("test").texts())
    answers = [[each.label for each in load(path).predict(texts)] for path in (run.path, student.path)]
    agreement = np.mean([one == other for one, other in zip(*answers, strict=True)])
    assert agreement == pytest.approx(found["agreement"][0])
    assert main(["eval", "student", "--no-embeddings"]) == 0
    with pytest.raises(InputError, match="already"):
        source = find_model(student.path)
        check_teacher(source, load_source(source, predict_config()))


def test_a_model_without_its_run_cannot_teach(run: Run):
    with pytest.raises(InputError, match="without its run"):
        check_teacher(ModelSource(run.model), load(run.path))


def load_prepared(run: Run):
    from txt.data.prepared import Prepared

    return Prepared.open(run.locate_prepared())


def predict_config():
    from txt.config import PredictConfig

    return PredictConfig()
