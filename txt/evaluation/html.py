"""A report as one HTML page: charts drawn inline, nothing loaded from elsewhere, light or dark as the system is."""

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files

from txt.charts.svg import (
    MAX_NUMBERED_CLASSES,
    POINTS,
    Scale,
    Whisker,
    bar,
    escaped,
    heat_map,
    reliability_chart,
    whisker_chart,
)
from txt.evaluation.report import Mistake, Report
from txt.evaluation.slices import Slice
from txt.evaluation.wording import (
    calibration_line,
    embeddings_line,
    left_out_line,
    majority_line,
    points_with_span,
    seen_line,
    sign,
    value_or_empty,
    with_span,
)
from txt.metrics import METRIC_NAMES
from txt.sanitize import clip

MAX_PAIRS = 20
_SHARES = ("accuracy", "balanced_accuracy", "macro_f1", "mcc")
_AXIS = (200, 560)  # where the axis of a whisker chart begins and ends, in pixels
_VERDICTS = {1: ("better", "▲"), 0: ("even", "≈"), -1: ("worse", "▼")}


def page(report: Report) -> str:
    """Return the report as a self-contained HTML document."""
    title = f"Evaluation of {escaped(report.run)} on {escaped(report.where)}"
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
            *_sections(report),
            "</body></html>\n",
        ]
    )


def _sections(report: Report) -> Iterator[str]:
    yield _verdict(report)
    if warning := seen_line(report):
        yield f'<p class="verdict worse">{warning}</p>'
    if left_out := left_out_line(report):
        yield f"<p>{left_out}</p>"
    yield _scores(report)
    yield _section("Classes", _classes(report))
    yield _confusion(report)
    yield _calibration(report)
    if report.slices:
        yield _slices(report.slices, report.metrics["accuracy"].value)
    if report.mistakes:
        yield _mistakes(report)


def _verdict(report: Report) -> str:
    if report.verdict is None:
        return ""
    kind, mark = _VERDICTS[sign(report.difference["accuracy"])]
    return f'<p class="verdict {kind}"><span aria-hidden="true">{mark}</span> {escaped(report.verdict)}.</p>'


def _scores(report: Report) -> str:
    rows = []
    for name, score in report.metrics.items():
        cells = [METRIC_NAMES[name], with_span(score)]
        if report.baseline:
            other, above = report.baseline.metrics.get(name), report.difference.get(name)
            cells += [with_span(other) if other else "–", points_with_span(above) if above else "–"]
        rows.append(cells)
    header = ["score", "model", "baseline", "difference in points"] if report.baseline else ["score", "model"]
    parts = [_table(header, rows, numbers_from=1), _score_chart(report)]
    if report.baseline:
        parts += [_difference_chart(report)]
        parts += [f"<p>The baseline is {escaped(report.baseline.name)}, fitted on the same train split.</p>"]
    if report.embeddings:
        parts += [f"<p>{escaped(embeddings_line(report.embeddings))}</p>"]
    if report.majority:
        parts += [f"<p>{escaped(majority_line(report.majority))}</p>"]
    return _section("Scores", "".join(parts))


def _score_chart(report: Report) -> str:
    whiskers = []
    for name in _SHARES:
        series = [("model", report.metrics[name])]
        series += [("baseline", report.baseline.metrics[name])] if report.baseline else []
        whiskers.append(Whisker(METRIC_NAMES[name], series))
    ends = [end for whisker in whiskers for _, score in whisker.series for end in (score.low, score.high)]
    legend = _legend({"model": "model", "baseline": "baseline"} if report.baseline else {"model": "model"})
    return _figure(whisker_chart(whiskers, Scale.around(ends, *_AXIS)), legend)


def _difference_chart(report: Report) -> str:
    whiskers = [Whisker(METRIC_NAMES[name], [("difference", report.difference[name])]) for name in _SHARES]
    ends = [end for difference in report.difference.values() for end in (difference.low, difference.high)]
    chart = whisker_chart(whiskers, Scale.around([*ends, 0], *_AXIS), mark=0, unit=POINTS)
    return _figure(chart, "Points above the baseline on the same rows; left of the line the baseline is better.")


