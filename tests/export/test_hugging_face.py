import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from txt.errors import InputError, TxtError
from txt.export.hugging_face import export_hugging_face
from txt.prediction.classifier import load
from txt.prediction.model_source import ModelSource, find_model
from txt.runs.folder import Run

TEXTS = ["the film was great", "so very awful and dreary", "ordinary", "great " * 600]

PIPELINE = """
import json, sys
sys.modules["txt"] = None  # as if it were not installed
from transformers import pipeline
classify = pipeline("text-classification", sys.argv[1], trust_remote_code=json.loads(sys.argv[2]))
print(json.dumps(classify(json.loads(sys.argv[3]), top_k=None, truncation=True, batch_size=2)))
assert not [name for name in sys.modules if name.startswith("txt.")]
"""


def pipeline_says(folder: Path, trust: bool, elsewhere: Path) -> list[dict[str, float]]:
    """Return the scores that a pipeline gives in a process that cannot import txt."""
    done = subprocess.run(
        [sys.executable, "-c", PIPELINE, str(folder), json.dumps(trust), json.dumps(TEXTS)],
        env=os.environ | {"HF_HOME": str(elsewhere / "hf"), "HF_HUB_OFFLINE": "1"},
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [{each["label"]: each["score"] for each in scores} for scores in json.loads(done.stdout)]


def assert_same(folder: Path, source: ModelSource, found: list[dict[str, float]]) -> None:
    run = source.run.path if source.run else source.folder
    for theirs, ours in zip(found, load(run, precision="float32", device="cpu").predict(TEXTS), strict=True):
        assert theirs == pytest.approx(ours.probabilities, abs=1e-4)


def test_a_pipeline_without_txt_gives_the_same_calibrated_probabilities(run: Run, tmp_path: Path):
    source = find_model(run.path)
    assert source.temperature() == 1.7
    assert export_hugging_face(source, tmp_path / "out") < 1e-4
    assert_same(tmp_path / "out", source, pipeline_says(tmp_path / "out", True, tmp_path))
    again = load(tmp_path / "out", precision="float32", device="cpu").predict(TEXTS)  # and txt itself reads it
    assert [each.confidence for each in again] == pytest.approx(
        [each.confidence for each in load(run.path, precision="float32", device="cpu").predict(TEXTS)], abs=1e-5
    )


def test_a_known_architecture_needs_no_code(run: Run, tmp_path: Path):
    torch.manual_seed(1)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    labels = {0: "bad", 1: "good"}
    bert = BertForSequenceClassification(BertConfig(vocab_size=400, id2label=labels, initializer_range=0.5, **sizes))
    bert.save_pretrained(tmp_path / "bert")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "bert" / name).write_bytes((run.model / name).read_bytes())
    source = find_model(tmp_path / "bert")
    export_hugging_face(source, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.py"))
    assert_same(tmp_path / "out", source, pipeline_says(tmp_path / "out", False, tmp_path))


def test_the_card_tells_data_classes_and_how_it_was_made(run: Run, tmp_path: Path):
    export_hugging_face(find_model(run.path), tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert card.startswith("---\nlanguage: en\nlibrary_name: transformers\npipeline_tag: text-classification\n")
    assert 'pipeline("text-classification", "out", trust_remote_code=True)' in card
    assert "reviews.csv: 240 train" in card
    assert run.record()["fingerprint"] in card
    for label in ("good", "bad", "so-so"):
        assert f"| {label} | " in card


def test_a_failure_halfway_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> str:
        raise TxtError("no")

    monkeypatch.setattr("txt.export.hugging_face.model_card", fail)
    with pytest.raises(TxtError):
        export_hugging_face(find_model(run.path), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_no_more_is_told_in_one_line(run: Run, tmp_path: Path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # as a full disk, but for the words
    try:
        with pytest.raises(TxtError, match=r"writing .*: file too large"):
            export_hugging_face(find_model(run.path), tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_what_must_stay_is_not_replaced(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source, out = find_model(run.path), tmp_path / "out"
    out.mkdir()
    (out / "mine").touch()
    with pytest.raises(InputError, match="exists already"):
        export_hugging_face(source, out)
    for holds in (run.path, run.model):
        with pytest.raises(InputError, match="holds"):
            export_hugging_face(source, holds, force=True)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="is a file"):
        export_hugging_face(source, tmp_path / "file", force=True)
    export_hugging_face(source, out, force=True)
    assert not (out / "mine").exists()


def test_a_model_that_padding_changes_is_not_exported(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from txt.export.modeling_transformer import TransformerClassifier

    whole = TransformerClassifier.forward
    monkeypatch.setattr(  # a padded form that forgets which tokens are padding
        TransformerClassifier, "forward", lambda self, input_ids, **_: whole(self, input_ids)
    )
    with pytest.raises(TxtError, match="cannot be exported: on padded rows its probabilities differ"):
        export_hugging_face(find_model(run.path), tmp_path / "out")
    assert not (tmp_path / "out").exists()
