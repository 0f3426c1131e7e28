"""A finished run in the hands of each tracker, off line; those that are not installed are skipped with that reason."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from txt import extras
from txt.cli import main
from txt.config import TRACKERS
from txt.evaluation import trackers
from txt.runs.folder import Run

PYTHON = os.environ.get("TXT_PEERS_PYTHON", sys.executable)
"""A python with the trackers, where they are not in the environment of the tests."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    command = [
        sys.executable,
        "-m",
        "txt",
        "train",
        ROOT / "sample_data" / "reviews.csv",
        "--rungs",
        "1",
        "--name",
        "one",
    ]
    subprocess.run([*command, "--threads", "1"], cwd=folder, check=True, capture_output=True)
    return folder


def tell(name: str, folder: Path, after: str, **environment: str) -> dict:
    """Tell a tracker in a process of its own, and return what `after` prints about what it keeps."""
    if subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True).returncode:
        pytest.skip(f"{name} is not installed")
    code = f"""
import json
from txt.evaluation.trackers import tell_tracker
from txt.runs.folder import Run
tell_tracker({name!r}, Run.open("one"))
{after}
"""
    settings = os.environ | environment | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([PYTHON, "-c", code], cwd=folder, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def read_accuracy(folder: Path) -> dict[str, float]:
    return json.loads((folder / "runs" / "one" / "report.json").read_text())["metrics"]["accuracy"]


def test_mlflow_keeps_options_scores_with_intervals_curves_and_the_model(trained: Path):
    found = tell(
        "mlflow",
        trained,
        """
import mlflow
(kept,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
names = {each.path for each in mlflow.MlflowClient().list_artifacts(kept.info.run_id)}
print(json.dumps([kept.data.params, kept.data.metrics, sorted(names), kept.info.run_name]))
""",
        MLFLOW_TRACKING_URI=f"sqlite:///{trained}/mlflow.db",
    )
    params, metrics, names, name = found
    accuracy = read_accuracy(trained)
    assert name == "one"
    assert params["rungs"] == "1"
    assert metrics["test_accuracy"] == pytest.approx(accuracy["value"])
    assert metrics["test_accuracy_low"] == pytest.approx(accuracy["low"])
    assert "val_loss" in metrics
    assert {"model", "report.json", "report.html"} <= set(names)


def test_wandb_keeps_it_off_line(trained: Path):
    after = """
from pathlib import Path
print(json.dumps([str(path) for path in Path("wandb").rglob("*.wandb")]))
"""
    found = tell("wandb", trained, after, WANDB_MODE="offline", WANDB_SILENT="true")
    assert len(found) == 1
    kept = Path(trained, found[0]).read_bytes()
    assert b"test_accuracy_low" in kept
    assert b"data_fingerprint" in kept


def test_trackio_keeps_it_in_a_folder(trained: Path, tmp_path: Path):
    after = """
import sqlite3, os
from pathlib import Path
kept = b"".join(path.read_bytes() for path in Path(os.environ["TRACKIO_DIR"]).rglob("*") if path.is_file())
print(json.dumps([b"test_accuracy" in kept, b"val_loss" in kept]))
"""
    assert tell("trackio", trained, after, TRACKIO_DIR=str(tmp_path)) == [True, True]


def test_tensorboards_files_need_no_package(trained: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(trained)
    path = Path(trackers.tell_tracker("tensorboard", Run.open("one")))
    assert path.is_file()
    assert path.parent == trained / "tensorboard" / "one"


def test_each_tracker_that_can_be_named_is_told():
    assert set(trackers._TRACKERS) == set(TRACKERS)
    assert set(TRACKERS) - {"tensorboard"} <= set(extras.EXTRAS)


def test_a_tracker_that_is_missing_is_told_before_the_training(trained: Path, monkeypatch, capsys):
    monkeypatch.chdir(trained)
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    before = sorted((trained / "runs").iterdir())
    assert main(["train", str(ROOT / "sample_data" / "reviews.csv"), "--log-to", "wandb"]) == 2
    assert "--log-to wandb needs its package" in capsys.readouterr().err
    assert sorted((trained / "runs").iterdir()) == before


def test_a_tracker_that_fails_is_one_line_and_the_run_is_whole(trained: Path, monkeypatch, capsys):
    monkeypatch.chdir(trained)

    def fail(_: Run) -> str:
        raise RuntimeError("no connection\nand more")

    monkeypatch.setattr(trackers, "_TRACKERS", {"tensorboard": fail})
    arguments = ["--rungs", "1", "--threads", "1", "--name", "two", "--log-to", "tensorboard"]
    assert main(["train", str(ROOT / "sample_data" / "reviews.csv"), *arguments]) == 1
    told = capsys.readouterr().err
    assert "error: tensorboard did not take run two: no connection\n" in told
    assert (trained / "runs" / "two" / "report.json").is_file()