def _classes(report: Report) -> str:
    ordered = sorted(report.per_class.items(), key=lambda entry: entry[1].f1)
    rows = [
        [
            escaped(clip(name, 60)),
            f"{entry.precision:.3f}",
            f"{entry.recall:.3f}",
            f"{entry.f1:.3f}",
            bar(entry.f1),
            f"{entry.support:,}",
        ]
        for name, entry in ordered
    ]
    table = _table(["class, the weakest first", "precision", "recall", "F1", "", "rows"], rows, numbers_from=1)
    return f'<div class="tall">{table}</div>'


def _confusion(report: Report) -> str:
    caption = "Labels down, predictions across; shaded by the share of each label's rows."
    if len(report.labels) > MAX_NUMBERED_CLASSES:
        caption += " Point at a cell for its numbers."
    parts = [_figure(heat_map(report.labels, report.confusion), caption)]
    pairs = report.confused_pairs()[:MAX_PAIRS]
    if pairs and len(report.labels) > 2:
        rows = [[escaped(clip(a, 60)), escaped(clip(b, 60)), f"{count:,}"] for a, b, count in pairs]
        table = _table(["label", "predicted as", "rows"], rows, numbers_from=2)
        parts.append(f"<details open><summary>The most confused classes</summary>{table}</details>")
    return _section("Confusion", "".join(parts))


def _calibration(report: Report) -> str:
    calibration = report.calibration
    legend = {"model": "as it is"} | ({"scaled": "with the temperature"} if calibration.scaled_bins else {})
    chart = reliability_chart(calibration.bins, calibration.scaled_bins)
    caption = f"Accuracy against confidence; on the dashed line they agree. {_legend(legend)}"
    return _section("Calibration", f"<p>{escaped(calibration_line(calibration))}</p>{_figure(chart, caption)}")


def _slices(slices: Sequence[Slice], whole: float) -> str:
    columns = dict.fromkeys(entry.column for entry in slices)
    ends = [end for entry in slices for end in (entry.accuracy.low, entry.accuracy.high)]
    parts = []
    for column in columns:
        whiskers = [
            Whisker(
                value_or_empty(entry.value),
                [("worse" if entry.worse else "model", entry.accuracy)],
                note=f"{entry.rows:,} rows" + (", clearly worse" if entry.worse else ""),
            )
            for entry in slices
            if entry.column == column
        ]
        chart = whisker_chart(whiskers, Scale.around(ends, *_AXIS), mark=whole)
        parts.append(f"<h3>{escaped(clip(column, 60))}</h3>{_figure(chart, '')}")
    return _section("Slices", f"<p>Accuracy of parts of the split; the line is that of all rows.</p>{''.join(parts)}")


def _mistakes(report: Report) -> str:
    note = f"{len(report.mistakes)} of {report.mistaken_rows:,}."
    if report.baseline:
        note += " Where the baseline agrees with the model, look whether the label is right."
    header = ["row", "label", "prediction", "confidence", *(["baseline"] if report.baseline else []), "text"]
    table = _table(header, [_mistake(entry) for entry in report.mistakes])
    return _section("The most confident mistakes", f'<p>{note}</p><div class="tall wide">{table}</div>')


def _mistake(entry: Mistake) -> list[str]:
    agrees = " class=agrees" if entry.baseline == entry.prediction else ""
    baseline = [] if entry.baseline is None else [f"<span{agrees}>{escaped(clip(entry.baseline, 40))}</span>"]
    return [
        escaped(str(entry.row_id)),
        escaped(clip(entry.label, 40)),
        escaped(clip(entry.prediction, 40)),
        f"{entry.confidence:.3f}",
        *baseline,
        escaped(clip(entry.text, 600)),
    ]


def _section(title: str, content: str) -> str:
    return f"<section><h2>{title}</h2>{content}</section>"


def _figure(chart: str, caption: str) -> str:
    return f'<figure><div class="chart">{chart}</div><figcaption>{caption}</figcaption></figure>'


def _legend(series: dict[str, str]) -> str:
    return " ".join(f'<span class="key {kind}"></span> {name}' for kind, name in series.items())


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers_from: int | None = None) -> str:
    """Return a table of cells that are HTML already; columns from `numbers_from` on are set as numbers."""
    last = len(header) if numbers_from is None else numbers_from

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if c >= last else ''}>{cell}</{tag}>" for c, cell in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', header)}</tr></thead><tbody>{body}</tbody></table>"
