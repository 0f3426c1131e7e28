"""Evaluating a run: the same numbers as by hand, on its own splits and on a file."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.evaluation.conftest import write_reviews
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.evaluation.evaluate_run import evaluate_run, report_folder
from txt.evaluation.wording import describe_embeddings
from txt.metrics import score_predictions
from txt.model.predict import predict_logits
from txt.model.saved import load_model
from txt.runs.folder import Run


def test_the_report_is_of_the_saved_models_predictions(born_run: Run) -> None:
    report = evaluate_run(born_run)
    test = Prepared.open(born_run.prepared_path()).split("test")
    logits = predict_logits(load_model(born_run.model, torch.device("cpu")), test, torch.device("cpu"))
    expected = score_predictions(test.labels, logits.argmax(axis=1), 3)
    assert {name: report.metrics[name].value for name in expected} == expected
    assert (report.run, report.split, report.data, report.rows) == ("born", "test", None, len(test))
    assert report.rows_in_train == 0
    assert report.calibration.estimate is not None
    assert report.calibration.fitted_on.endswith("val rows")
    assert report.baseline is not None
    assert {entry.column for entry in report.slices} >= {"source"}


def test_a_temperature_fitted_on_the_measured_rows_is_not_said_to_do_anything(born_run: Run) -> None:
    assert evaluate_run(born_run, "val").calibration.scaled_error is None


def test_trained_on_rows_are_told(born_run: Run) -> None:
    report = evaluate_run(born_run, "train")
    assert report.rows_in_train == report.rows


def test_a_file_of_the_test_rows_scores_as_the_test_split_does(tmp_path: Path, born_run: Run) -> None:
    prepared = Prepared.open(born_run.prepared_path())
    test = prepared.split("test")
    path = tmp_path / "again.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows(zip(test.texts(), [prepared.labels[label] for label in test.labels], strict=True))
    from_file, from_split = evaluate_run(born_run, data=path), evaluate_run(born_run)
    assert from_file.confusion == from_split.confusion
    assert from_file.metrics["log_loss"].value == pytest.approx(from_split.metrics["log_loss"].value, abs=1e-5)
    assert (from_file.where, from_file.data) == ("again.csv", "again.csv")


def test_reports_on_other_rows_go_beside_the_one_on_the_test_split(tmp_path: Path, born_run: Run) -> None:
    path = write_reviews(tmp_path / "more.csv", 20, seed=2)
    assert report_folder(born_run, evaluate_run(born_run)) == born_run.path
    assert report_folder(born_run, evaluate_run(born_run, "val")) == born_run.path / "reports" / "val"
    assert report_folder(born_run, evaluate_run(born_run, data=path)) == born_run.path / "reports" / "more.csv"


def test_progress_counts_every_row_once(born_run: Run) -> None:
    heard: list[tuple[int, int]] = []
    report = evaluate_run(born_run, progress=lambda done, total: heard.append((done, total)))
    val = len(Prepared.open(born_run.prepared_path()).split("val"))
    assert {total for _, total in heard} == {report.rows + val}
    assert int(np.sum([done for done, _ in heard])) == report.rows + val


def test_a_split_of_unlabeled_rows_is_refused(born_run: Run) -> None:
    with pytest.raises(InputError, match="the split `unlabeled` has no labeled rows"):
        evaluate_run(born_run, "unlabeled")


@pytest.mark.usefixtures("each_precision")
def test_frozen_embeddings_are_a_second_baseline(
    tmp_path: Path, born_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    report = evaluate_run(born_run, embeddings=True)
    assert report.embeddings is not None
    assert report.embeddings.metrics["accuracy"].value > 0.8  # great films and dreary ones are far apart
    assert "frozen MiniLM" in describe_embeddings(report.embeddings)
    assert evaluate_run(born_run).embeddings is None


def test_without_the_encoder_there_is_one_baseline(born_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("txt.evaluation.embeddings.minilm_folder", lambda: None)
    assert evaluate_run(born_run, embeddings=True).embeddings is None
