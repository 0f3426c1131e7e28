"""A report as one self-contained HTML page: inline charts, nothing loaded from the network, light or dark theme."""

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files

from txt.charts.svg import (
    MAX_NUMBERED_CLASSES,
    POINTS,
    Scale,
    Whisker,
    draw_bar,
    draw_heat_map,
    draw_reliability_chart,
    draw_whisker_chart,
    escape_text,
)
from txt.evaluation.report import MisclassifiedRow, Report
from txt.evaluation.slices import Slice
from txt.evaluation.wording import (
    describe_calibration,
    describe_embeddings,
    describe_left_out,
    describe_majority,
    format_metadata_value,
    format_points_with_span,
    format_with_span,
    sign,
    warn_of_seen_rows,
)
from txt.metrics import METRICS, format_label
from txt.sanitize import clip

MAX_PAIRS = 20
_AXIS = (200, 560)  # where the axis of a whisker chart begins and ends, in pixels
_VERDICTS = {1: ("better", "▲"), 0: ("even", "≈"), -1: ("worse", "▼")}


def render_page(report: Report) -> str:
    """Return the report as a self-contained HTML document."""
    title = f"Evaluation of {escape_text(report.run)} on {escape_text(report.where)}"
    style = files("txt.evaluation").joinpath("report.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{title}</title><style>{style}</style></head><body>",
            f"<header><h1>{title}</h1><p>{report.rows:,} rows, {len(report.labels)} classes. "
            "Intervals are at 95 %.</p></header>",
            *_render_sections(report),
            "</body></html>\n",
        ]
    )


def _render_sections(report: Report) -> Iterator[str]:
    yield _render_verdict(report)
    if warning := warn_of_seen_rows(report):
        yield f'<p class="verdict worse">{warning}</p>'
    if left_out := describe_left_out(report):
        yield f"<p>{left_out}</p>"
    yield _render_scores(report)
    yield _wrap_section("Classes", _render_classes(report))
    yield _render_confusion(report)
    yield _render_calibration(report)
    if report.slices:
        yield _render_slices(report.slices, report.metrics["accuracy"].value)
    if report.mistakes:
        yield _render_mistakes(report)


def _render_verdict(report: Report) -> str:
    if report.verdict is None:
        return ""
    kind, mark = _VERDICTS[sign(report.difference["accuracy"])]
    return f'<p class="verdict {kind}"><span aria-hidden="true">{mark}</span> {escape_text(report.verdict)}.</p>'


def _render_scores(report: Report) -> str:
    rows = []
    for name, score in report.metrics.items():
        cells = [format_label(name), format_with_span(score)]
        if report.baseline:
            other, above = report.baseline.metrics.get(name), report.difference.get(name)
            cells += [format_with_span(other) if other else "–", format_points_with_span(above) if above else "–"]
        rows.append(cells)
    header = ["score", "model", "baseline", "difference in points"] if report.baseline else ["score", "model"]
    parts = [_render_table(header, rows, numbers_from=1), _draw_score_chart(report)]
    if report.baseline:
        parts += [_draw_difference_chart(report)]
        parts += [f"<p>The baseline is {escape_text(report.baseline.name)}, fitted on the same train split.</p>"]
    if report.embeddings:
        parts += [f"<p>{escape_text(describe_embeddings(report.embeddings))}</p>"]
    if report.majority:
        parts += [f"<p>{escape_text(describe_majority(report.majority))}</p>"]
    return _wrap_section("Scores", "".join(parts))


def _draw_score_chart(report: Report) -> str:
    whiskers = []
    for name in METRICS:
        series = [("model", report.metrics[name])]
        series += [("baseline", report.baseline.metrics[name])] if report.baseline else []
        whiskers.append(Whisker(format_label(name), series))
    ends = [end for whisker in whiskers for _, score in whisker.series for end in (score.low, score.high)]
    legend = _render_legend({"model": "model", "baseline": "baseline"} if report.baseline else {"model": "model"})
    return _wrap_figure(draw_whisker_chart(whiskers, Scale.around(ends, *_AXIS)), legend)


def _draw_difference_chart(report: Report) -> str:
    whiskers = [Whisker(format_label(name), [("difference", report.difference[name])]) for name in METRICS]
    ends = [end for difference in report.difference.values() for end in (difference.low, difference.high)]
    chart = draw_whisker_chart(whiskers, Scale.around([*ends, 0], *_AXIS), mark=0, unit=POINTS)
    return _wrap_figure(chart, "Points above the baseline on the same rows; left of the line the baseline is better.")


