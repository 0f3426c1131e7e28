import copy
import io
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from datasets import Dataset
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import txt
from tests.prediction.conftest import born_run, run, write_reviews  # noqa: F401
from txt import BadInputError, TextClassifier, TxtWarning
from txt.config import TrainConfig
from txt.errors import TxtError
from txt.option_schema import list_options
from txt.prediction.classifier import load as load_predictor
from txt.runs.folder import Run

FAST = {"rungs": 1, "threads": 1, "precision": "float32"}
NAMES = "river stone cloud bread music paper winter garden silver market letter window candle bridge summer"
WORDS = NAMES.split()
TOPICS = [
    f"{WORDS[number % 15]} {WORDS[number * 7 % 13]} {topic} {WORDS[number * 11 % 14]} {topic} {number}"
    for number, topic in enumerate(["cats", "dogs", "tea", "rain"] * 15)
]
HALVES = np.arange(60) % 4 < 2


def test_it_learns_by_the_code_of_the_command(reviews, learned: TextClassifier, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts, labels = reviews
    pd.DataFrame({"text": texts, "label": labels}).to_csv("reviews.csv", index=False)
    options = ["--rungs", "1", "--threads", "1", "--train-split", "1", "--val-split", "0"]
    command = [sys.executable, "-m", "txt", "train", "reviews.csv", "--split-column", "none", "--name", "same"]
    subprocess.run([*command, *options], check=True, capture_output=True)
    said = load_predictor("same", precision="float32").predict_probabilities(texts[:20]).probabilities
    assert tuple(learned.classes_) == ("negative", "neutral", "positive")
    np.testing.assert_allclose(learned.predict_proba(texts[:20]), said, atol=1e-6)
    assert learned.temperature_ == txt.load("same").temperature_


def test_nothing_is_left_in_the_folder(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TextClassifier(**FAST).fit(TOPICS, HALVES)
    assert not list(tmp_path.iterdir())


def test_copies_answer_as_the_first_does(reviews, learned: TextClassifier, tmp_path: Path):
    texts = reviews[0][:9]
    joblib.dump(learned, tmp_path / "kept.joblib")
    unpickled = pickle.loads(pickle.dumps(learned))
    for other in (unpickled, copy.deepcopy(learned), joblib.load(tmp_path / "kept.joblib")):
        np.testing.assert_array_equal(other.predict_proba(texts), learned.predict_proba(texts))
        assert other.get_params() == learned.get_params()


def test_a_pickle_is_whole_in_another_process(reviews, learned: TextClassifier, tmp_path: Path):
    (tmp_path / "pickled").write_bytes(pickle.dumps(learned))
    code = "import pickle, sys; print(pickle.load(open('pickled', 'rb')).predict(['great']))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(learned.predict(["great"]))


def test_a_clone_has_the_parameters_and_has_not_learned(learned: TextClassifier):
    other = clone(learned)
    assert other.get_params() == learned.get_params()
    with pytest.raises(NotFittedError, match="call fit first"):
        other.predict(["a text"])


@pytest.mark.parametrize(
    "kind", ["list", "tuple", "array", "column", "Series", "DataFrame", "Arrow", "datasets", "polars"]
)
def test_every_kind_of_texts_gets_the_same_answers(kind, reviews, learned: TextClassifier):
    texts = [*reviews[0][:5], None]
    frame = pd.DataFrame({"text": texts, "number": range(6)})
    if kind == "polars":
        given = pytest.importorskip("polars").from_pandas(frame)
    else:
        given = {
            "list": texts,
            "tuple": tuple(texts),
            "array": np.array(texts, dtype=object),
            "column": np.array(texts, dtype=object)[:, None],
            "Series": frame["text"],
            "DataFrame": frame,
            "Arrow": pa.Table.from_pandas(frame),
            "datasets": Dataset.from_pandas(frame),
        }[kind]
    assert learned.predict(given).tolist() == [*learned.predict(reviews[0][:5]), None]


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT, "", "  \n"])
def test_a_text_that_is_missing_has_no_answer(missing, learned: TextClassifier):
    assert learned.predict(["great", missing]).tolist() == [learned.predict(["great"])[0], None]
    assert np.isnan(learned.predict_proba(["great", missing])).tolist() == [[False] * 3, [True] * 3]
    assert learned.answers([missing]) == [None]


def test_rows_without_text_or_label_are_left_out_and_told():
    labels = pd.Series(HALVES.astype(float))
    labels[3] = float("nan")
    with pytest.warns(TxtWarning, match="^2 rows have no text or no label$"):
        learned = TextClassifier(**FAST).fit([*TOPICS[:-1], None], labels)
    assert learned.classes_.tolist() == [0, 1]


@pytest.mark.parametrize(
    "labels", [HALVES, HALVES.astype(int), HALVES + 9, np.where(HALVES, "yes", "no"), np.where(HALVES, "nan", "None")]
)
def test_labels_stay_what_they_were(labels):
    learned = TextClassifier(**FAST).fit(TOPICS, labels)
    assert learned.classes_.tolist() == np.unique(labels).tolist()
    assert learned.score(TOPICS, labels) == 1
    assert (learned.predict_proba(TOPICS).argmax(1) == np.searchsorted(learned.classes_, labels)).all()


