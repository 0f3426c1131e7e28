"""Several labels a row, and classes in an order, in a TextClassifier."""

import copy
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import txt
from txt import TextClassifier

FAST = {"rungs": 1, "threads": 1, "precision": "float32"}
WORDS = {"late": "arrived days after the date", "broken": "came in pieces and cracked"}
SETS = [[], ["late"], ["broken"], ["broken", "late"]]
TEXTS = [
    f"parcel {number} {' and '.join(WORDS[name] for name in SETS[number % 4]) or 'was as I had hoped'}"
    for number in range(80)
]
LISTS = [SETS[number % 4] for number in range(80)]
MATRIX = np.array([["broken" in each, "late" in each] for each in LISTS]).astype(int)
GRADES = np.arange(90) % 3 + 1
GRADED = [
    f"room {number} was {('awful and dirty', 'ordinary enough', 'lovely and bright')[number % 3]}"
    for number in range(90)
]


@pytest.fixture(scope="module")
def several() -> TextClassifier:
    return TextClassifier(**FAST).fit(TEXTS, LISTS)


def test_lists_of_labels_are_learned_and_given_back(several: TextClassifier):
    assert several.classes_.tolist() == ["broken", "late"]
    found = several.predict(TEXTS)
    assert found.shape == (80,)
    assert several.score(TEXTS, LISTS) == np.mean(
        [{*said} == {*given} for said, given in zip(found, LISTS, strict=True)]
    )
    assert several.score(TEXTS, LISTS) > 0.9
    probabilities = several.predict_proba(TEXTS)
    assert (probabilities[MATRIX == 1].min(), probabilities[MATRIX == 0].max()) == pytest.approx((1, 0), abs=0.5)
    assert several.predict([None, TEXTS[3]])[0] is None


def test_copies_of_several_labels_answer_alike(several: TextClassifier, tmp_path: Path):
    joblib.dump(several, tmp_path / "x")
    several.save(tmp_path / "model")
    copies = [
        pickle.loads(pickle.dumps(several)),
        copy.deepcopy(several),
        joblib.load(tmp_path / "x"),
        txt.load(tmp_path / "model", threads=1, precision="float32"),
    ]
    for each in copies:
        assert each.predict(TEXTS).tolist() == several.predict(TEXTS).tolist()
        assert each.score(TEXTS, LISTS) == several.score(TEXTS, LISTS)
    assert cross_val_score(clone(several), TEXTS, LISTS, cv=KFold(2, shuffle=True, random_state=1)).min() > 0.5


def test_a_matrix_works_in_searches_and_pipelines():
    search = GridSearchCV(TextClassifier(**FAST), {"cased": [True, False]}, cv=2).fit(TEXTS, MATRIX)
    assert search.best_score_ > 0.5
    same = make_pipeline(FunctionTransformer(list), TextClassifier(**FAST)).fit(TEXTS, MATRIX)
    found = same.predict(TEXTS)
    assert found.shape == MATRIX.shape
    assert set(np.unique(found)) <= {0, 1}
    assert same.score(TEXTS, MATRIX) == (found == MATRIX).all(1).mean()


def test_a_table_of_marks_names_its_labels():
    pandas = pytest.importorskip("pandas")
    learned = TextClassifier(**FAST).fit(TEXTS, pandas.DataFrame(MATRIX[:, ::-1], columns=["late", "broken"]))
    assert learned.classes_.tolist() == ["late", "broken"]
    with pytest.raises(ValueError, match="column 'never' of y has no 1"):
        marks = pandas.DataFrame(MATRIX, columns=["broken", "late"]).assign(never=0)
        TextClassifier(**FAST).fit(TEXTS, marks)
    assert (learned.predict(TEXTS) == MATRIX[:, ::-1]).all(1).mean() > 0.9


def test_classes_in_an_order_are_answered_by_the_models_rule():
    learned = TextClassifier(ordered=True, **FAST).fit(GRADED, GRADES)
    assert learned.classes_.tolist() == [1, 2, 3]
    assert learned.score(GRADED, GRADES) == 1
    assert learned._ready().order is not None
    again = pickle.loads(pickle.dumps(learned))
    assert again.predict(GRADED).tolist() == learned.predict(GRADED).tolist()
    named = np.array(["low", "middle", "high"])[GRADES - 1]
    words = TextClassifier(order="low,middle,high", **FAST).fit(GRADED, named)
    assert words.score(GRADED, named) == 1
    assert words._ready().order is not None
