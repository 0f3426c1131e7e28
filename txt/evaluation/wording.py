"""The wording of scores and findings, shared by the terminal, Markdown and HTML reports."""

from typing import TYPE_CHECKING

from txt.metrics import SEVERAL_CHOICES, format_label

if TYPE_CHECKING:
    from txt.evaluation.calibration import Calibration
    from txt.evaluation.report import AlternativeScores, LevelDetails, Report, SetDetails
    from txt.proportions import Interval


def format_with_span(score: "Interval") -> str:
    """Return a score with its interval: 0.842 [0.820, 0.861]."""
    return f"{score.value:.3f} {format_span(score)}"


def format_span(score: "Interval") -> str:
    """Return an interval: [0.820, 0.861]."""
    return f"[{score.low:.3f}, {score.high:.3f}]"


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


def describe_calibration(calibration: "Calibration", several: bool = False) -> str:
    """Say how far confidence is from accuracy, with and without the fitted temperature.

    Where rows have `several` labels, each label's probability is compared with how often it holds.
    """
    if several:
        return (
            f"A label's probability is off by {100 * calibration.error:.1f} points on average from the share of rows "
            "in which it holds (expected calibration error)."
        )
    sentence = f"Confidence is off by {100 * calibration.error:.1f} points on average (expected calibration error)"
    if calibration.temperature is None or calibration.scaled_error is None:
        return f"{sentence}."
    scaled, temperature = 100 * calibration.scaled_error, calibration.temperature
    return f"{sentence}; by {scaled:.1f} with the temperature {temperature:.2f} fitted on val."


def describe_branches(nested: "LevelDetails") -> str:
    """Say how many mistakes stay within a branch of nested classes."""
    total = nested.within + nested.across
    return (
        f"Of {total:,} mistakes, {nested.within:,} stay within the right branch of the top level and {nested.across:,} "
        "lead to another one."
    )


def describe_thresholds(sets: "SetDetails") -> str:
    """Say how labels are decided."""
    values = sorted(set(sets.thresholds.values()))
    span = f"{values[0]:.2f}" if len(values) == 1 else f"its own threshold, {values[0]:.2f} to {values[-1]:.2f}"
    chosen = "micro_f1" if sets.metric not in SEVERAL_CHOICES[:-1] else sets.metric
    sentence = f"A label holds from a probability of {span} on, chosen for {format_label(chosen, several=True)}"
    return sentence + ("; the likeliest holds in any case." if sets.at_least_one else ".")


def format_metadata_value(value: str) -> str:
    """Return a metadata value, or what stands for a missing one."""
    return value if value.strip() else "(empty)"
