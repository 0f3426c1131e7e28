"""The wording of scores and findings, shared by the terminal, Markdown and HTML reports."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from txt.evaluation.label_gain import describe_label_gain
from txt.metrics import SEVERAL_CHOICES, format_label

if TYPE_CHECKING:
    from txt.evaluation.calibration import Calibration
    from txt.evaluation.prediction_sets import SetScores
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
        return describe_label_gain(report.label_gain)
    scores = report.whole_file.metrics
    gain = describe_label_gain(report.label_gain)
    return (
        f"Over all {report.whole_file.rows:,} rows, each predicted by a model that did not learn it: accuracy "
        f"{format_with_span(scores['accuracy'])}, macro-F1 {format_with_span(scores['macro_f1'])}, log loss "
        f"{format_with_span(scores['log_loss'])}." + (f" {gain}" if gain else "")
    )


def describe_left_out(report: "Report") -> str | None:
    """Tell of the rows of a file that could not be scored, and what was done to others; None where there is nothing."""
    reasons = ", ".join(f"{rows:,} {reason}" for reason, rows in report.left_out.items())
    sentences = [f"Left out: {reasons}."] if reasons else []
    notes = [*report.notes, *_describe_drift(report)]
    sentences += [f"{note[0].upper()}{note[1:]}." for note in notes]
    return " ".join(sentences) or None


def _describe_drift(report: "Report") -> Iterator[str]:
    from txt.evaluation.drift import describe_drift

    if report.drift is not None and (said := describe_drift(report.drift)):
        rows = ", ".join(str(report.row_names[place]) for place in report.drift.most_different)
        yield f"{said}; the rows that differ most are {rows}"


def describe_majority(majority: "AlternativeScores") -> str:
    """Say how always predicting the most frequent class scores; the caller must escape the label, which is data."""
    accuracy, macro_f1 = majority.metrics["accuracy"].value, majority.metrics["macro_f1"].value
    return f"Always answering `{majority.name}` has accuracy {accuracy:.3f} and macro-F1 {macro_f1:.3f}."


def describe_embeddings(embeddings: "AlternativeScores") -> str:
    """Say what the second baseline scores."""
    accuracy, macro_f1 = embeddings.metrics["accuracy"], embeddings.metrics["macro_f1"]
    return f"A {embeddings.name} has accuracy {format_with_span(accuracy)} and macro-F1 {macro_f1.value:.3f}."


def describe_probabilities(report: "Report") -> str | None:
    """Give the scores that reward true probabilities, beside the baseline's; None where a report has none."""
    parts = []
    for name in ("log_loss", "brier_score"):
        score = report.metrics.get(name)
        if score is None:
            continue
        other = report.baseline.metrics.get(name) if report.baseline else None
        beside = "" if other is None else f", the baseline's {other.value:.3f}"
        parts.append(f"{format_label(name)} {format_with_span(score)}{beside}")
    sentence = f"{'; '.join(parts)}."
    return f"{sentence[0].upper()}{sentence[1:]}" if parts else None


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
    if calibration.band is not None:
        sentence += f"; a calibrated model shows {format_band(calibration.band)} on so many rows"
        if calibration.error > calibration.band.high:
            sentence += f": it is {'over' if calibration.is_overconfident else 'under'}confident"
        else:
            sentence += ": nothing speaks against it"
    return " ".join([f"{sentence}.", *_describe_temperature(calibration)])


def describe_sets(sets: "SetScores | None") -> str | None:
    """Say how often sets of classes hold the right one, and how large they are; the caller must escape the labels."""
    if sets is None:
        return None
    worst = min(sets.by_class, key=lambda name: sets.by_class[name].value)
    asked = sets.rule.coverage
    return (
        f"Sets for {asked:.0%} coverage (txt predict --coverage {asked:g}) hold the right class of "
        f"{_format_percent(sets.coverage)} of these rows, with {sets.mean_size:.2f} classes on average; "
        f"{sets.single:.0%} have one. By class the least is {_format_percent(sets.by_class[worst])}, of `{worst}`."
    )


def _format_percent(share: "Interval") -> str:
    return f"{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def format_band(band: "Interval") -> str:
    """Return the errors that a calibrated model shows, in points: 2.1 to 5.0."""
    return f"{100 * band.low:.1f} to {100 * band.high:.1f}"


def _describe_temperature(calibration: "Calibration") -> Iterator[str]:
    estimate = calibration.estimate
    if estimate is None:
        return
    fitted = f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}], fitted on {calibration.fitted_on}"
    if calibration.temperature is None:
        yield f"No temperature is used: {fitted}, cannot be told from 1."
    elif calibration.scaled_error is None:
        yield f"The temperature {fitted}, is used from here on; only other rows can show what it does."
    else:
        yield f"With the temperature {fitted}, it is off by {100 * calibration.scaled_error:.1f} points"
        band = calibration.scaled_band
        yield "of accuracy." if band is None else f"(a calibrated model: {format_band(band)})."


def describe_confidence(report: Mapping[str, Any] | None) -> str:
    """Say what is known of a model's confidence from its report.json; nothing is called calibrated but what was shown.

    Args:
        report: the content of report.json, perhaps of an older version; None where there is none.
    """
    calibration = (report or {}).get("calibration") or {}
    scaled = calibration.get("scaled_expected_calibration_error")
    error = calibration.get("expected_calibration_error") if scaled is None else scaled
    band = calibration.get("calibrated_would_show" if scaled is None else "scaled_calibrated_would_show")
    temperature = calibration.get("temperature")
    if error is None and temperature is None:
        return "Confidence is the model's own, and was not compared with labels: `txt eval` does."
    used = "" if temperature is None else f" with the temperature {temperature:.2f}"
    if error is None or band is None or (temperature is not None and scaled is None):
        shown = "" if temperature is None else f" comes with the temperature {temperature:.2f}, and"
        return f"Confidence{shown} was not shown to be calibrated: `txt eval` on other rows tells."
    rows = f"{(report or {}).get('rows', 0):,} {(report or {}).get('split', 'test')} rows"
    if error <= band["high"]:
        return (
            f"Confidence{used} was off by {100 * error:.1f} points on {rows}, as a calibrated model's is "
            f"({100 * band['low']:.1f} to {100 * band['high']:.1f})."
        )
    return (
        f"Confidence{used} was off by {100 * error:.1f} points on {rows}, where a calibrated model's is by "
        f"{100 * band['low']:.1f} to {100 * band['high']:.1f}: trust it less than it says."
    )


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
