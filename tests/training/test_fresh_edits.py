"""Rows edited while training: other edits each epoch, the same ones again after a stop or in another process."""

import json

import numpy as np
import pytest
import torch

from tests.augmentation.conftest import write_wordnet
from tests.training.test_loop import assert_same_bits, stop_after
from txt.augmentation.methods import AUGMENTERS, FLIP_LABELS
from txt.config import EDITS, PrepareConfig, TrainConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.errors import InputError, TxtError
from txt.runs.events import Evaluation
from txt.training.checkpoint import load_newest_checkpoint
from txt.training.fresh_edits import make_fresh_edits
from txt.training.loop import train
from txt.training.start import start_on_prepared

EDITING = {"augment": "delete,swap", "augment_rate": 0.3}


def edits_of(prepared, **options):
    return make_fresh_edits(TrainConfig(**(EDITING | {"language": "en"} | options)), prepared)


def test_all_methods_that_need_no_model_and_flip_no_labels_can_be_applied_while_training():
    assert set(EDITS) == set(AUGMENTERS) - FLIP_LABELS


def test_half_of_the_rows_are_edited_and_others_in_each_epoch(prepared):
    split = prepared.split("train")
    rows = np.arange(len(split))
    edits = edits_of(prepared)
    originals = split.texts(rows)
    epochs = [edits.texts(rows, epoch) for epoch in range(4)]
    changed = np.array([[new != old for new, old in zip(each, originals, strict=True)] for each in epochs])
    assert 0.4 < changed.mean() < 0.6
    assert 0.15 < (changed[0] & changed[1]).mean() < 0.35  # drawn anew
    both = np.flatnonzero(changed[0] & changed[1])
    assert np.mean([epochs[0][row] == epochs[1][row] for row in both]) < 0.2


def test_an_edit_depends_on_seed_row_and_epoch_and_not_on_the_rows_beside_it(prepared):
    together = edits_of(prepared).texts(np.arange(40), 3)
    alone = [edits_of(prepared).texts(np.array([row]), 3)[0] for row in range(39, -1, -1)]
    assert alone[::-1] == together
    assert edits_of(prepared, seed=7).texts(np.arange(40), 3) != together


def test_the_model_reads_the_edited_text_as_the_tokenizer_writes_it(prepared):
    rows = np.arange(60)
    edits = edits_of(prepared)
    token_ids, lengths = edits.gather(rows, 1)
    expected = [encoding.ids for encoding in prepared.tokenizer().encode_batch(edits.texts(rows, 1))]
    assert np.split(token_ids, np.cumsum(lengths)[:-1])[5].tolist() == expected[5]
    assert token_ids.tolist() == [token for ids in expected for token in ids]
    assert lengths.tolist() == [len(ids) for ids in expected]
    assert token_ids.tolist() != prepared.split("train").gather(rows)[0].tolist()


@pytest.mark.parametrize("ngrams", [False, True])
def test_a_stopped_run_resumes_to_the_same_weights(new_run, prepared, ngrams):
    options = EDITING | {"ngrams": ngrams, "language": "en"}
    whole, stopped, plain = new_run("whole", **options), new_run("stopped", **options), new_run("plain", ngrams=ngrams)
    for run in (whole, plain):
        list(train(run, prepared))
    assert list(train(stopped, prepared, stop_after(17)))[-1].status == "interrupted"
    list(train(stopped, prepared, resume=load_newest_checkpoint(stopped.checkpoints)))
    assert_same_bits(whole, stopped)
    with pytest.raises(AssertionError):
        assert_same_bits(whole, plain)
    features = [_ngrams_of(run) for run in (whole, plain)]
    assert torch.equal(*features)  # the vocabulary comes from the rows as they are


def _ngrams_of(run):
    from txt.model.saved import load_model

    ngrams = load_model(run.model, torch.device("cpu")).ngrams
    return torch.zeros(0) if ngrams is None else ngrams.hashes


def test_val_rows_are_scored_as_they_are(new_run, prepared, monkeypatch):
    from txt.model.predict import predict_logits
    from txt.model.saved import load_model

    run = new_run(**EDITING, language="en", num_epochs=1)
    evaluation = next(event for event in train(run, prepared) if isinstance(event, Evaluation))
    val = prepared.split("val")
    model = load_model(run.model, torch.device("cpu"))
    predicted = predict_logits(model, val, torch.device("cpu")).argmax(1)
    assert evaluation.metrics["accuracy"] == pytest.approx((predicted == val.labels).mean(), abs=1.5 / len(val))


def test_the_options_are_in_the_runs_record(topics, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    start = start_on_prepared(topics, TrainConfig(**EDITING, language="en"), "edited")
    recorded = json.loads((start.run.path / "config.json").read_text())["config"]
    assert (recorded["augment"], recorded["augment_rate"]) == ("delete,swap", 0.3)


@pytest.mark.parametrize("name", ["contextual", "back-translation", "antonym", "sawp", ""])
def test_methods_that_cannot_be_applied_while_training_are_refused_with_those_that_can(name):
    with pytest.raises(InputError, match="--augment cannot edit with") as caught:
        TrainConfig(augment=f"swap,{name}")
    assert "synonym, swap, delete" in caught.value.hint


def test_heads_on_embeddings_take_no_edits():
    for other in ({"few_shot": True}, {"freeze": "all"}):
        with pytest.raises(InputError, match="embedded once"):
            TrainConfig(augment="swap", pretrained="minilm", **other)


def test_synonyms_are_refused_before_a_run_is_made_where_there_is_no_wordnet(topics, tmp_path, monkeypatch):
    monkeypatch.setattr("txt.augmentation.wordnet._usual_places", lambda: iter(()))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TxtError, match="no WordNet"):
        start_on_prepared(topics, TrainConfig(augment="synonym"), "one")
    assert not (tmp_path / "runs" / "one").exists()


def test_synonyms_are_refused_for_texts_in_another_language(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    lines = [f"das ist nicht der Film {n} von dem wir auch nur noch das Ende mit den,{'ab'[n % 2]}" for n in range(60)]
    (tmp_path / "d.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    prepare(tmp_path / "d.csv", PrepareConfig(vocab_size=200), tmp_path / "prepared")
    config = TrainConfig(augment="synonym", wordnet=write_wordnet(tmp_path / "wordnet"))
    with pytest.raises(InputError, match="de"):
        start_on_prepared(tmp_path / "prepared", config, "one")
    assert make_fresh_edits(TrainConfig(augment="swap"), Prepared.open(tmp_path / "prepared")) is not None
    assert not (tmp_path / "runs" / "one").exists()
