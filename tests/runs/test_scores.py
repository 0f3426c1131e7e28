from dataclasses import replace

import numpy as np

from tests.screens.run_record import evaluation
from txt.runs.step_curves import ScoreColumns


def test_a_metric_that_comes_or_goes_leaves_gaps_and_no_column_is_made_anew():
    scores = ScoreColumns()
    first, second = evaluation(40), replace(evaluation(80), metrics={"accuracy": 0.5, "other": 0.25})
    scores.add(first)
    columns = dict(scores.columns)
    scores.add(second)
    assert len(scores) == 2
    assert all(scores.columns[name] is column for name, column in columns.items())
    np.testing.assert_array_equal(scores.get_column("step"), [40, 80])
    np.testing.assert_array_equal(scores.get_column("accuracy"), [first.metrics["accuracy"], 0.5])
    np.testing.assert_array_equal(scores.get_column("other"), [np.nan, 0.25])
    np.testing.assert_array_equal(scores.get_column("mcc"), [first.metrics["mcc"], np.nan])


def test_what_came_after_a_step_is_forgotten():
    scores = ScoreColumns()
    for step in (40, 80, 120):
        scores.add(evaluation(step))
    scores.cut(80)
    np.testing.assert_array_equal(scores.get_column("step"), [40, 80])
    assert scores.last is None
