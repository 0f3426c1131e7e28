"""The ladder: what it keeps was judged on rows it did not learn from, is on the disk, and answers as it was fitted."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.conftest import write_topics
from txt.config import PredictConfig, PrepareConfig, TrainConfig
from txt.data import minilm
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.evaluation.evaluate_run import evaluate_run
from txt.model.build import spell_pieces
from txt.model.cascade import measure_margins
from txt.model.ngrams import NgramLogits
from txt.model.plain_ngrams import PlainNgramClassifier
from txt.model.predict import predict_logits
from txt.model.saved import load_model
from txt.prediction.cascade import _NgramsAlone
from txt.prediction.classifier import load, load_source
from txt.prediction.doubt import measure_known_shares
from txt.prediction.model_source import find_model
from txt.runs.events import Evaluation, Finished, Rung, Saved, Started
from txt.runs.folder import Run
from txt.training.ladder.budget import default_budget
from txt.training.ladder.folds import make_folds
from txt.training.ladder.learning_curve import read_learning_curve
from txt.training.ladder.ngram_rows import learn_ngrams, ngram_rows
from txt.training.ladder.out_of_fold import read_out_of_fold
from txt.training.ladder.rows import JoinedRows, SomeRows
from txt.training.loop import train

CPU = torch.device("cpu")
needs_minilm = pytest.mark.skipif(not minilm.is_installed(), reason="MiniLM is not installed")


@pytest.fixture
def climb(tmp_path, monkeypatch, prepared):
    """Return a function that climbs on the topics, and gives the run with its events."""
    monkeypatch.chdir(tmp_path)

    def go(folder=None, **options):
        data = folder or prepared
        config = TrainConfig(**{"rungs": 1, "metric": "loss", "threads": 1, **options})
        with Run.new() as run:
            run.describe(config, data.path, data.fingerprint)
        return run, list(train(run, data))

    return go


def test_the_linear_rung_learns_and_is_on_the_disk(climb, prepared):
    run, events = climb()
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert events[-1].status == "completed"
    evaluation = next(event for event in events if isinstance(event, Evaluation))
    assert evaluation.metrics["accuracy"] > 0.9
    assert any(isinstance(event, Saved) and event.best for event in events)
    test = prepared.split("test")
    logits = predict_logits(load_model(run.model, CPU), test, CPU)
    assert (logits.argmax(1) == test.labels).mean() > 0.9
    assert [prediction.label for prediction in load(run.path).predict(["the goal of the match", "soup and bread"])] == [
        "sport",
        "food",
    ]


def test_rows_out_of_fold_are_those_of_train_and_val_and_give_the_score_that_was_told(climb, prepared):
    run, events = climb()
    found = read_out_of_fold(run.path)
    assert found is not None
    rows = JoinedRows([prepared.split("train"), prepared.split("val")], 10**6, 0)
    assert (found.labels == rows.labels).all()
    rung = next(event for event in events if isinstance(event, Rung))
    assert rung.rows == len(rows)
    assert rung.accuracy is not None
    assert (found.logits.argmax(1) == rows.labels).mean() == pytest.approx(rung.accuracy[0])


def test_the_val_split_is_scored_out_of_fold_and_not_by_a_model_that_learned_it(climb, prepared):
    run, _ = climb()
    found, val = read_out_of_fold(run.path), prepared.split("val")
    assert found is not None
    report = evaluate_run(run, "val")
    right = (found.logits[-len(val) :].argmax(1) == val.labels).mean()
    assert report.rows == len(val)
    assert report.metrics["accuracy"].value == pytest.approx(right)


def test_n_grams_of_all_rows_at_once_are_those_of_the_model(prepared):
    train = JoinedRows([prepared.split("train")], 10**6, 0)
    known = spell_pieces(prepared, NgramLogits(prepared.vocab_size, 0, 0, 3))
    matrix = learn_ngrams(train, known, 2000).matrix()
    assert matrix.shape == (len(train), 2000)
    token_ids, lengths = train.gather(np.arange(40))
    rows, features, values = known.vectors(torch.from_numpy(token_ids), lengths.tolist())
    dense = np.zeros((40, 2000), np.float32)
    dense[rows.numpy(), features.numpy()] = values.numpy()
    assert np.abs(matrix[:40].toarray() - dense).max() < 1e-5
    again = ngram_rows(SomeRows(train, np.arange(40)), known).matrix()
    assert np.abs(again.toarray() - dense).max() < 1e-5


def test_what_no_learned_row_has_counts_nowhere(prepared):
    train = JoinedRows([prepared.split("train")], 10**6, 0)
    known = spell_pieces(prepared, NgramLogits(prepared.vocab_size, 0, 0, 3))
    found = learn_ngrams(train, known, 5000)
    learned = np.arange(30)
    matrix = found.matrix(learned)
    seen = np.unique(matrix[learned].indices[matrix[learned].data != 0])
    assert set(matrix.indices[matrix.data != 0]) <= set(seen)
    lengths = np.sqrt(matrix.power(2).sum(1))
    assert lengths.max() == pytest.approx(np.sqrt(2), abs=1e-4)  # words and characters, each of length 1


def test_a_text_unlike_anything_seen_is_doubted_and_others_are_not(climb, prepared):
    run, _ = climb()
    classifier = load(run.path)
    known, strange = classifier.predict(
        ["the goal of the match was in the season", "\u0e20\u0e32\u0e29\u0e32 qqqq zzzz xjxjx"]
    )
    assert known.trust == 1
    assert strange.trust < 0.7
    found = classifier.predict_probabilities(prepared.split("test").texts())
    assert (found.trust < 1).mean() < 0.1  # one in a hundred of those that it learned from, out of fold
    classifier.doubts = False
    before = classifier.predict(["\u0e20\u0e32\u0e29\u0e32 qqqq zzzz xjxjx"])[0]
    assert strange.confidence < before.confidence
    assert strange.label == before.label


def test_known_shares_of_all_rows_at_once_are_those_of_the_model(prepared):
    split = prepared.split("train")
    known = spell_pieces(prepared, NgramLogits(prepared.vocab_size, 0, 0, 3))
    found = learn_ngrams(split, known, 500)
    rows = np.arange(len(split))
    token_ids, lengths = split.gather(rows)
    one_by_one = known.measure_known_shares(torch.from_numpy(token_ids), lengths.tolist())
    np.testing.assert_allclose(found.measure_known_shares(rows), one_by_one.numpy(), rtol=1e-5)


def test_known_shares_in_numpy_are_those_in_torch(climb, prepared):
    run, _ = climb()
    plain, test = PlainNgramClassifier.open(run.model), prepared.split("test")
    found = measure_known_shares(load_model(run.model, CPU), test, CPU)
    assert found.min() < 1
    np.testing.assert_allclose(plain.measure_known_shares(test), found, rtol=1e-5)


def test_a_learning_curve_is_written_and_told(climb):
    run, _ = climb()
    curve = read_learning_curve(run.path)
    assert curve is not None
    assert curve.rows.tolist() == sorted(curve.rows.tolist())
    assert curve.right.mean(1)[-1] == pytest.approx(1 - (1 - curve.right[-1]).mean())
    gain = evaluate_run(run, "test").label_gain
    assert gain is not None
    assert gain.gain.low <= gain.gain.value <= gain.gain.high


def test_equal_seeds_give_equal_models(climb):
    one, other = (load_model(climb()[0].model, CPU).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_climb_that_is_stopped_can_be_begun_again(climb, prepared, tmp_path):
    config = TrainConfig(rungs=1, metric="loss", threads=1)
    with Run.new() as run:
        run.describe(config, prepared.path, prepared.fingerprint)
    stopped = list(train(run, prepared, lambda: True))
    assert isinstance(stopped[-1], Finished)
    assert stopped[-1].status == "interrupted"
    ended = list(train(run, prepared))[-1]
    assert isinstance(ended, Finished)
    assert ended.status == "completed"


def test_one_class_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.csv").write_text("text,label,split\n" + "a good film,pos,train\n" * 8 + "a bad film,neg,test\n")
    prepare(tmp_path / "one.csv", PrepareConfig(vocab_size=100), tmp_path / "prepared")
    data = Prepared.open(tmp_path / "prepared")
    with Run.new() as run:
        run.describe(TrainConfig(rungs=1, metric="loss"), data.path, data.fingerprint)
    with pytest.raises(InputError, match="one class only"):
        list(train(run, data))


def test_the_default_budget_grows_with_the_rows():
    assert default_budget(100) < default_budget(10_000) < default_budget(10**7) == default_budget(10**8)


def test_without_the_encoders_tokenizer_the_higher_rungs_are_left_out_with_a_reason(climb):
    _, events = climb(rungs=3)
    left_out = [event for event in events if isinstance(event, Rung) and event.reason]
    assert len(left_out) == 2
    assert events[-1].status == "completed"


@pytest.fixture(scope="module")
def topics_of_minilm(tmp_path_factory):
    folder = tmp_path_factory.mktemp("minilm")
    prepare(write_topics(folder / "t.csv", 200), PrepareConfig(tokenizer="minilm"), folder / "prepared")
    return Prepared.open(folder / "prepared")


@needs_minilm
@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_frozen_encoder_beside_n_grams_is_one_model(climb, topics_of_minilm, precision):
    run, events = climb(topics_of_minilm, rungs=2, precision=precision)
    rungs = [event for event in events if isinstance(event, Rung)]
    assert [rung.reason for rung in rungs] == [None, None]
    assert rungs[1].log_loss is not None
    assert rungs[0].log_loss is not None
    if rungs[1].kept:
        assert rungs[1].log_loss[0] < rungs[0].log_loss[0]
        model = load_model(run.model, CPU)
        assert model.config.ngrams > 0
    test = topics_of_minilm.split("test")
    logits = predict_logits(load_model(run.model, CPU), test, CPU)
    assert (logits.argmax(1) == test.labels).mean() > 0.8


@needs_minilm
def test_a_cascade_answers_by_n_grams_where_they_are_sure_and_else_as_the_whole_model(
    climb, topics_of_minilm, monkeypatch
):
    monkeypatch.setattr("txt.model.cascade.MOST_OTHERS", 0.05)  # of so few rows, none could differ otherwise
    run, _ = climb(topics_of_minilm, rungs=2, precision="float32")
    texts = list(topics_of_minilm.split("train").texts())
    quick = load_source(find_model(run.path), PredictConfig(precision="float32", cascade=True))
    assert quick.cascade is not None
    chosen = quick.cascade.cascade
    assert chosen.rows == len(topics_of_minilm.split("train")) + len(topics_of_minilm.split("val"))
    assert chosen.same >= 0.95
    ngrams = load_model(run.model, CPU).model.ngrams
    scores = predict_logits(_NgramsAlone(ngrams), quick._cutter(None)(texts), CPU) + np.array(chosen.bias)
    margins = measure_margins(scores * chosen.scale)
    middle = np.sort(margins)[len(margins) // 2 - 1 :][:2].mean()  # between two, so that each part has its rows
    quick.cascade.cascade = replace(chosen, margin=float(middle))
    sure = margins >= middle
    found = quick.predict_probabilities(texts).probabilities
    whole = load(run.path, precision="float32").predict_probabilities(texts).probabilities
    np.testing.assert_allclose(found[~sure], whole[~sure], atol=1e-5)
    alone = np.exp(scores * chosen.scale)
    trust = quick.predict_probabilities(texts).trust
    certain = sure & (trust == 1)
    assert certain.any()
    np.testing.assert_allclose(found[certain], (alone / alone.sum(1, keepdims=True))[certain], atol=1e-4)
    assert (quick.cascade.spared, quick.cascade.texts) == (2 * sure.sum(), 2 * len(texts))
    assert "n-grams answered" in quick.about_speed[-1].lower()


def test_a_model_without_both_parts_has_no_cascade(climb, prepared):
    run, _ = climb()
    with pytest.raises(InputError, match="n-grams and an encoder"):
        load_source(find_model(run.path), PredictConfig(cascade=True))


@needs_minilm
def test_vectors_come_from_the_cache_the_second_time(climb, topics_of_minilm, monkeypatch):
    climb(topics_of_minilm, rungs=2)

    def refuse(*_args, **_options):
        raise AssertionError("computed again")

    monkeypatch.setattr("txt.training.ladder.climb.measure_speed", lambda *_: 100.0)
    monkeypatch.setattr("txt.training.ladder.vectors.predict_logits", refuse)
    _, events = climb(topics_of_minilm, rungs=2)
    assert events[-1].status == "completed"


@needs_minilm
def test_a_fine_tuning_for_which_there_is_no_time_is_left_out(climb, topics_of_minilm):
    run, events = climb(topics_of_minilm, rungs=3, budget="1s")
    last = [event for event in events if isinstance(event, Rung)][-1]
    assert last.reason is not None
    assert "the 1 s of the budget are used up" in last.reason
    assert (run.model / "model.safetensors").is_file()


@needs_minilm
def test_a_fine_tuned_encoder_with_n_grams_is_one_model(climb, tmp_path):
    prepare(write_topics(tmp_path / "t.csv", 75), PrepareConfig(tokenizer="minilm"), tmp_path / "few")
    few = Prepared.open(tmp_path / "few")
    run, events = climb(few, rungs=3, budget="10h")
    last = [event for event in events if isinstance(event, Rung)][-1]
    assert last.reason is None
    assert last.log_loss is not None
    found, model = read_out_of_fold(run.path), load_model(run.model, CPU)
    assert found is not None
    rows = JoinedRows([few.split("train"), few.split("val")], 10**6, 0)
    assert (predict_logits(model, rows, CPU).argmax(1) == rows.labels).mean() > 0.9  # it learned these rows
    assert events[-1].status == "completed"


def test_a_small_test_split_is_told_beside_all_rows_none_predicted_by_a_model_that_learned_it(climb, prepared):
    run, _ = climb()
    report = evaluate_run(run, "test")
    assert report.whole_file is not None
    found, test = read_out_of_fold(run.path), prepared.split("test")
    assert found is not None
    assert report.whole_file.rows == len(found.labels) + len(test)
    right = (found.logits.argmax(1) == found.labels).sum() + round(report.metrics["accuracy"].value * len(test))
    assert report.whole_file.metrics["accuracy"].value == pytest.approx(right / report.whole_file.rows)
    alone, all_rows = (each.metrics["accuracy"] for each in (report, report.whole_file))
    assert all_rows.high - all_rows.low < alone.high - alone.low
    assert evaluate_run(run, "val").whole_file is None


def test_rows_of_one_group_are_judged_by_a_model_that_saw_none_of_them(climb, tmp_path, monkeypatch):
    rows = [
        f"{label} number {row * 7919 % 1009} of {row * 104729 % 997},{label},{row // 6}\n"
        for row, label in enumerate(["sport", "food"] * 60)
    ]
    data = tmp_path / "grouped.csv"
    data.write_text("text,label,author\n" + "".join(rows), encoding="utf-8")
    prepare(data, PrepareConfig(vocab_size=300, group_column="author"), tmp_path / "grouped")
    folder = Prepared.open(tmp_path / "grouped")
    asked = []
    monkeypatch.setattr(
        "txt.training.ladder.kinds.make_folds",
        lambda labels, groups, *rest: asked.append(groups) or make_folds(labels, groups, *rest),
    )
    climb(folder)
    authors = np.array(JoinedRows([folder.split("train"), folder.split("val")], 10**6, 0).column("author"))
    (groups, *_) = asked
    assert len(set(authors)) > 5
    assert all(len(set(groups[authors == author])) == 1 for author in set(authors))
