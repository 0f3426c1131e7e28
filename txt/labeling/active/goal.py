"""How many labels more an accuracy asks for, by the learning curve so far."""

from collections.abc import Sequence

import numpy as np

_FEWEST_POINTS = 4
_MOST_TIMES = 20  # the labels so far: a forecast beyond that says nothing


def forecast_labels(curve: Sequence[tuple[int, float]], goal: float) -> int | None:
    """Return about how many labels more bring the accuracy to `goal`; 0 where it is there, None where no one can say.

    The error of a classifier falls about with the square root of its labels: accuracy = a − b / √labels is fitted to
    the curve of (labels, accuracy) by least squares. A goal above `a`, or very far away, is not in sight.
    """
    if not curve:
        return None
    labels = np.array([each for each, _ in curve], float)
    scores = np.array([score for _, score in curve], float)
    if scores[-1] >= goal:
        return 0
    if len(curve) < _FEWEST_POINTS or len(np.unique(labels)) < _FEWEST_POINTS:
        return None
    slope, ceiling = np.polyfit(-1 / np.sqrt(labels), scores, 1)
    if slope <= 0 or ceiling <= goal:
        return None
    wanted = (slope / (ceiling - goal)) ** 2
    if wanted > _MOST_TIMES * labels[-1]:
        return None
    return max(round(float(wanted - labels[-1])), 1)


def describe_goal(curve: Sequence[tuple[int, float]], goal: float) -> str:
    """Return the goal and how far it is in words: `0.80, about 120 more`."""
    more = forecast_labels(curve, goal)
    if more is None:
        return f"{goal:.2f}, not in sight yet"
    if more == 0:
        return f"{goal:.2f}, reached"
    return f"{goal:.2f}, about {_round(more):,} more"


def _round(count: int) -> int:
    """Return a count with one or two digits that mean something."""
    unit = 10 if count < 200 else 50 if count < 1000 else 100
    return max(unit * round(count / unit), unit)
