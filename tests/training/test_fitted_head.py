"""A fine-tuning that begins with a head fitted to the encoder's embeddings."""

import shutil

import pytest
import torch

from txt.config import LRFindConfig, PrepareConfig, TrainConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.model.pretrained import load_pretrained
from txt.model.saved import load_model
from txt.runs.events import Evaluation, Started, Step
from txt.runs.folder import Run
from txt.search.range_test import range_test
from txt.search.range_test_result import find_suggestion
from txt.search.verification import verify
from txt.training.linear_head import FIRST_STRENGTH, embed_split, fit_head
from txt.training.loop import train
from txt.training.start import resume, start_on_file, start_on_prepared

from .conftest import write_topics
from .tiny_encoder import save_tiny_encoder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def data(encoder, tmp_path_factory) -> Prepared:
    folder = tmp_path_factory.mktemp("data")
    options = PrepareConfig(tokenizer=str(encoder), max_length=64)
    prepare(write_topics(folder / "data.csv", rows=150), options, folder / "prepared")
    return Prepared.open(folder / "prepared")


@pytest.fixture
def new_run(encoder, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def make(**options) -> Run:
        given = {"pretrained": str(encoder), "threads": 1, "precision": "float32", "num_epochs": 1} | options
        with Run.new() as run:
            run.describe(TrainConfig(**given), data.path, data.fingerprint)
        return run

    return make


def evaluated_steps(events) -> list[int]:
    return [event.step for event in events if isinstance(event, Evaluation)]


def test_it_begins_with_the_head_of_a_logistic_regression_and_scores_that_first(new_run, data, encoder):
    events = list(train(new_run(), data))
    model = load_pretrained(str(encoder), data.labels, seed=42)
    rows, val = (data.split(name) for name in ("train", "val"))
    head = fit_head(embed_split(model, rows, CPU), rows.labels, len(data.labels), FIRST_STRENGTH)
    expected = (head.logits(embed_split(model, val, CPU)).argmax(1) == val.labels).mean()
    first = next(event for event in events if isinstance(event, Evaluation))
    assert isinstance(events[0], Started)
    assert first.step == 0
    assert first.metrics["accuracy"] == pytest.approx(expected)


def test_without_it_the_first_score_is_that_of_a_trained_epoch(new_run, data):
    assert 0 not in evaluated_steps(train(new_run(fitted_head=False), data))


def test_a_head_that_has_learned_is_kept_as_it_is(new_run, data):
    run = new_run()
    list(train(run, data))
    assert 0 not in evaluated_steps(train(new_run(pretrained=str(run.path)), data))


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_stopped_training_resumes_to_the_same_weights(new_run, data, precision):
    options = {"num_epochs": 2, "batch_size": 16, "save_interval": 5, "learning_rate": 1e-3, "precision": precision}
    whole, stopped = new_run(**options), new_run(**options)
    list(train(whole, data))
    steps = 0

    def stop() -> bool:
        nonlocal steps
        steps += 1
        return steps == 7

    list(train(stopped, data, stop))
    start = resume(str(stopped.path), {})
    assert start.resume is not None
    assert evaluated_steps(train(start.run, start.prepared, resume=start.resume))[0] > 0
    first, second = (load_model(run.model, CPU).state_dict() for run in (whole, stopped))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_begun_from_another_goes_on_after_that_was_renamed(new_run, data):
    parent = new_run()
    list(train(parent, data))
    options = {"pretrained": str(parent.path), "num_epochs": 2, "batch_size": 16, "save_interval": 5}
    whole, stopped = new_run(**options), new_run(**options)
    list(train(whole, data))
    steps = iter(range(100))
    list(train(stopped, data, lambda: next(steps) == 8))  # after its first epoch, so that it has a model
    parent.rename("another-name")
    start = resume(str(stopped.path), {})
    assert list(train(start.run, start.prepared, resume=start.resume, built=start.built))[-1].status == "completed"
    first, second = (load_model(run.model, CPU).state_dict() for run in (whole, stopped))
    assert all(torch.equal(first[name], second[name]) for name in first)


def first_losses(run, data) -> tuple[float, float]:
    """The loss of the first step of a range test, and that of the training that it is for."""
    tried = next(range_test(data, run.config(), LRFindConfig(repeats=1)))
    step = next(event for event in train(run, data) if isinstance(event, Step))
    return tried.loss, step.loss


def test_a_range_test_begins_with_the_head_that_the_training_begins_with(new_run, data):
    fitted, trained = first_losses(new_run(log_interval=1), data)
    assert fitted == pytest.approx(trained, rel=1e-5)
    fresh, _ = first_losses(new_run(log_interval=1, fitted_head=False), data)
    assert fitted != pytest.approx(fresh, rel=1e-3)


def test_a_range_test_for_going_on_from_a_run_keeps_what_its_head_has_learned(new_run, data):
    before = new_run(learning_rate=1e-3)
    list(train(before, data))
    kept, trained = first_losses(new_run(pretrained=str(before.path), log_interval=1), data)
    assert kept == pytest.approx(trained, rel=1e-5)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"class_weights": "balanced"}])
