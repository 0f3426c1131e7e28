import numpy as np
import pytest

from txt.runs.feed import ROW_TYPE
from txt.runs.step_curves import StepPace


def rows(times, steps):
    taken = np.zeros(len(times), ROW_TYPE)
    taken["time"], taken["step"] = times, steps
    return taken


def test_an_even_pace_goes_on():
    pace = StepPace()
    pace.add(rows(np.arange(100) * 0.5, np.arange(100)))
    assert pace.estimate_seconds(199) == pytest.approx(50.0)


def test_the_last_seconds_count_and_not_those_before():
    slow, fast = np.arange(100) * 10.0, 990.0 + np.arange(1, 101)
    pace = StepPace()
    pace.add(rows(np.concatenate([slow, fast]), np.arange(200)))
    assert pace.estimate_seconds(299) < 100 * 10.0 / 2


def test_one_step_or_a_forgotten_past_says_nothing():
    pace = StepPace()
    assert pace.estimate_seconds(10) is None
    pace.add(rows([1.0], [1]))
    assert pace.estimate_seconds(10) is None
    pace.add(rows([2.0], [2]))
    assert pace.estimate_seconds(10) == pytest.approx(8.0)
    pace.clear()
    assert pace.estimate_seconds(10) is None
