"""A run with an untrained model whose last layers are scaled, so that its predictions differ; and a temperature."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from tests.evaluation.conftest import born_run, write_reviews  # noqa: F401
from txt.model.saved import load_model, save_model
from txt.prediction.classifier import Predictor, load
from txt.runs.folder import Run

TEMPERATURE = 1.7


@pytest.fixture(scope="session")
def run(born_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:  # noqa: F811
    """Return a run beside its prepared data, with a report that has a temperature."""
    folder = tmp_path_factory.mktemp("opinions")
    shutil.copytree(born_run.path.parents[1], folder, dirs_exist_ok=True)
    run = Run(folder / "runs" / "born")
    model = load_model(run.model, torch.device("cpu"))
    with torch.no_grad():
        model.head1.weight.mul_(6)
        model.head2.weight.mul_(6)
        model.embedding.weight.mul_(20)
    save_model(model, folder / "prepared" / "tokenizer", run.model)
    (run.path / "report.json").write_text(json.dumps({"format": 1, "calibration": {"temperature": TEMPERATURE}}))
    return run


@pytest.fixture(scope="session")
def classifier(run: Run) -> Predictor:
    return load(run.path, precision="float32", device="cpu")


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    return write_reviews(tmp_path / "reviews.csv", 90, seed=4)
