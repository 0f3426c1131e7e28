"""Exported folders in the hands of other programs, and what they tell of where they were made."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from txt.export.hugging_face import export_hugging_face
from txt.prediction.classifier import load
from txt.prediction.model_source import find_model
from txt.runs.folder import Run

TEXTS = ["the film was great", "so very awful and dreary", "ordinary"]


@pytest.fixture(scope="module")
def graph(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    from txt.export.onnx_file import export_onnx

    folder = tmp_path_factory.mktemp("onnx") / "out"
    export_onnx(find_model(run.path), folder)
    return folder


@pytest.fixture(scope="module")
def exported(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hf") / "out"
    export_hugging_face(find_model(run.path), folder)
    return folder


def test_the_onnx_folder_has_what_optimum_and_transformers_js_look_for(run: Run, graph: Path):
    labels = load(run.path).labels
    config = AutoConfig.from_pretrained(graph)
    assert [config.id2label[number] for number in range(len(labels))] == list(labels)
    assert config.label2id == {label: number for number, label in enumerate(labels)}
    assert config.problem_type == "single_label_classification"
    assert config.model_type == "bert"
    assert (graph / "onnx" / "model.onnx").is_file()
    tokenizer = AutoTokenizer.from_pretrained(graph)
    assert tokenizer.model_max_length == load(run.path).max_length
    own = AutoTokenizer.from_pretrained(run.model)
    assert tokenizer(TEXTS, truncation=True)["input_ids"] == own(TEXTS, truncation=True)["input_ids"]


@pytest.mark.skipif("TESTS_OLD_TRANSFORMERS" not in os.environ, reason="names a python with optimum, which needs it")
def test_optimum_opens_the_onnx_folder(run: Run, graph: Path, tmp_path: Path):
    code = """
import json, sys
from optimum.onnxruntime import ORTModelForSequenceClassification
from transformers import AutoTokenizer, pipeline
model = ORTModelForSequenceClassification.from_pretrained(sys.argv[1], subfolder="onnx", file_name="model.onnx")
ORTModelForSequenceClassification.from_pretrained(sys.argv[1])  # and by itself
classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained(sys.argv[1]))
print(json.dumps(classify(json.loads(sys.argv[2]), top_k=None)))
"""
    found = run_elsewhere(code, graph, tmp_path)
    for theirs, ours in zip(found, load(run.path, precision="float32", device="cpu").predict(TEXTS), strict=True):
        assert theirs == pytest.approx(ours.probabilities, abs=1e-4)


def run_elsewhere(code: str, folder: Path, here: Path) -> list[dict[str, float]]:
    """Run code in a process of the older transformers, on a folder and the texts; return the scores that it prints."""
    environment = os.environ | {"HF_HOME": str(here / "hf"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    command = [os.environ["TESTS_OLD_TRANSFORMERS"], "-c", code, str(folder), json.dumps(TEXTS)]
    done = subprocess.run(command, env=environment, cwd=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [{each["label"]: each["score"] for each in scores} for scores in json.loads(done.stdout.splitlines()[-1])]


def test_the_onnx_folder_has_what_transformers_js_and_text_embeddings_inference_read(run: Run, graph: Path):
    """The keys that their loaders have no default for, by their sources; neither can be installed here."""
    labels = list(load(run.path).labels)
    config = json.loads((graph / "config.json").read_text())
    assert config["model_type"] in ("bert", "roberta", "xlm-roberta", "distilbert")  # transformers.js goes by the kind
    assert config["architectures"][0].endswith("Classification")  # and text-embeddings-inference by this
    assert isinstance(config["max_position_embeddings"], int)
    assert isinstance(config["pad_token_id"], int)
    assert config["id2label"] == {str(number): label for number, label in enumerate(labels)}
    assert config["label2id"] == {label: number for number, label in enumerate(labels)}
    tokenizer = json.loads((graph / "tokenizer_config.json").read_text())
    assert {"tokenizer_class", "pad_token", "model_max_length"} <= tokenizer.keys()
    assert json.loads((graph / "tokenizer.json").read_text())["model"]["type"] in ("BPE", "WordPiece", "Unigram")
    assert (graph / "onnx" / "model.onnx").is_file()


def test_the_script_without_a_text_says_its_usage(graph: Path):
    done = subprocess.run([sys.executable, graph / "predict_onnx.py"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("usage: python ")


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_the_attention_may_be_chosen(exported: Path, attention: str):
    model = AutoModelForSequenceClassification.from_pretrained(
        exported, trust_remote_code=True, attn_implementation=attention
    )
    assert model.config.num_labels == 3


def test_nothing_tells_whose_folder_it_was(exported: Path, graph: Path):
    for folder in (exported, graph):
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix in (".json", ".md"):
                told = path.read_text(encoding="utf-8")
                assert "name_or_path" not in told
                assert str(folder.parent) not in told


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_files_have_the_rights_that_the_umask_gives(run: Run, tmp_path: Path, mask: int):
    before = os.umask(mask)
    try:
        export_hugging_face(find_model(run.path), tmp_path / "out")
        (tmp_path / "plain").touch()
    finally:
        os.umask(before)
    wanted = stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()} == {wanted}


@pytest.mark.skipif("TESTS_OLD_TRANSFORMERS" not in os.environ, reason="names a python with the oldest transformers")
def test_the_oldest_transformers_gives_the_same_probabilities(run: Run, exported: Path, tmp_path: Path):
    shutil.copytree(exported, tmp_path / "model")
    code = """
import json, sys
from transformers import pipeline
classify = pipeline("text-classification", sys.argv[1], trust_remote_code=True)
print(json.dumps(classify(json.loads(sys.argv[2]), top_k=None, truncation=True)))
"""
    found = run_elsewhere(code, tmp_path / "model", tmp_path)
    for theirs, ours in zip(found, load(run.path, precision="float32", device="cpu").predict(TEXTS), strict=True):
        assert theirs == pytest.approx(ours.probabilities, abs=1e-4)
