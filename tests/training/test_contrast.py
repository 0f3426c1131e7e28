"""A head on frozen embeddings, and an encoder trained by contrast."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from transformers import BertModel

from txt.config import PrepareConfig, TrainConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.model.predict import predict_logits
from txt.model.saved import load_model
from txt.runs.events import Evaluation, Finished
from txt.runs.folder import Run
from txt.training.head_training import contrastive_loss, count_nearest_right
from txt.training.linear_head import fit_head
from txt.training.loop import train

from .conftest import write_topics
from .tiny_encoder import save_tiny_encoder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"), gives_mean=False)


@pytest.fixture(scope="module")
def few(encoder, tmp_path_factory) -> Prepared:
    folder = tmp_path_factory.mktemp("few")
    options = PrepareConfig(tokenizer=str(encoder), max_length=64)
    prepare(write_topics(folder / "few.csv", rows=150), options, folder / "prepared")
    return Prepared.open(folder / "prepared")


@pytest.fixture
def start(encoder, few, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(**options) -> tuple[Run, list]:
        given = {"pretrained": str(encoder), "threads": 1, "precision": "float32"} | options
        config = TrainConfig(**given)
        with Run.new() as run:
            run.describe(config, few.path, few.fingerprint)
        return run, list(train(run, few))

    return make


def test_a_frozen_encoder_stays_as_it_is_and_its_head_is_saved(start, few, encoder):
    run, events = start(freeze="all")
    evaluation = next(event for event in events if isinstance(event, Evaluation))
    saved = load_model(run.model, CPU)
    before = BertModel.from_pretrained(encoder).state_dict()
    after = saved.model.encoder.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in after)
    val = few.split("val")
    predicted = predict_logits(saved, val, CPU).argmax(1)
    assert (predicted == val.labels).mean() == pytest.approx(evaluation.metrics["accuracy"])
    assert evaluation.train_accuracy > 0.6
    assert events[-1].status == "completed"


def test_contrast_brings_the_rows_of_a_class_together(start):
    run, events = start(few_shot=True, num_epochs=2, batch_size=24, learning_rate=3e-3)
    evaluations = [event for event in events if isinstance(event, Evaluation)]
    assert len(evaluations) == 3
    assert evaluations[-1].train_accuracy > evaluations[0].train_accuracy
    assert isinstance(list(run.events())[-1], Finished)


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_equal_seeds_give_equal_models(start, precision):
    options = {"few_shot": True, "num_epochs": 1, "batch_size": 12, "learning_rate": 1e-3, "precision": precision}
    runs = [start(**options)[0] for _ in range(2)]
    first, second = (load_model(run.model, CPU).state_dict() for run in runs)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_head_is_that_of_scikit_learn(classes):
    rng = np.random.default_rng(1)
    labels = rng.integers(0, classes, 200)
    embeddings = rng.normal(size=(200, 5)) + labels[:, None] * 0.5
    head = fit_head(embeddings, labels, classes, 1.0)
    scale = np.linalg.norm(embeddings, axis=1).mean()
    reference = LogisticRegression(C=1.0, max_iter=1000).fit(embeddings / scale, labels)
    logits = head.logits(embeddings)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    np.testing.assert_allclose(
        shares / shares.sum(1, keepdims=True), reference.predict_proba(embeddings / scale), atol=1e-4
    )


def test_a_class_without_rows_is_never_predicted():
    head = fit_head(np.random.default_rng(0).normal(size=(30, 4)), np.repeat([0, 2], 15), 4, 1.0)
    assert set(head.logits(np.random.default_rng(1).normal(size=(500, 4))).argmax(1)) <= {0, 2}


def test_the_contrastive_loss_is_its_definition():
    torch.manual_seed(0)
    embeddings, labels = torch.randn(6, 4), torch.tensor([0, 0, 1, 1, 1, 2])
    unit = torch.nn.functional.normalize(embeddings, dim=1)
    terms = []
    for row in range(6):
        others = [other for other in range(6) if other != row]
        positives = [other for other in others if labels[other] == labels[row]]
        total = sum(torch.exp(unit[row] @ unit[other] / 0.07) for other in others)
        if positives:
            logs = [torch.log(torch.exp(unit[row] @ unit[other] / 0.07) / total) for other in positives]
            terms.append(-sum(logs) / len(positives))
    torch.testing.assert_close(
        contrastive_loss(embeddings, (labels[:, None] == labels).float()), sum(terms) / len(terms)
    )


def test_nearest_right_counts_rows_whose_nearest_is_of_their_class():
    embeddings = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.8, 0.3]])
    labels = torch.tensor([0, 0, 1, 1])
    assert count_nearest_right(embeddings, (labels[:, None] == labels).float()) == 3


@pytest.mark.parametrize("options", [{"freeze": "all"}, {"freeze": "1"}, {"few_shot": True}])
def test_options_of_pretrained_models_want_one(options):
    with pytest.raises(InputError, match="pretrained"):
        TrainConfig(**options)


def test_freezing_layers_leaves_them_as_they_are(start, encoder):
    run, _ = start(freeze="1", num_epochs=1, learning_rate=1e-2)
    before, after = BertModel.from_pretrained(encoder), load_model(run.model, CPU).model.base_model
    names = ("encoder.layer.0.output.dense.weight", "encoder.layer.1.output.dense.weight")
    same = [torch.equal(before.get_parameter(name), after.get_parameter(name)) for name in names]
    assert same == [True, False]
    assert torch.equal(before.embeddings.word_embeddings.weight, after.embeddings.word_embeddings.weight)


def test_data_prepared_for_another_model_is_refused(encoder, topics, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = Prepared.open(topics)
    with Run.new() as run:
        run.describe(TrainConfig(pretrained=str(encoder)), other.path, other.fingerprint)
    with pytest.raises(InputError, match="another tokenizer") as caught:
        list(train(run, other))
    assert "--tokenizer" in caught.value.hint
