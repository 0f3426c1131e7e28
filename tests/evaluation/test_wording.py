"""Sentences that people decide by."""

import pytest

from txt.evaluation.calibration import Calibration
from txt.evaluation.differences import format_points, format_points_with_span, verdict
from txt.evaluation.wording import describe_calibration, format_metadata_value, format_with_span
from txt.proportions import Interval

BETTER, SAME, WORSE = Interval(0.021, 0.004, 0.038), Interval(0.01, -0.01, 0.03), Interval(-0.03, -0.05, -0.01)


@pytest.mark.parametrize(
    ("accuracy", "macro_f1", "sentence"),
    [
        (BETTER, BETTER, "Accuracy is better than the baseline's by 2.1 points [+0.4, +3.8]"),
        (SAME, SAME, "Accuracy is not distinguishable from the baseline's: +1.0 points [-1.0, +3.0]"),
        (
            WORSE,
            WORSE,
            "Accuracy is worse than the baseline's by 3.0 points [-5.0, -1.0] (a bag of words does better here)",
        ),
        (
            BETTER,
            SAME,
            "Accuracy is better than the baseline's by 2.1 points [+0.4, +3.8]; "
            "macro-F1 is not distinguishable from the baseline's: +1.0 points [-1.0, +3.0]",
        ),
        (
            SAME,
            WORSE,
            "Accuracy is not distinguishable from the baseline's: +1.0 points [-1.0, +3.0]; macro-F1 is worse than "
            "the baseline's by 3.0 points [-5.0, -1.0] (a bag of words does better here)",
        ),
    ],
)
def test_the_verdict_says_which_is_better_and_by_how_much(
    accuracy: Interval, macro_f1: Interval, sentence: str
) -> None:
    assert verdict({"accuracy": accuracy, "macro_f1": macro_f1}) == sentence


def test_there_is_no_verdict_without_a_baseline() -> None:
    assert verdict({}) is None


@pytest.mark.parametrize(("share", "shown"), [(0.021, "+2.1"), (-0.0004, "+0.0"), (-0.0123, "-1.2"), (0.0, "+0.0")])
def test_points_carry_a_sign(share: float, shown: str) -> None:
    assert format_points(share) == shown


def test_scores_and_differences_show_their_intervals() -> None:
    assert format_with_span(Interval(0.8421, 0.82, 0.861)) == "0.842 [0.820, 0.861]"
    assert format_points_with_span(BETTER) == "+2.1 [+0.4, +3.8]"


def test_calibration_is_told_before_and_after_the_temperature() -> None:
    assert describe_calibration(Calibration(0.036, ())).endswith(
        "off by 3.6 points on average (expected calibration error)."
    )
    assert describe_calibration(Calibration(0.036, (), 1.46, 0.029)).endswith(
        "by 2.9 with the temperature 1.46 fitted on val."
    )


def test_a_missing_value_is_named() -> None:
    assert format_metadata_value(" ") == "(empty)"
    assert format_metadata_value("web") == "web"
