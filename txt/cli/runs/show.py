"""`txt runs show`: prints everything that is known about one run."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from txt.cli.console import make_literal, out, print_json
from txt.cli.runs.arguments import JsonOption, RunArgument
from txt.durations import format_duration
from txt.errors import InputError
from txt.wording.run_table import format_size

if TYPE_CHECKING:
    from rich.table import Table

    from txt.runs.curves import Curves
    from txt.runs.summary import RunSummary

_CHART_HEIGHT = 12
_MAX_EPOCHS = 30


def show(run: RunArgument, *, as_json: JsonOption = False) -> None:
    """All that is known of a run: options, epochs, curves, scores.

    Example: `txt runs show 003`
    """
    from txt.runs.folder import Run
    from txt.runs.summary import find, load_report, summarize_runs

    summary = find(run)
    if summary.options is None:
        raise InputError(f"`{summary.path}` is not a complete run: {summary.problem}", "`txt runs` lists all there are")
    from txt.runs.curves import read_curves  # numpy, after what can be refused without it

    curves, report = read_curves(Run(summary.path)), load_report(summary.path)
    if as_json:
        print_json(_encode_run(summary, curves, report))
        return
    out.print(_build_facts_table(summary, summarize_runs(summary.path.parent), curves, report))
    for part in _format_training(summary, curves):
        out.print(part)


def _encode_run(summary: "RunSummary", curves: "Curves", report: dict[str, Any] | None) -> dict[str, Any]:
    return {
        **summary.to_json(),
        "config": summary.options,
        "bad_lines": curves.bad_lines,
        "started": curves.started.to_json() if curves.started else None,
        "epochs": [entry.to_json() for entry in curves.epochs],
        "report": {key: report.get(key) for key in ("split", "rows", "metrics", "verdict")} if report else None,
    }


def _build_facts_table(
    summary: "RunSummary", every: "Sequence[RunSummary]", curves: "Curves", report: dict[str, Any] | None
) -> "Table":
    """Lay out what is known in a line each; lines without content are left out."""
    from rich.table import Table

    from txt.runs.events import describe_bad_lines

    facts = {
        "run": f"{summary.name}: {summary.state.words}",
        "made": f"{summary.created:%Y-%m-%d %H:%M}",
        "data": _describe_data(summary, curves),
        "differs": _describe_options(summary),
        "tags": " ".join(f"#{tag}" for tag in summary.notes.tags),
        "note": summary.notes.note,
        "problem": describe_bad_lines(curves.bad_lines) if curves.bad_lines else summary.problem or "",
        "model": _describe_model(curves),
        "best on val": _describe_best(summary, every, curves),
        f"on {report['split']}" if report else "on test": _format_scores(report, summary.metric) if report else "",
        "took": format_duration(summary.seconds) if summary.seconds else "",
        "folder": f"{summary.path}, {format_size(summary.size)}",
    }
    table = Table.grid(padding=(0, 2))
    for name, words in facts.items():
        if words:
            table.add_row(Text(name, style="dim"), make_literal(words))
    return table


def _format_training(summary: "RunSummary", curves: "Curves") -> Iterator[RenderableType]:
    """Yield the epochs, the loss as a chart, and how to go on."""
    from txt.charts.plot import Series, draw_line_chart

    if curves.epochs:
        yield _build_epoch_table(curves)
        whole = [entry for entry in curves.epochs if entry.train_loss is not None]
        chart = draw_line_chart(
            [
                Series([e.epoch for e in whole], [e.train_loss or 0.0 for e in whole], "train", "blue"),
                Series([e.epoch for e in curves.epochs], [e.val_loss for e in curves.epochs], "val", "red"),
            ],
            min(out.width, 100),
            _CHART_HEIGHT,
            x_label="epoch",
        )
        if len(curves.epochs) > 1 and chart.plain:
            yield Text("\nLoss", style="bold")
            yield chart
    if summary.state.kind in ("died", "interrupted"):
        yield Text("\nto go on with it: txt train --resume ").append(make_literal(summary.name))


def _build_epoch_table(curves: "Curves") -> "Table":
    """Lay out the scores of the epochs; of many, the last ones and the best."""
    from rich.table import Table

    last = curves.epochs[-_MAX_EPOCHS:]
    best = curves.best
    rows = [best, *last] if best is not None and best not in last else list(last)
    table = Table(box=None, pad_edge=False, header_style="dim")
    scored = _list_shown_scores(last[-1].metric)
    headings = ("epoch", "train loss", "val loss", "train acc.", *(f"val {_name_column(name)}" for name in scored), "")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == len(headings) - 1 else "right", no_wrap=True)
    for entry in rows:
        on_val = [entry.metrics.get(name) for name in scored]
        scores = (entry.train_loss, entry.val_loss, entry.train_accuracy, *on_val)
        cells = ("–" if value is None else f"{value:.3f}" for value in scores)
        table.add_row(f"{entry.epoch:.4g}", *cells, "best" if entry is best else "")
    return table


def _list_shown_scores(metric: str | None) -> list[str]:
    """Return the scores to show of a run: accuracy, macro-F1, and the one that chooses its best model."""
    from txt.metrics import METRICS

    return list(dict.fromkeys(["accuracy", "macro_f1", *([metric] if metric in METRICS else [])]))


def _name_column(metric: str) -> str:
    from txt.metrics import format_short_label

    return "acc." if metric == "accuracy" else format_short_label(metric)


def _describe_data(summary: "RunSummary", curves: "Curves") -> str:
    rows = f", {curves.started.train_rows:,} train rows" if curves.started else ""
    return f"{summary.data or 'gone: the prepared folder is not there any more'}{rows}"


def _describe_options(summary: "RunSummary") -> str:
    return ", ".join(summary.option_words) or "nothing"


def _describe_model(curves: "Curves") -> str:
    started = curves.started
    if started is None:
        return ""
    threads = f"{started.threads} thread{'s' * (started.threads != 1)}"
    where = f"on {started.device} of {started.host} in {started.precision}, {threads}"
    return f"{started.parameters / 1e6:.1f} million weights, {where}"


def _describe_best(summary: "RunSummary", every: "Sequence[RunSummary]", curves: "Curves") -> str:
    from txt.metrics import format_label
    from txt.runs.pruning import describe_importance

    if curves.best is None:
        return ""
    best = curves.best
    told = f"{format_label(best.metric)} {best.score:.3f} at epoch {best.epoch:.3g}"
    return "; ".join([told, *describe_importance(summary, every)])


def _format_scores(report: dict[str, Any], metric: str | None) -> str:
    from txt.metrics import format_label

    told = [
        f"{format_label(name)} {score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"
        for name, score in report["metrics"].items()
        if name in _list_shown_scores(metric)
    ]
    verdict = f". {report['verdict']}" if report.get("verdict") else ""
    return f"{', '.join(told)}, {report['rows']:,} rows{verdict}"
