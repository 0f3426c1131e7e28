"""A report as Markdown: plain tables, for an issue, a pull request or a README."""

import re
from collections.abc import Iterable, Iterator, Sequence

from txt.evaluation.differences import format_difference
from txt.evaluation.report import Report
from txt.evaluation.wording import (
    describe_branches,
    describe_calibration,
    describe_embeddings,
    describe_left_out,
    describe_majority,
    describe_probabilities,
    describe_sets,
    describe_thresholds,
    describe_whole_file,
    format_metadata_value,
    format_with_span,
    warn_of_seen_rows,
)
from txt.metrics import format_label
from txt.proportions import Bin
from txt.sanitize import clip

MAX_MATRIX_CLASSES = 12
MAX_PAIRS = 20
MAX_MISTAKES = 20

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])")


def markdown(report: Report) -> str:
    """Return the report as a Markdown document."""
    return "\n\n".join(_render_sections(report)) + "\n"


def escape_markdown(text: str, width: int = 300) -> str:
    """Return text from data that Markdown shows literally, on one line, cut to `width` characters."""
    return _SPECIAL.sub(r"\\\1", clip(text, width))


def _render_sections(report: Report) -> Iterator[str]:
    yield f"# Evaluation of {escape_markdown(report.run)} on {escape_markdown(report.where)}"
    yield f"{report.rows:,} rows, {len(report.labels)} {report.noun}. Intervals are at 95 %."
    if report.verdict:
        yield f"**{report.verdict}.**"
    if warning := warn_of_seen_rows(report):
        yield f"**{warning}**"
    if left_out := describe_left_out(report):
        yield left_out
    yield from _render_scores(report)
    if whole_file := describe_whole_file(report):
        yield whole_file
    if report.nested:
        yield from ("## Levels", _render_levels(report), describe_branches(report.nested))
    yield from (f"## {report.noun.capitalize()}", _render_classes(report))
    yield from _render_confusion(report)
    yield from _render_calibration(report)
    if report.slices:
        yield from ("## Slices", _render_slices(report))
    if report.mistakes:
        yield from _render_mistakes(report)


def _render_scores(report: Report) -> Iterator[str]:
    yield "## Scores"
    rows = []
    for name, score in report.metrics.items():
        other = report.baseline.metrics.get(name) if report.baseline else None
        above = report.difference.get(name)
        rows.append(
            [
                format_label(name, report.sets is not None),
                format_with_span(score),
                format_with_span(other) if other else "–",
                format_difference(name, above) if above else "–",
            ]
        )
    if report.baseline is None:
        yield render_table(["score", "model"], [row[:2] for row in rows])
        return
    yield render_table(["score", "model", "baseline", "difference in points"], rows)
    yield f"The baseline is {escape_markdown(report.baseline.name)}, fitted on the same train split."
    if report.embeddings:
        yield describe_embeddings(report.embeddings)
    if report.majority:
        yield escape_markdown(describe_majority(report.majority))


def _render_levels(report: Report) -> str:
    assert report.nested is not None
    rows = [
        [
            str(entry.level),
            str(entry.classes),
            format_with_span(entry.metrics["accuracy"]),
            format_with_span(entry.metrics["macro_f1"]),
            format_with_span(entry.baseline["accuracy"]) if entry.baseline else "–",
        ]
        for entry in report.nested.levels
    ]
    return render_table(["level", "classes", "accuracy", "macro-F1", "baseline's accuracy"], rows)


