"""A report as one self-contained HTML page: inline charts, nothing loaded from the network, light or dark theme.

The page itself is report.html, a template that escapes whatever is put into it.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from txt.charts.svg import (
    MAX_NUMBERED_CLASSES,
    POINTS,
    Scale,
    Whisker,
    draw_bar,
    draw_heat_map,
    draw_reliability_chart,
    draw_whisker_chart,
)
from txt.evaluation.differences import format_difference, sign
from txt.evaluation.report import Report
from txt.evaluation.slices import Slice
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
from txt.metrics import METRICS, ORDERED, SEVERAL, format_label, is_error
from txt.sanitize import clip, sanitize

MAX_PAIRS = 20
_AXIS = (200, 560)  # where the axis of a whisker chart begins and ends, in pixels
_VERDICTS = {1: ("better", "▲"), 0: ("even", "≈"), -1: ("worse", "▼")}


def render_page(report: Report) -> str:
    """Return the report as a self-contained HTML document."""
    return _load_template().render(
        report=report,
        style=Markup(files("txt.evaluation").joinpath("report.css").read_text(encoding="utf-8")),
        verdict=_choose_verdict(report),
        seen_rows=warn_of_seen_rows(report),
        left_out=describe_left_out(report),
        whole_file=describe_whole_file(report),
        scores=_collect_scores(report),
        classes=_list_classes(report),
        branches=describe_branches(report.nested) if report.nested else None,
        levels=_list_levels(report),
        together=_list_together(report),
        thresholds=describe_thresholds(report.sets) if report.sets else None,
        confusion=_collect_confusion(report),
        calibration=_collect_calibration(report),
        slices=_draw_slices(report.slices, report.metrics["accuracy"].value),
        mistakes=report.mistakes,
    )


@cache
def _load_template() -> Template:
    def show(value: Any) -> Any:
        """Return text from data without control codes; the template escapes it afterwards."""
        return sanitize(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        autoescape=True, finalize=show, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["clip"] = clip
    return environment.from_string(files("txt.evaluation").joinpath("report.html").read_text(encoding="utf-8"))


def _choose_verdict(report: Report) -> dict[str, str] | None:
    if report.verdict is None:
        return None
    kind, mark = _VERDICTS[sign(report.difference[report.main_metric])]
    return {"kind": kind, "mark": mark}


def _collect_scores(report: Report) -> dict[str, Any]:
    rows = []
    for name, score in report.metrics.items():
        cells = [format_label(name, report.sets is not None), format_with_span(score)]
        if report.baseline:
            other, above = report.baseline.metrics.get(name), report.difference.get(name)
            cells += [format_with_span(other) if other else "–", format_difference(name, above) if above else "–"]
        rows.append(cells)
    others = [describe_embeddings(report.embeddings)] if report.embeddings else []
    others += [describe_majority(report.majority)] if report.majority else []
    return {
        "header": ["score", "model", "baseline", "difference in points"] if report.baseline else ["score", "model"],
        "rows": rows,
        "chart": _draw_score_chart(report),
        "legend": {"model": "model", "baseline": "baseline"} if report.baseline else {"model": "model"},
        "differences": _draw_difference_chart(report) if report.baseline else None,
        "others": others,
    }


def _list_drawn_scores(report: Report) -> list[str]:
    """Return the scores that are drawn: those that have an end, on one axis."""
    if report.sets is not None:
        return [name for name in SEVERAL if not is_error(name)]
    table = METRICS if report.kind != "ordered" else ORDERED
    return [name for name, metric in table.items() if metric.high < float("inf")]


def _draw_score_chart(report: Report) -> Markup:
    whiskers = []
    for name in _list_drawn_scores(report):
        series = [("model", report.metrics[name])]
        series += [("baseline", report.baseline.metrics[name])] if report.baseline else []
        whiskers.append(Whisker(format_label(name, report.sets is not None), series))
    ends = [end for whisker in whiskers for _, score in whisker.series for end in (score.low, score.high)]
    return Markup(draw_whisker_chart(whiskers, Scale.around(ends, *_AXIS)))


def _draw_difference_chart(report: Report) -> Markup:
    several, names = report.sets is not None, _list_drawn_scores(report)
    whiskers = [Whisker(format_label(name, several), [("difference", report.difference[name])]) for name in names]
    ends = [
        end for difference in (report.difference[name] for name in names) for end in (difference.low, difference.high)
    ]
    return Markup(draw_whisker_chart(whiskers, Scale.around([*ends, 0], *_AXIS), mark=0, unit=POINTS))


def _list_classes(report: Report) -> list[list[str]]:
    ordered = sorted(report.per_class.items(), key=lambda entry: entry[1].f1)
    return [
        [
            clip(name, 60),
            f"{entry.precision:.3f}",
            f"{entry.recall:.3f}",
            f"{entry.f1:.3f}",
            Markup(draw_bar(entry.f1)),
            f"{entry.support:,}",
            *_list_set_cells(report, name),
        ]
        for name, entry in ordered
    ]


def _list_set_cells(report: Report, name: str) -> list[str]:
    """Return what a label's row has more where rows have several labels."""
    if report.sets is None:
        return []
    precision = report.sets.average_precision[name]
    return [
        "–" if precision is None else f"{precision:.3f}",
        f"{report.sets.thresholds[name]:.3f}",
        f"{report.sets.calibration_error[name]:.3f}",
    ]


