"""L-BFGS for smooth convex functions of very many variables, in whole-vector steps.

SciPy's L-BFGS-B also handles bounds, which takes it ten times as long for each step at 100,000 variables.
Source: Nocedal and Wright 2006, "Numerical Optimization", algorithms 7.4 and 3.5 (by bisection).
"""

import math
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.floating[Any]]

Function = Callable[[Vector], tuple[float, Vector]]
"""Returns the value and the gradient (n,) at a point (n,)."""

Inner = Callable[[Vector, Vector], float]
"""The inner product of two vectors (n,): of it the gradient is the gradient."""

_MEMORY = 6  # steps whose curvature is remembered; ten save hardly a step, and make each longer
_TRIALS = 20  # of a step's length
_DECREASE, _CURVATURE = 1e-4, 0.9  # Wolfe's conditions
_FLAT = 1e-9  # a relative change in value below which float32 products tell nothing


def dot(one: Vector, other: Vector) -> float:
    """Return the usual inner product."""
    return float(one @ other)


def minimize(function: Function, start: Vector, most_steps: int, tolerance: float, inner: Inner = dot) -> Vector:
    """Return the point where the gradient is no longer than `tolerance`, or where `most_steps` have led."""
    point = start
    value, gradient = function(point)
    curvatures: deque[tuple[Vector, Vector, float]] = deque(maxlen=_MEMORY)
    for _ in range(most_steps):
        size = math.sqrt(max(inner(gradient, gradient), 0.0))
        if size <= tolerance:
            break
        direction = -_times_inverse_hessian(gradient, curvatures, inner)
        first = 1.0 if curvatures else min(1.0, 1.0 / size)
        length, new_value, new_gradient = _line_search(function, point, value, gradient, direction, first, inner)
        moved, turned = length * direction, new_gradient - gradient
        curvature = inner(moved, turned)
        if curvature > 0:
            curvatures.append((moved, turned, curvature))
        settled = abs(value - new_value) <= _FLAT * max(abs(value), 1.0)
        point, value, gradient = point + moved, new_value, new_gradient
        if settled:
            break
    return point


def _times_inverse_hessian(gradient: Vector, curvatures: deque[tuple[Vector, Vector, float]], inner: Inner) -> Vector:
    """Return the gradient times what the steps so far tell of the inverse Hessian (the two-loop recursion)."""
    found = gradient.copy()
    shares = []
    for moved, turned, curvature in reversed(curvatures):
        share = inner(moved, found) / curvature
        found -= share * turned
        shares.append(share)
    if curvatures:
        moved, turned, curvature = curvatures[-1]
        found *= curvature / inner(turned, turned)
    for (moved, turned, curvature), share in zip(curvatures, reversed(shares), strict=True):
        found += (share - inner(turned, found) / curvature) * moved
    return found


def _line_search(
    function: Function,
    point: Vector,
    value: float,
    gradient: Vector,
    direction: Vector,
    length: float,
    inner: Inner,
) -> tuple[float, float, Vector]:
    """Return a length of step that fulfils Wolfe's conditions, with value and gradient there."""
    slope = inner(gradient, direction)
    low, high = 0.0, np.inf
    new_value, new_gradient = function(point + length * direction)
    for _ in range(_TRIALS):
        if new_value > value + _DECREASE * length * slope:
            high = length
        elif inner(new_gradient, direction) < _CURVATURE * slope:
            low = length
        else:
            break
        length = 2 * low if high == np.inf else (low + high) / 2
        new_value, new_gradient = function(point + length * direction)
    return length, new_value, new_gradient
