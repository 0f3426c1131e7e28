"""Spans of time in words."""

import pytest

from txt.durations import format_duration, format_estimate


@pytest.mark.parametrize(
    ("seconds", "exactly", "about"),
    [
        (0, "0 s", "0 s"),
        (59.6, "1 min 0 s", "60 s"),
        (89, "1 min 29 s", "89 s"),
        (200, "3 min 20 s", "3 min"),
        (3599, "59 min 59 s", "1 h"),
        (7500, "2 h 5 min", "2 h 5 min"),
        (50_000, "13 h 53 min", "13 h"),
        (500_000, "138 h 53 min", "6 days"),
    ],
)
def test_spans_are_said_exactly_or_roughly(seconds, exactly, about):
    assert (format_duration(seconds), format_estimate(seconds)) == (exactly, about)
