"""What a run's model answers, kept so that it is asked once."""

import shutil

import numpy as np
import pyarrow as pa
import pytest
import torch

from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.evaluation.evaluate_run import evaluate_run
from txt.evaluation.predictions import fingerprint_rows, get_predictions
from txt.runs.folder import Run


@pytest.fixture
def run(born_run: Run, tmp_path) -> Run:
    shutil.copytree(born_run.path.parent.parent, tmp_path / "copy")
    return Run(tmp_path / "copy" / "runs" / born_run.name)


def test_answers_are_those_of_the_evaluation(run):
    found = get_predictions(run)
    split = Prepared.open(run.prepared_path()).split("test")
    assert found.classes == Prepared.open(run.prepared_path()).labels
    np.testing.assert_array_equal(found.labels, split.labels)
    report = evaluate_run(run)
    assert (found.labels == found.answers).mean() == pytest.approx(report.metrics["accuracy"].value)


def test_kept_answers_need_neither_model_nor_data_and_open_with_other_tools(run, monkeypatch):
    first = get_predictions(run)
    shutil.rmtree(run.prepared_path())
    monkeypatch.setattr("txt.model.saved.load_model", lambda *_: pytest.fail("the model was asked again"))
    again = get_predictions(run)
    assert (again.classes, again.fingerprint) == (first.classes, first.fingerprint)
    np.testing.assert_array_equal(again.answers, first.answers)
    table = pa.ipc.open_file(run.path / "predictions" / "test.arrow").read_all()
    assert table.column_names == ["row_id", "label", "prediction"]
    assert table.column("prediction").to_pylist() == [first.classes[answer] for answer in first.answers]


def test_another_model_is_asked_anew(run):
    get_predictions(run)
    weights = run.model / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-40:] = np.full(10, 3.5, "<f4").tobytes()
    weights.write_bytes(content)
    kept = (run.path / "predictions" / "test.arrow").read_bytes()
    get_predictions(run)
    assert (run.path / "predictions" / "test.arrow").read_bytes() != kept


def test_damaged_answers_are_made_again(run):
    first = get_predictions(run)
    path = run.path / "predictions" / "test.arrow"
    path.write_bytes(path.read_bytes()[:100])
    np.testing.assert_array_equal(get_predictions(run).answers, first.answers)


def test_kept_answers_of_classes_that_do_not_exist_are_made_again(run):
    first = get_predictions(run)
    path = run.path / "predictions" / "test.arrow"
    table = pa.ipc.open_file(path.read_bytes()).read_all().combine_chunks()
    names = table.column("label").chunk(0).dictionary
    wrong = pa.DictionaryArray.from_arrays(pa.array([256] * len(table), pa.int32()), names, safe=False)
    damaged = table.set_column(1, "label", wrong)
    with pa.ipc.new_file(path, damaged.schema) as writer:
        writer.write_table(damaged)
    np.testing.assert_array_equal(get_predictions(run).labels, first.labels)


def test_a_run_without_a_model_or_without_such_rows_says_so(run):
    with pytest.raises(InputError, match="`unlabeled` of run `born` has no labeled rows"):
        get_predictions(run, "unlabeled")
    shutil.rmtree(run.model)
    with pytest.raises(InputError, match="has no model yet"):
        get_predictions(run)


def test_the_fingerprint_tells_any_two_lists_of_rows_apart():
    prints = [
        fingerprint_rows(["a", "b"], ["x", "y"]),
        fingerprint_rows(["b", "a"], ["x", "y"]),
        fingerprint_rows(["a", "b"], ["y", "x"]),
        fingerprint_rows(["ab", ""], ["x", "y"]),
        fingerprint_rows(["a"], ["x"]),
        fingerprint_rows(["ax", "by"], ["", ""]),
        fingerprint_rows(["\ud800"], ["x"]),
    ]
    assert len(set(prints)) == len(prints)
    assert prints[0] == fingerprint_rows(["a", "b"], ["x", "y"])


def test_predicting_keeps_the_models_weights_as_they_are(run):
    before = torch.load  # nothing is unpickled on the way
    torch.load = lambda *_, **__: pytest.fail("something was unpickled")
    try:
        get_predictions(run)
    finally:
        torch.load = before