def test_how_hard_a_batch_is_does_not_move_the_curve_of_a_range_test(new_run, data, options):
    config = new_run(dropout=0.0, batch_size=8, **options).config()
    idle = LRFindConfig(repeats=2, steps=20, start_lr=1e-12, end_lr=1e-11)
    tried = list(range_test(data, config, idle))
    assert len({round(each.loss, 4) for each in tried}) > 10
    assert len({each.repeat for each in tried}) == 2
    for each in tried:
        assert each.adjusted == pytest.approx(tried[0].adjusted, rel=1e-4)


def test_the_rate_of_a_fine_tuning_is_where_harm_begins_and_of_a_new_model_the_valley(new_run):
    fitted = new_run().config()
    assert LRFindConfig().choose_rule(fitted) == "edge"
    assert LRFindConfig().choose_rule(fitted.with_options(fitted_head=False)) == "valley"
    assert LRFindConfig().choose_rule(TrainConfig()) == "valley"
    assert LRFindConfig(rule="steepest").choose_rule(fitted) == "steepest"


def test_a_range_test_from_a_fitted_head_suggests_a_rate_that_gains(new_run, data):
    config = new_run().config()
    finding = find_suggestion(list(range_test(data, config, LRFindConfig())), "edge")
    assert finding.suggestion is not None
    assert finding.suggestion <= 1e-3
    assert finding.suggestions == {"edge": finding.suggestion}
    scores = [
        event for event in train(new_run(learning_rate=finding.suggestion), data) if isinstance(event, Evaluation)
    ]
    assert scores[-1].val_loss < scores[0].val_loss


def test_a_suggestion_is_verified_from_the_fitted_head(new_run, data, monkeypatch):
    monkeypatch.setattr("txt.search.verification._STEPS", 1)
    run = new_run()
    verified = next(verify(data, run.config(), 1e-7))
    begun = next(event for event in train(run, data) if isinstance(event, Evaluation))
    assert verified.loss == pytest.approx(begun.val_loss, rel=1e-3)


def cut(folder):
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])


def test_weights_that_cannot_be_loaded_leave_no_run_behind(encoder, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torn = shutil.copytree(encoder, tmp_path / "torn")
    cut(torn)
    file = write_topics(tmp_path / "data.csv", rows=60)
    preparing = PrepareConfig(tokenizer=str(torn), max_length=64)
    for config in (TrainConfig(pretrained="torn"), TrainConfig(pretrained=str(encoder), freeze="9")):
        with pytest.raises(InputError, match=r"there is no model in `torn`|more than the model's 2 layers"):
            start_on_prepared(data.path, config, None)
        with pytest.raises(InputError):
            start_on_file(file, config, preparing, None, lambda _: None, lambda _: None)
        assert not list(tmp_path.glob("runs/*"))


def test_a_torn_run_to_go_on_from_is_told_and_leaves_no_run_behind(new_run, data):
    before = new_run()
    list(train(before, data))
    cut(before.model)
    with pytest.raises(InputError, match="there is no model in"):
        start_on_prepared(data.path, TrainConfig(pretrained=str(before.path)), None)
    assert Run.find_newest().name == before.name
