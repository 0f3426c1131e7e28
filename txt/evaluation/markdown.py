"""A report as Markdown: plain tables, for an issue, a pull request or a README."""

import re
from collections.abc import Iterable, Iterator, Sequence

from txt.evaluation.report import Report
from txt.evaluation.wording import (
    calibration_line,
    embeddings_line,
    left_out_line,
    majority_line,
    points_with_span,
    seen_line,
    value_or_empty,
    with_span,
)
from txt.metrics import METRIC_NAMES
from txt.proportions import Bin
from txt.sanitize import clip

MAX_MATRIX_CLASSES = 12
MAX_PAIRS = 20
MAX_MISTAKES = 20

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&$])")


def markdown(report: Report) -> str:
    """Return the report as a Markdown document."""
    return "\n\n".join(_sections(report)) + "\n"


def plain(text: str, width: int = 300) -> str:
    """Return text from data that Markdown shows literally, on one line, cut to `width` characters."""
    return _SPECIAL.sub(r"\\\1", clip(text, width))


def _sections(report: Report) -> Iterator[str]:
    yield f"# Evaluation of {plain(report.run)} on {plain(report.where)}"
    yield f"{report.rows:,} rows, {len(report.labels)} classes. Intervals are at 95 %."
    if report.verdict:
        yield f"**{report.verdict}.**"
    if warning := seen_line(report):
        yield f"**{warning}**"
    if left_out := left_out_line(report):
        yield left_out
    yield from _scores(report)
    yield from ("## Classes", _classes(report))
    yield from _confusion(report)
    yield from _calibration(report)
    if report.slices:
        yield from ("## Slices", _slices(report))
    if report.mistakes:
        yield from _mistakes(report)


def _scores(report: Report) -> Iterator[str]:
    yield "## Scores"
    rows = []
    for name, score in report.metrics.items():
        other = report.baseline.metrics.get(name) if report.baseline else None
        above = report.difference.get(name)
        rows.append(
            [
                METRIC_NAMES[name],
                with_span(score),
                with_span(other) if other else "–",
                points_with_span(above) if above else "–",
            ]
        )
    if report.baseline is None:
        yield table(["score", "model"], [row[:2] for row in rows])
        return
    yield table(["score", "model", "baseline", "difference in points"], rows)
    yield f"The baseline is {plain(report.baseline.name)}, fitted on the same train split."
    if report.embeddings:
        yield embeddings_line(report.embeddings)
    if report.majority:
        yield plain(majority_line(report.majority))


def _classes(report: Report) -> str:
    rows = [
        [plain(name), f"{entry.precision:.3f}", f"{entry.recall:.3f}", f"{entry.f1:.3f}", f"{entry.support:,}"]
        for name, entry in report.per_class.items()
    ]
    return table(["class", "precision", "recall", "F1", "rows"], rows)


def _confusion(report: Report) -> Iterator[str]:
    if len(report.labels) <= MAX_MATRIX_CLASSES:
        yield "## Confusion"
        yield "Labels down, predictions across."
        rows = [
            [plain(label), *map(str, counts)] for label, counts in zip(report.labels, report.confusion, strict=True)
        ]
        yield table(["", *map(plain, report.labels)], rows)
        return
    pairs = report.confused_pairs()[:MAX_PAIRS]
    if pairs:
        yield "## Most confused classes"
        rows = [[plain(label), plain(prediction), str(count)] for label, prediction, count in pairs]
        yield table(["label", "predicted as", "rows"], rows)


def _calibration(report: Report) -> Iterator[str]:
    yield "## Calibration"
    yield calibration_line(report.calibration)
    yield table(["confidence", "rows", "mean confidence", "accuracy"], map(_bin, report.calibration.bins))


def _bin(entry: Bin) -> list[str]:
    return [
        f"{entry.low:.2f}–{entry.high:.2f}",
        f"{entry.rows:,}",
        f"{entry.confidence:.3f}",
        f"{entry.accuracy:.3f}",
    ]


def _slices(report: Report) -> str:
    rows = [
        [
            plain(entry.column),
            plain(value_or_empty(entry.value)),
            f"{entry.rows:,}",
            with_span(entry.accuracy),
            f"{entry.macro_f1:.3f}",
            "clearly worse" if entry.worse else "",
        ]
        for entry in report.slices
    ]
    return table(["column", "value", "rows", "accuracy", "macro-F1", ""], rows)


def _mistakes(report: Report) -> Iterator[str]:
    yield "## Most confident mistakes"
    shown = report.mistakes[:MAX_MISTAKES]
    yield f"{len(shown)} of {report.mistaken_rows:,}. Where the baseline agrees with the model, the label may be wrong."
    rows = [
        [
            plain(str(entry.row_id)),
            plain(entry.label),
            plain(entry.prediction),
            f"{entry.confidence:.3f}",
            plain(entry.baseline) if entry.baseline else "–",
            plain(entry.text),
        ]
        for entry in shown
    ]
    yield table(["row", "label", "prediction", "confidence", "baseline", "text"], rows)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
