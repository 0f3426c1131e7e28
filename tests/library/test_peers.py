"""The classifier in the hands of other programs; those that are not installed are skipped with that reason.

TXT_PEERS_PYTHON names a python that has them, where the environment of the tests does not.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from txt import TextClassifier

PYTHON = os.environ.get("TXT_PEERS_PYTHON", sys.executable)


def run_with(package: str, code: str, folder: Path, **environment: str) -> str:
    """Return the last line that some code prints in a process with a package."""
    if subprocess.run([PYTHON, "-c", f"import {package}"], capture_output=True).returncode:
        pytest.skip(f"{package} is not installed")
    settings = os.environ | environment | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([PYTHON, "-c", code], cwd=folder, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_ray_labels_batches(learned: TextClassifier, reviews, tmp_path: Path):
    learned.save(tmp_path / "model")
    texts = reviews[0][:60]
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    code = """
import json
import ray
import txt

class Answers:
    def __init__(self):
        self.classifier = txt.load("model", threads=1, precision="float32")

    def __call__(self, batch):
        batch["label"] = self.classifier.predict(batch["text"].tolist())
        return batch

ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, runtime_env={"working_dir": "."})
texts = json.load(open("texts.json"))
rows = ray.data.from_items([{"number": number, "text": text} for number, text in enumerate(texts)])
rows = rows.map_batches(Answers, batch_size=16, concurrency=1).take_all()
print(json.dumps([row["label"] for row in sorted(rows, key=lambda row: row["number"])]))
"""
    code = code.replace('txt.load("model"', f"txt.load({str(tmp_path / 'model')!r}")
    found = run_with("ray", code, tmp_path, RAY_USAGE_STATS_ENABLED="0")
    assert json.loads(found) == learned.predict(texts).tolist()


def test_polars_frames_are_read(learned: TextClassifier, reviews, tmp_path: Path):
    learned.save(tmp_path / "model")
    (tmp_path / "texts.json").write_text(json.dumps(reviews[0][:9]))
    code = """
import json
import polars
import txt
frame = polars.DataFrame({"text": [*json.load(open("texts.json")), None]})
loaded = txt.load("model", threads=1, precision="float32")
same = loaded.predict(frame.lazy()).tolist() == loaded.predict(frame).tolist() == loaded.predict(frame["text"]).tolist()
print(json.dumps([same, loaded.predict(frame).tolist()]))
"""
    same, found = json.loads(run_with("polars", code, tmp_path))
    assert same
    assert found == [*learned.predict(reviews[0][:9]).tolist(), None]


def test_a_notebook_kernel_runs_the_notebook(tmp_path: Path):
    code = f"""
import nbformat
from nbclient import NotebookClient
import shutil
shutil.copytree({str(ROOT / "sample_data")!r}, "sample_data")
book = nbformat.read({str(ROOT / "docs" / "notebook.ipynb")!r}, 4)
NotebookClient(book, timeout=600, kernel_name="python3").execute()
shown = [output for cell in book.cells for output in cell.get("outputs", ())]
failed = [each for each in shown if each["output_type"] == "error"]
print(sum("text/html" in each.get("data", {{}}) for each in shown), failed)
"""
    found = run_with("nbclient", code, tmp_path)
    assert found == "4 []"