def _list_levels(report: Report) -> list[list[str]]:
    """Return the scores of each level of nested classes."""
    return [
        [
            str(entry.level),
            f"{entry.classes:,}",
            format_with_span(entry.metrics["accuracy"]),
            format_with_span(entry.metrics["macro_f1"]),
            format_with_span(entry.baseline["accuracy"]) if entry.baseline else "–",
        ]
        for entry in (report.nested.levels if report.nested else ())
    ]


def _list_together(report: Report) -> list[list[str]]:
    """Return the pairs of labels that go together."""
    pairs = report.sets.together if report.sets else ()
    return [[clip(one, 60), clip(other, 60), f"{has:,}", f"{said:,}"] for one, other, has, said in pairs[:MAX_PAIRS]]


def _collect_confusion(report: Report) -> dict[str, Any]:
    pairs = report.confused_pairs()[:MAX_PAIRS] if len(report.labels) > 2 else []
    return {
        "chart": Markup(draw_heat_map(report.labels, report.confusion)),
        "has_hidden_numbers": len(report.labels) > MAX_NUMBERED_CLASSES,
        "pairs": [[clip(label, 60), clip(prediction, 60), f"{count:,}"] for label, prediction, count in pairs],
    }


def _collect_calibration(report: Report) -> dict[str, Any]:
    calibration = report.calibration
    return {
        "words": " ".join(
            filter(
                None,
                [
                    describe_probabilities(report),
                    describe_calibration(calibration, report.sets is not None),
                    describe_sets(report.covering),
                ],
            )
        ),
        "chart": Markup(draw_reliability_chart(calibration.bins, calibration.scaled_bins)),
        "legend": {"model": "as it is"} | ({"scaled": "with the temperature"} if calibration.scaled_bins else {}),
    }


def _draw_slices(slices: Sequence[Slice], whole: float) -> list[tuple[str, Markup]]:
    """Return a chart of the parts by each column."""
    ends = [end for entry in slices for end in (entry.accuracy.low, entry.accuracy.high)]
    charts = []
    for column in dict.fromkeys(entry.column for entry in slices):
        whiskers = [
            Whisker(
                format_metadata_value(entry.value),
                [("worse" if entry.worse else "model", entry.accuracy)],
                note=f"{entry.rows:,} rows" + (", clearly worse" if entry.worse else ""),
            )
            for entry in slices
            if entry.column == column
        ]
        charts.append((clip(column, 60), Markup(draw_whisker_chart(whiskers, Scale.around(ends, *_AXIS), mark=whole))))
    return charts
