"""The forecast of how many labels a goal asks for."""

import pytest

from txt.labeling.active.goal import describe_goal, forecast_labels


def accuracy(labels: int) -> float:
    """A learning curve that ends at 0.9."""
    return 0.9 - 2.0 / labels**0.5


@pytest.mark.parametrize("goal", [0.75, 0.8, 0.82])
def test_the_forecast_is_where_the_curve_reaches_the_goal(goal):
    curve = [(labels, accuracy(labels)) for labels in (50, 60, 80, 100, 150)]
    more = forecast_labels(curve, goal)
    assert accuracy(150 + more) == pytest.approx(goal, abs=0.002)


def test_what_is_reached_or_out_of_reach_is_said():
    curve = [(labels, accuracy(labels)) for labels in (50, 60, 80, 100, 150)]
    assert describe_goal(curve, 0.7) == "0.70, reached"
    assert describe_goal(curve, 0.8) == "0.80, about 250 more"
    assert describe_goal(curve, 0.95) == "0.95, not in sight yet"
    assert forecast_labels(curve, 0.899) is None
    assert forecast_labels(curve[:3], 0.8) is None
    assert forecast_labels([], 0.8) is None
    assert forecast_labels([(labels, 0.5 - labels / 1000) for labels in (10, 20, 30, 40)], 0.8) is None
