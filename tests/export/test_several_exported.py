"""Models of several labels a row in the hands of other programs: the same numbers, and the thresholds beside them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from transformers import AutoConfig, AutoTokenizer, pipeline

from tests.tickets import WORDS, write_tickets
from txt.cli import main
from txt.prediction.classifier import Predictor, load

TEXTS = ["friendly helpful staff and screen cracked dead", "delivery arrived days after", "nothing to say today"]

SMALL = ["--recipe", "scratch", "--d-model", "16", "--nhead", "2", "--num-layers", "1", "--epochs", "4"]
ROADS = {"n-grams": ["--linear"], "transformer": SMALL}


@pytest.fixture(scope="module", params=ROADS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run on tickets, trained on one of the roads."""
    folder = tmp_path_factory.mktemp("several")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        data = str(write_tickets(folder / "data.csv", "joined"))
        options = [*ROADS[request.param], "--vocab-size", "300", "--metric", "macro_f1", "--name", "one", "--plain"]
        assert main(["train", data, *options]) == 0
    return folder / "runs" / "one"


@pytest.fixture(scope="module")
def ours(run: Path) -> Predictor:
    return load(run, precision="float32", device="cpu")


def test_a_pipeline_gives_txts_probabilities_and_the_config_has_the_thresholds(
    run: Path, ours: Predictor, tmp_path: Path
):
    assert main(["export", str(run), "--format", "hf", "-o", str(tmp_path / "out")]) == 0
    classify = pipeline("text-classification", str(tmp_path / "out"), trust_remote_code=True)
    for theirs, own in zip(classify(TEXTS, top_k=None), ours.predict(TEXTS), strict=True):
        assert {each["label"]: each["score"] for each in theirs} == pytest.approx(own.probabilities, abs=1e-4)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["problem_type"] == "multi_label_classification"
    assert ours.decision is not None
    assert config["thresholds"] == pytest.approx(ours.decision.thresholds, abs=1e-6)
    assert config["at_least_one"] is ours.decision.at_least_one
    again = load(tmp_path / "out", precision="float32", device="cpu")
    assert [each.labels for each in again.predict(TEXTS)] == [each.labels for each in ours.predict(TEXTS)]


@pytest.fixture(scope="module")
def graph(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    if "transformer" in json.loads((run / "model" / "config.json").read_text())["model_type"]:
        pytest.skip("the same graph as with one label, and the same sigmoid; to make it takes long")
    out = tmp_path_factory.mktemp("graph") / "out"
    assert main(["export", str(run), "--format", "onnx", "-o", str(out)]) == 0
    return out


def test_onnxruntime_gives_a_sigmoid_of_each_label_and_the_script_the_same_labels(graph: Path, ours: Predictor):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(graph / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"])
    rows = AutoTokenizer.from_pretrained(graph)(TEXTS, padding=True, return_tensors="np")
    feed = {name: rows[name].astype(np.int64) for name in ("input_ids", "attention_mask")}
    logits, probabilities = session.run(["logits", "probabilities"], feed)
    assert probabilities == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-6)
    assert probabilities == pytest.approx(ours.predict_probabilities(TEXTS).probabilities, abs=1e-4)
    config = AutoConfig.from_pretrained(graph)
    assert config.problem_type == "multi_label_classification"
    assert ours.decision is not None
    assert config.thresholds == pytest.approx(ours.decision.thresholds, abs=1e-6)
    done = subprocess.run([sys.executable, graph / "predict_onnx.py", *TEXTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for line, own in zip(done.stdout.splitlines(), ours.predict(TEXTS), strict=True):
        said = line.split("\t")[0]
        named = {part.rsplit(" ", 1)[0] for part in said.split(", ")} if said != "none" else set()
        assert named == set(own.labels)
        assert set(own.probabilities) == set(WORDS)


def test_optimum_gives_the_same_probabilities(graph: Path, ours: Predictor):
    optimum = pytest.importorskip("optimum.onnxruntime", reason="optimum is not installed")
    model = optimum.ORTModelForSequenceClassification.from_pretrained(graph)
    classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(graph))
    for theirs, own in zip(classify(TEXTS, top_k=None), ours.predict(TEXTS), strict=True):
        assert {each["label"]: each["score"] for each in theirs} == pytest.approx(own.probabilities, abs=1e-4)