def _render_classes(report: Report) -> str:
    rows = [
        [
            escape_markdown(name),
            f"{entry.precision:.3f}",
            f"{entry.recall:.3f}",
            f"{entry.f1:.3f}",
            f"{entry.support:,}",
        ]
        for name, entry in report.per_class.items()
    ]
    if report.sets is None:
        return render_table(["class", "precision", "recall", "F1", "rows"], rows)
    for name, row in zip(report.per_class, rows, strict=True):
        precision = report.sets.average_precision[name]
        row += [
            "–" if precision is None else f"{precision:.3f}",
            f"{report.sets.thresholds[name]:.3f}",
            f"{report.sets.calibration_error[name]:.3f}",
        ]
    header = ["label", "precision", "recall", "F1", "rows", "average precision", "threshold", "calibration error"]
    return f"{render_table(header, rows)}\n\n{describe_thresholds(report.sets)}"


def _render_pairs(report: Report) -> Iterator[str]:
    """Yield labels that are given in place of others, and labels that go together."""
    assert report.sets is not None
    pairs = report.confused_pairs()[:MAX_PAIRS]
    if pairs:
        yield "## Labels given in place of others"
        rows = [[escape_markdown(missing), escape_markdown(extra), str(count)] for missing, extra, count in pairs]
        yield render_table(["missing", "given", "rows"], rows)
    if report.sets.together:
        yield "## Labels that go together"
        rows = [
            [escape_markdown(one), escape_markdown(other), str(has), str(said)]
            for one, other, has, said in report.sets.together[:MAX_PAIRS]
        ]
        yield render_table(["label", "label", "rows with both", "answered with both"], rows)


def _render_confusion(report: Report) -> Iterator[str]:
    if report.sets is not None:
        yield from _render_pairs(report)
        return
    if len(report.labels) <= MAX_MATRIX_CLASSES:
        yield "## Confusion"
        yield "Labels down, predictions across."
        rows = [
            [escape_markdown(label), *map(str, counts)]
            for label, counts in zip(report.labels, report.confusion, strict=True)
        ]
        yield render_table(["", *map(escape_markdown, report.labels)], rows)
        return
    pairs = report.confused_pairs()[:MAX_PAIRS]
    if pairs:
        yield "## Most confused classes"
        rows = [[escape_markdown(label), escape_markdown(prediction), str(count)] for label, prediction, count in pairs]
        yield render_table(["label", "predicted as", "rows"], rows)


def _render_calibration(report: Report) -> Iterator[str]:
    yield "## Probabilities"
    if scores := describe_probabilities(report):
        yield scores
    yield describe_calibration(report.calibration, report.sets is not None)
    if sets := describe_sets(report.covering):
        yield escape_markdown(sets, 1000)
    yield render_table(["confidence", "rows", "mean confidence", "accuracy"], map(_bin_cells, report.calibration.bins))


def _bin_cells(entry: Bin) -> list[str]:
    return [
        f"{entry.low:.2f}–{entry.high:.2f}",
        f"{entry.rows:,}",
        f"{entry.confidence:.3f}",
        f"{entry.accuracy:.3f}",
    ]


def _render_slices(report: Report) -> str:
    rows = [
        [
            escape_markdown(entry.column),
            escape_markdown(format_metadata_value(entry.value)),
            f"{entry.rows:,}",
            format_with_span(entry.accuracy),
            f"{entry.macro_f1:.3f}",
            "clearly worse" if entry.worse else "",
        ]
        for entry in report.slices
    ]
    return render_table(["column", "value", "rows", "accuracy", "macro-F1", ""], rows)


def _render_mistakes(report: Report) -> Iterator[str]:
    yield "## Most confident mistakes"
    shown = report.mistakes[:MAX_MISTAKES]
    yield f"{len(shown)} of {report.mistaken_rows:,}. Where the baseline agrees with the model, the label may be wrong."
    rows = [
        [
            escape_markdown(str(entry.row_id)),
            escape_markdown(entry.label),
            escape_markdown(entry.prediction),
            f"{entry.confidence:.3f}",
            escape_markdown(entry.baseline) if entry.baseline else "–",
            escape_markdown(entry.text),
        ]
        for entry in shown
    ]
    yield render_table(["row", "label", "prediction", "confidence", "baseline", "text"], rows)


def render_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
