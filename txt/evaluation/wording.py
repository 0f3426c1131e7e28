"""How scores, differences and findings are worded, the same in the terminal, in Markdown and in HTML."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from txt.evaluation.calibration import Calibration
    from txt.evaluation.report import Compared, Report
    from txt.proportions import Interval


def with_span(score: "Interval") -> str:
    """Return a score with its interval: 0.842 [0.820, 0.861]."""
    return f"{score.value:.3f} {span(score)}"


def span(score: "Interval") -> str:
    """Return an interval: [0.820, 0.861]."""
    return f"[{score.low:.3f}, {score.high:.3f}]"


def points(share: float) -> str:
    """Return a difference in percentage points, such as +2.1 or -0.4."""
    return f"{100 * share:+.1f}".replace("-0.0", "+0.0")


def points_with_span(difference: "Interval") -> str:
    """Return a difference in percentage points with its interval: +2.1 [+0.4, +3.8]."""
    return f"{points(difference.value)} [{points(difference.low)}, {points(difference.high)}]"


def sign(difference: "Interval") -> int:
    """Return 1 or -1 when the whole interval lies on one side of 0, else 0."""
    return int(difference.low > 0) - int(difference.high < 0)


def verdict(difference: Mapping[str, "Interval"]) -> str | None:
    """Say in one sentence how the model stands to the baseline; None without one.

    Accuracy decides; macro-F1 is told as well where it tells another story, as it can with unequal classes.
    """
    if not difference:
        return None
    accuracy, macro_f1 = difference["accuracy"], difference["macro_f1"]
    sentence = f"Accuracy is {_standing(accuracy)}"
    if sign(accuracy) != sign(macro_f1):
        sentence += f"; macro-F1 is {_standing(macro_f1)}"
    return sentence


def seen_line(report: "Report") -> str | None:
    """Warn of rows that the model was trained on; None where there are none."""
    if not report.rows_in_train:
        return None
    if report.rows_in_train == report.rows:
        return "The model was trained on these texts: the scores say nothing about new ones."
    rows = f"{report.rows_in_train:,} of {report.rows:,} texts are in the train split too"
    return f"{rows}: the scores are better than they would be on new ones."


def left_out_line(report: "Report") -> str | None:
    """Tell of the rows of a file that could not be scored; None where there are none."""
    reasons = ", ".join(f"{rows:,} {reason}" for reason, rows in report.left_out.items())
    return f"Left out: {reasons}." if reasons else None


def majority_line(majority: "Compared") -> str:
    """Say what always giving the most frequent answer scores; the label is data, to be made safe by the caller."""
    accuracy, macro_f1 = majority.metrics["accuracy"].value, majority.metrics["macro_f1"].value
    return f"Always answering `{majority.name}` has accuracy {accuracy:.3f} and macro-F1 {macro_f1:.3f}."


def embeddings_line(embeddings: "Compared") -> str:
    """Say what the second baseline scores."""
    accuracy, macro_f1 = embeddings.metrics["accuracy"], embeddings.metrics["macro_f1"]
    return f"A {embeddings.name} has accuracy {with_span(accuracy)} and macro-F1 {macro_f1.value:.3f}."


def calibration_line(calibration: "Calibration") -> str:
    """Say how far confidence is from accuracy, and what a temperature makes of it."""
    sentence = f"Confidence is off by {100 * calibration.error:.1f} points on average (expected calibration error)"
    if calibration.temperature is None or calibration.scaled_error is None:
        return f"{sentence}."
    scaled, temperature = 100 * calibration.scaled_error, calibration.temperature
    return f"{sentence}; by {scaled:.1f} with the temperature {temperature:.2f} fitted on val."


def value_or_empty(value: str) -> str:
    """Return a metadata value, or what stands for a missing one."""
    return value if value.strip() else "(empty)"


def _standing(difference: "Interval") -> str:
    bounds = f"[{points(difference.low)}, {points(difference.high)}]"
    if sign(difference) == 0:
        return f"not distinguishable from the baseline's: {points(difference.value)} points {bounds}"
    if difference.value > 0:
        return f"better than the baseline's by {100 * difference.value:.1f} points {bounds}"
    return (
        f"worse than the baseline's by {-100 * difference.value:.1f} points {bounds} (a bag of words does better here)"
    )
