"""The wording of scores, differences and findings, shared by the terminal, Markdown and HTML reports."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txt.evaluation.calibration import Calibration
    from txt.evaluation.report import AlternativeScores, Report
    from txt.proportions import Interval


def format_with_span(score: "Interval") -> str:
    """Return a score with its interval: 0.842 [0.820, 0.861]."""
    return f"{score.value:.3f} {format_span(score)}"


def format_span(score: "Interval") -> str:
    """Return an interval: [0.820, 0.861]."""
    return f"[{score.low:.3f}, {score.high:.3f}]"


def format_points(share: float) -> str:
    """Return a difference in percentage points, such as +2.1 or -0.4."""
    return f"{100 * share:+.1f}".replace("-0.0", "+0.0")


def format_points_with_span(difference: "Interval") -> str:
    """Return a difference in percentage points with its interval: +2.1 [+0.4, +3.8]."""
    return f"{format_points(difference.value)} [{format_points(difference.low)}, {format_points(difference.high)}]"


def sign(difference: "Interval") -> int:
    """Return 1 or -1 when the whole interval lies on one side of 0, else 0."""
    return int(difference.low > 0) - int(difference.high < 0)


def verdict(difference: Mapping[str, "Interval"]) -> str | None:
    """Compare the model with the baseline in one sentence; None without a baseline.

    Accuracy decides; macro-F1 is added where it disagrees, as it can with unequal classes.
    """
    if not difference:
        return None
    accuracy, macro_f1 = difference["accuracy"], difference["macro_f1"]
    sentence = f"Accuracy is {_describe_difference(accuracy)}"
    if sign(accuracy) != sign(macro_f1):
        sentence += f"; macro-F1 is {_describe_difference(macro_f1)}"
    return sentence


def warn_of_seen_rows(report: "Report") -> str | None:
    """Warn of rows that the model was trained on; None where there are none."""
    if not report.rows_in_train:
        return None
    if report.rows_in_train == report.rows:
        return "The model was trained on these texts: the scores say nothing about new ones."
    rows = f"{report.rows_in_train:,} of {report.rows:,} texts are in the train split too"
    return f"{rows}: the scores are better than they would be on new ones."


def describe_whole_file(report: "Report") -> str | None:
    """Give the scores over all rows of the run's data; None where there are none."""
    if report.whole_file is None:
        return None
    scores = report.whole_file.metrics
    return (
        f"Over all {report.whole_file.rows:,} rows, each predicted by a model that did not learn it: accuracy "
        f"{format_with_span(scores['accuracy'])}, macro-F1 {format_with_span(scores['macro_f1'])}, log loss "
        f"{format_with_span(scores['log_loss'])}."
    )


def describe_left_out(report: "Report") -> str | None:
    """Tell of the rows of a file that could not be scored; None where there are none."""
    reasons = ", ".join(f"{rows:,} {reason}" for reason, rows in report.left_out.items())
    return f"Left out: {reasons}." if reasons else None


def describe_majority(majority: "AlternativeScores") -> str:
    """Say how always predicting the most frequent class scores; the caller must escape the label, which is data."""
    accuracy, macro_f1 = majority.metrics["accuracy"].value, majority.metrics["macro_f1"].value
    return f"Always answering `{majority.name}` has accuracy {accuracy:.3f} and macro-F1 {macro_f1:.3f}."


def describe_embeddings(embeddings: "AlternativeScores") -> str:
    """Say what the second baseline scores."""
    accuracy, macro_f1 = embeddings.metrics["accuracy"], embeddings.metrics["macro_f1"]
    return f"A {embeddings.name} has accuracy {format_with_span(accuracy)} and macro-F1 {macro_f1.value:.3f}."


def describe_calibration(calibration: "Calibration") -> str:
    """Say how far confidence is from accuracy, with and without the fitted temperature."""
    sentence = f"Confidence is off by {100 * calibration.error:.1f} points on average (expected calibration error)"
    if calibration.temperature is None or calibration.scaled_error is None:
        return f"{sentence}."
    scaled, temperature = 100 * calibration.scaled_error, calibration.temperature
    return f"{sentence}; by {scaled:.1f} with the temperature {temperature:.2f} fitted on val."


def format_metadata_value(value: str) -> str:
    """Return a metadata value, or what stands for a missing one."""
    return value if value.strip() else "(empty)"


def _describe_difference(difference: "Interval") -> str:
    bounds = f"[{format_points(difference.low)}, {format_points(difference.high)}]"
    if sign(difference) == 0:
        return f"not distinguishable from the baseline's: {format_points(difference.value)} points {bounds}"
    if difference.value > 0:
        return f"better than the baseline's by {100 * difference.value:.1f} points {bounds}"
    return (
        f"worse than the baseline's by {-100 * difference.value:.1f} points {bounds} (a bag of words does better here)"
    )
