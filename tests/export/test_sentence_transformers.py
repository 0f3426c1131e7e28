"""A fine-tuned encoder with a mean and a linear head, as sentence-transformers and SetFit keep it."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig

from txt.errors import InputError
from txt.export import modeling_sentence
from txt.export.sentence_transformers import HEAD, export_sentence_transformers, make_head
from txt.prediction.classifier import load
from txt.prediction.model_source import find_model
from txt.runs.folder import Run

TEXTS = ["the film was great", "so very awful and dreary", "ordinary", "great " * 600]


@pytest.mark.parametrize("labels", [("bad", "good"), ("bad", "good", "so-so")])
def test_vectors_and_head_give_txts_probabilities(run: Run, tmp_path: Path, labels: tuple[str, ...]):
    sentence_transformers = pytest.importorskip("sentence_transformers")
    torch.manual_seed(1)
    encoder = BertConfig(
        vocab_size=400,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        initializer_range=0.5,
    )
    config = modeling_sentence.SentenceClassifierConfig(encoder=encoder, id2label=dict(enumerate(labels)))
    model = modeling_sentence.SentenceClassifier(config)
    with torch.no_grad():
        model.classifier.weight.mul_(20)
    model.save_pretrained(tmp_path / "model")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "model" / name).write_bytes((run.model / name).read_bytes())
    assert export_sentence_transformers(find_model(tmp_path / "model"), tmp_path / "out") < 1e-4
    vectors = sentence_transformers.SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(TEXTS)
    head = pickle.loads((tmp_path / "out" / HEAD).read_bytes())
    ours = load(tmp_path / "model", precision="float32", device="cpu").predict_probabilities(TEXTS).probabilities
    assert np.ptp(ours[:, 0]) > 0.01
    np.testing.assert_allclose(head.predict_proba(vectors), ours, atol=1e-4)
    assert json.loads((tmp_path / "out" / "config_setfit.json").read_text())["labels"] == list(labels)
    assert not list((tmp_path / "out").glob("*.py"))


def test_a_model_without_such_an_encoder_is_refused(run: Run, tmp_path: Path):
    with pytest.raises(InputError, match="has no such encoder") as error:
        export_sentence_transformers(find_model(run.path), tmp_path / "out")
    assert error.value.hint == "--format hf takes every model"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("labels", [2, 4])
def test_a_head_of_several_labels_gives_each_its_own_probability(labels: int):
    torch.manual_seed(2)
    layer = torch.nn.Linear(6, labels)
    vectors = torch.randn(5, 6)
    with torch.no_grad():
        expected = torch.sigmoid(layer(vectors)).numpy()
    head = pickle.loads(pickle.dumps(make_head(layer, several=True)))
    assert head.predict_proba(vectors.double().numpy()) == pytest.approx(expected, abs=1e-6)
    assert (head.predict(vectors.double().numpy()) == (expected > 0.5)).all()
