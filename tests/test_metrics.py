"""Scores equal scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from txt.metrics import METRICS, count_confusions, score_predictions

REFERENCE = {
    "accuracy": reference.accuracy_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "macro_f1": lambda labels, predictions: reference.f1_score(labels, predictions, average="macro", zero_division=0),
    "mcc": reference.matthews_corrcoef,
}

pairs = st.integers(1, 8).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1, max_size=60),
    )
)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
@given(pairs)
@settings(max_examples=200)
def test_scores_equal_scikit_learns(case: tuple[int, list[tuple[int, int]]]) -> None:
    classes, rows = case
    labels, predictions = np.array(rows, dtype=np.int64).T
    found = score_predictions(labels, predictions, classes)
    assert set(found) == set(REFERENCE)
    for name, expected in REFERENCE.items():
        assert found[name] == pytest.approx(expected(labels, predictions), abs=1e-12), name


def test_confusion_rows_are_labels_and_columns_predictions() -> None:
    counts = count_confusions(np.array([0, 0, 2]), np.array([0, 2, 2]), 3)
    assert counts.tolist() == [[1, 0, 1], [0, 0, 0], [0, 0, 1]]


def test_a_class_absent_from_the_split_does_not_lower_the_score() -> None:
    labels = np.array([0, 1, 0, 1])
    assert score_predictions(labels, labels, 77) == dict.fromkeys(METRICS, 1.0)
