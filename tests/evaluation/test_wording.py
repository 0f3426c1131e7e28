"""Sentences that people decide by."""

import pytest

from txt.evaluation.calibration import Calibration
from txt.evaluation.differences import format_points, format_points_with_span, verdict
from txt.evaluation.wording import describe_calibration, describe_confidence, format_metadata_value, format_with_span
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


def test_calibration_is_told_beside_what_a_calibrated_model_shows() -> None:
    band = Interval(0.04, 0.021, 0.05)
    assert describe_calibration(Calibration(0.036, ())) == (
        "Confidence is off by 3.6 points on average (expected calibration error)."
    )
    fine, sure = Calibration(0.036, (), band=band), Calibration(0.09, (), band=band, is_overconfident=True)
    assert describe_calibration(fine).endswith(
        "a calibrated model shows 2.1 to 5.0 on so many rows: nothing speaks against it."
    )
    assert describe_calibration(sure).endswith("on so many rows: it is overconfident.")


def test_a_temperature_is_told_with_its_interval_and_what_became_of_it() -> None:
    estimate, fitted = Interval(1.46, 1.3, 1.63), {"fitted_on": "400 out-of-fold predictions"}
    used = Calibration(0.09, (), 1.46, 0.029, scaled_band=Interval(0.03, 0.02, 0.048), estimate=estimate, **fitted)
    assert describe_calibration(used).endswith(
        "With the temperature 1.46 [1.30, 1.63], fitted on 400 out-of-fold predictions, it is off by 2.9 points "
        "(a calibrated model: 2.0 to 4.8)."
    )
    untested = Calibration(0.09, (), 1.46, estimate=estimate, **fitted)
    assert "only other rows can show what it does" in describe_calibration(untested)
    left_out = Calibration(0.09, (), estimate=Interval(1.05, 0.93, 1.18), **fitted)
    assert describe_calibration(left_out).endswith(
        "1.05 [0.93, 1.18], fitted on 400 out-of-fold predictions, cannot be told from 1."
    )


def test_nothing_is_called_calibrated_that_was_not_shown_to_be() -> None:
    band = {"value": 0.03, "low": 0.02, "high": 0.05}
    within = {"expected_calibration_error": 0.03, "calibrated_would_show": band, "temperature": None}
    beyond = {**within, "expected_calibration_error": 0.08}
    untested = {**within, "temperature": 1.4, "scaled_expected_calibration_error": None}
    old = {"expected_calibration_error": 0.03, "temperature": 1.4, "scaled_expected_calibration_error": 0.02}
    told = {
        name: describe_confidence({"calibration": each, "rows": 96, "split": "test"})
        for name, each in {"within": within, "beyond": beyond, "untested": untested, "old": old}.items()
    }
    assert "as a calibrated model's is" in told["within"]
    assert "trust it less" in told["beyond"]
    for name in ("untested", "old"):
        assert "was not shown to be calibrated" in told[name]
    assert "not compared" in describe_confidence(None)
    assert not any("fitted on val" in each for each in told.values())


def test_a_missing_value_is_named() -> None:
    assert format_metadata_value(" ") == "(empty)"
    assert format_metadata_value("web") == "web"