def test_ten_is_after_nine_as_numpy_sorts_them():
    labels = np.array([9, 10, 100, 2])[np.arange(60) % 4]
    learned = TextClassifier(**FAST).fit(TOPICS, labels)
    assert learned.classes_.tolist() == [2, 9, 10, 100]
    assert learned.score(TOPICS, labels) == 1
    words = learned_words = TextClassifier(**FAST).fit(TOPICS, labels.astype(str))
    assert words.classes_.tolist() == ["10", "100", "2", "9"]
    assert learned_words.score(TOPICS, labels.astype(str)) == 1


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (TOPICS, HALVES[:-1], "60 texts and 59 labels"),
        (TOPICS, np.zeros(60), "one class only"),
        (TOPICS, None, "y to be passed"),
        (TOPICS, np.linspace(0, 1, 60), "continuous"),
        (TOPICS, ["01", "1"] * 30, "look alike"),
        (TOPICS, ["a", 1] * 30, "texts and numbers"),
        (TOPICS, [["a", "b"], "a"] * 30, "single labels and lists"),
        (TOPICS, np.arange(120).reshape(60, 2), "values other than 0 and 1"),
        ("a text", ["a"], "this is one text"),
        ([], [], "no texts"),
        (np.zeros((60, 2)), HALVES, "not one for each row"),
        ([b"bytes"] * 60, HALVES, "row 0 is a bytes"),
    ],
)
def test_what_cannot_be_learned_is_a_value_error_and_says_why(texts, labels, message):
    with pytest.raises(ValueError, match=message):
        TextClassifier(**FAST).fit(texts, labels)


def test_an_error_ends_with_the_hint_and_names_parameters():
    with pytest.raises(BadInputError, match=r"^learning_rate must be above 0") as raised:
        TextClassifier(learning_rate=-1.0).fit(TOPICS, HALVES)
    assert isinstance(raised.value, TxtError)
    assert raised.value.__notes__ == ["hint: the default is 0.0001"]
    with pytest.raises(TypeError, match="no parameter `learning_rat`"):
        TextClassifier(learning_rat=1)


def test_every_option_of_training_is_a_parameter():
    assert set(list_options(TrainConfig)) <= set(TextClassifier().get_params())
    assert TextClassifier(batch_size=8).set_params(seed=3).get_params()["batch_size"] == 8


def test_it_works_in_searches_and_pipelines():
    assert cross_val_score(TextClassifier(**FAST), TOPICS, HALVES, cv=2).min() > 0.9
    search = GridSearchCV(TextClassifier(**FAST), {"cased": [True, False]}, cv=2).fit(TOPICS, HALVES)
    assert search.best_score_ > 0.9
    upper = make_pipeline(FunctionTransformer(lambda texts: [text.upper() for text in texts]), TextClassifier(**FAST))
    assert upper.fit(TOPICS, HALVES).score(TOPICS, HALVES) == 1


def test_groups_stay_together_in_the_folds():
    told = TextClassifier(**FAST).fit(TOPICS, HALVES, groups=np.arange(60) // 4)
    assert told.score(TOPICS, HALVES) == 1


def test_a_run_is_loaded_as_the_same_class(run: Run):  # noqa: F811
    loaded = txt.load(run.path, precision="float32", device="cpu")
    assert type(loaded) is TextClassifier
    assert loaded.classes_.tolist() == ["bad", "good", "so-so"]
    assert loaded.temperature_ == 1.7
    own = load_predictor(run.path, precision="float32", device="cpu")
    texts = ["the film was great", "awful", "so very ordinary"]
    assert loaded.predict(texts).tolist() == [each.label for each in own.predict(texts)]
    assert [each.label for each in loaded.answers(texts)] == loaded.predict(texts).tolist()
    assert loaded.get_params()["d_model"] == 16
    copied = pickle.loads(pickle.dumps(loaded))
    np.testing.assert_array_equal(copied.predict_proba(texts), loaded.predict_proba(texts))
    np.testing.assert_allclose(np.exp(loaded.predict_log_proba(texts)), loaded.predict_proba(texts))


def test_a_saved_model_is_loaded_again_with_its_temperature(learned: TextClassifier, tmp_path: Path):
    learned.save(tmp_path / "model")
    again = txt.load(tmp_path / "model", precision="float32")
    texts = ["great", "so bad"]
    np.testing.assert_allclose(again.predict_proba(texts), learned.predict_proba(texts), atol=1e-5)
    with pytest.raises(BadInputError, match="exists already"):
        learned.save(tmp_path / "model")


def test_nothing_is_printed_unless_asked(capsys, monkeypatch):
    TextClassifier(**FAST).fit(TOPICS, HALVES).predict(TOPICS)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("sys.stderr", shown := io.StringIO())
    TextClassifier(**FAST, verbose=True).fit(TOPICS, HALVES)
    assert "n-grams" in shown.getvalue()


def test_one_model_is_learned_where_its_options_say_so():
    learned = TextClassifier(recipe="scratch", num_epochs=1, min_steps=1, threads=1).fit(TOPICS, HALVES)
    assert set(learned.predict(TOPICS)) <= {True, False}
    assert learned._ready()._model.config.model_type == "txt-transformer"