def _render_classes(report: Report) -> str:
    ordered = sorted(report.per_class.items(), key=lambda entry: entry[1].f1)
    rows = [
        [
            escape_text(clip(name, 60)),
            f"{entry.precision:.3f}",
            f"{entry.recall:.3f}",
            f"{entry.f1:.3f}",
            draw_bar(entry.f1),
            f"{entry.support:,}",
        ]
        for name, entry in ordered
    ]
    table = _render_table(["class, the weakest first", "precision", "recall", "F1", "", "rows"], rows, numbers_from=1)
    return f'<div class="tall">{table}</div>'


def _render_confusion(report: Report) -> str:
    caption = "Labels down, predictions across; shaded by the share of each label's rows."
    if len(report.labels) > MAX_NUMBERED_CLASSES:
        caption += " Point at a cell for its numbers."
    parts = [_wrap_figure(draw_heat_map(report.labels, report.confusion), caption)]
    pairs = report.confused_pairs()[:MAX_PAIRS]
    if pairs and len(report.labels) > 2:
        rows = [[escape_text(clip(a, 60)), escape_text(clip(b, 60)), f"{count:,}"] for a, b, count in pairs]
        table = _render_table(["label", "predicted as", "rows"], rows, numbers_from=2)
        parts.append(f"<details open><summary>The most confused classes</summary>{table}</details>")
    return _wrap_section("Confusion", "".join(parts))


def _render_calibration(report: Report) -> str:
    calibration = report.calibration
    legend = {"model": "as it is"} | ({"scaled": "with the temperature"} if calibration.scaled_bins else {})
    chart = draw_reliability_chart(calibration.bins, calibration.scaled_bins)
    caption = f"Accuracy against confidence; on the dashed line they agree. {_render_legend(legend)}"
    return _wrap_section(
        "Calibration", f"<p>{escape_text(describe_calibration(calibration))}</p>{_wrap_figure(chart, caption)}"
    )


def _render_slices(slices: Sequence[Slice], whole: float) -> str:
    columns = dict.fromkeys(entry.column for entry in slices)
    ends = [end for entry in slices for end in (entry.accuracy.low, entry.accuracy.high)]
    parts = []
    for column in columns:
        whiskers = [
            Whisker(
                format_metadata_value(entry.value),
                [("worse" if entry.worse else "model", entry.accuracy)],
                note=f"{entry.rows:,} rows" + (", clearly worse" if entry.worse else ""),
            )
            for entry in slices
            if entry.column == column
        ]
        chart = draw_whisker_chart(whiskers, Scale.around(ends, *_AXIS), mark=whole)
        parts.append(f"<h3>{escape_text(clip(column, 60))}</h3>{_wrap_figure(chart, '')}")
    return _wrap_section(
        "Slices", f"<p>Accuracy of parts of the split; the line is that of all rows.</p>{''.join(parts)}"
    )


def _render_mistakes(report: Report) -> str:
    note = f"{len(report.mistakes)} of {report.mistaken_rows:,}."
    if report.baseline:
        note += " Where the baseline agrees with the model, look whether the label is right."
    header = ["row", "label", "prediction", "confidence", *(["baseline"] if report.baseline else []), "text"]
    table = _render_table(header, [_mistake_cells(entry) for entry in report.mistakes])
    return _wrap_section("The most confident mistakes", f'<p>{note}</p><div class="tall wide">{table}</div>')


def _mistake_cells(entry: MisclassifiedRow) -> list[str]:
    agrees = " class=agrees" if entry.baseline == entry.prediction else ""
    baseline = [] if entry.baseline is None else [f"<span{agrees}>{escape_text(clip(entry.baseline, 40))}</span>"]
    return [
        escape_text(str(entry.row_id)),
        escape_text(clip(entry.label, 40)),
        escape_text(clip(entry.prediction, 40)),
        f"{entry.confidence:.3f}",
        *baseline,
        escape_text(clip(entry.text, 600)),
    ]


def _wrap_section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>"


def _wrap_figure(chart: str, caption: str) -> str:
    return f'<figure><div class="chart">{chart}</div><figcaption>{caption}</figcaption></figure>'


def _render_legend(series: dict[str, str]) -> str:
    return " ".join(f'<span class="key {kind}"></span> {name}' for kind, name in series.items())


def _render_table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers_from: int | None = None) -> str:
    """Return a table of cells that are HTML already; columns from `numbers_from` on are set as numbers."""
    last = len(header) if numbers_from is None else numbers_from

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if c >= last else ''}>{cell}</{tag}>" for c, cell in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', header)}</tr></thead><tbody>{body}</tbody></table>"
