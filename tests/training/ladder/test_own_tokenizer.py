"""Data with a tokenizer of its own is encoded for the encoder of a training, in the run and for it alone."""

import os

import pytest

from txt.config import TrainConfig
from txt.data import minilm
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.runs.events import Rung
from txt.training.loop import train
from txt.training.start import resume, start_on_prepared

needs_minilm = pytest.mark.skipif(not minilm.is_installed(), reason="MiniLM is not installed")


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@needs_minilm
@pytest.mark.parametrize(
    "options",
    [{"rungs": 2, "metric": "loss"}, {"pretrained": "minilm", "freeze": "all"}],
    ids=["ladder", "one model"],
)
def test_a_training_with_an_encoder_takes_data_with_another_tokenizer(prepared, options):
    before = {path: path.stat().st_mtime_ns for path in prepared.path.rglob("*")}
    lines: list[str] = []
    choose = (lambda _: "minilm") if "pretrained" not in options else None
    config = TrainConfig(threads=1, **options)
    start = start_on_prepared(prepared.path, config, "one", choose_tokenizer=choose, tell=lines.append)
    assert start.prepared.path == start.run.path / "prepared"
    assert start.prepared.manifest.tokenizer["name"] == "minilm"
    assert start.prepared.split("test").texts() == prepared.split("test").texts()
    assert len(lines) == 1
    assert str(prepared.path) in lines[0]
    assert "minilm" in lines[0]
    events = list(train(start.run, start.prepared, built=start.built))
    assert events[-1].status == "completed"
    judged = [event.name for event in events if isinstance(event, Rung) and not event.reason]
    assert not judged or "n-grams + frozen encoder" in judged
    assert before == {path: path.stat().st_mtime_ns for path in prepared.path.rglob("*")}
    assert resume("one", {}).prepared.path == start.prepared.path


def test_without_an_encoder_data_are_taken_as_they_are(prepared):
    config = TrainConfig(rungs=2, metric="loss", threads=1)
    start = start_on_prepared(prepared.path, config, "one", choose_tokenizer=lambda _: None)
    assert start.prepared.path == prepared.path
    assert not (start.run.path / "prepared").exists()


@needs_minilm
def test_a_start_that_fails_leaves_no_run(prepared, monkeypatch):
    def refuse(*_args, **_more):
        raise InputError("the disk is full")

    monkeypatch.setattr("txt.training.start.encode_anew", refuse)
    with pytest.raises(InputError, match="full"):
        start_on_prepared(
            prepared.path, TrainConfig(rungs=2, metric="loss"), "one", choose_tokenizer=lambda _: "minilm"
        )
    assert not os.path.exists("runs/one")
    assert Prepared.open(prepared.path).fingerprint == prepared.fingerprint
