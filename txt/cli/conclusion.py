"""How a training ended, on the terminal: scores beside the baseline, where the model is, what to try next."""

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from txt.cli.console import out, shown

if TYPE_CHECKING:
    from txt.evaluation.conclusion import Conclusion
    from txt.evaluation.diagnosis import Advice
    from txt.evaluation.intervals import Interval

_SHOWN = {"accuracy": "accuracy", "macro_f1": "macro-F1"}


def show_conclusion(conclusion: "Conclusion") -> None:
    """Print the table of scores, the verdict against the baseline, and the advice."""
    out.print()
    out.print(_scores(conclusion))
    report, finished, run = conclusion.report, conclusion.finished, conclusion.run
    if conclusion.verdict:
        out.print(Text(f"{conclusion.verdict[0].upper()}{conclusion.verdict[1:]}.", style="bold"))
    ended = ", stopped early" if finished.status == "early_stopped" else ""
    out.print(
        f"Best at epoch {finished.best_epoch:.3g}{ended}; {duration(finished.seconds)} of training, "
        f"{finished.rows_per_second:,.0f} rows/s."
    )
    out.print(
        Text("Model: ").append(shown(str(run.model))).append("   Report: ").append(shown(str(run.path / "report.html")))
    )
    for advice in conclusion.advice:
        out.print(_advice_line(advice))
    out.print(Text(f"Next: txt eval {run.name}", style="dim") if report.split else "")


def duration(seconds: float) -> str:
    """Return a time span as people say it: `48 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _scores(conclusion: "Conclusion") -> Table:
    report, best = conclusion.report, conclusion.best
    table = Table(title=f"{conclusion.run.name}: {report.rows:,} {report.split} rows", title_justify="left", box=None)
    for heading in ("", "val", f"{report.split} [95 %]", "baseline", "difference"):
        table.add_column(Text(heading), justify="left" if not heading else "right")
    for metric, name in _SHOWN.items():
        baseline = report.baseline.metrics[metric] if report.baseline else None
        table.add_row(
            name,
            f"{best.metrics[metric]:.3f}",
            Text(_interval(report.metrics[metric])),
            f"{baseline.value:.3f}" if baseline else "",
            Text(_interval(report.difference[metric], "+")) if metric in report.difference else "",
        )
    return table


def _interval(value: "Interval", sign: str = "") -> str:
    return f"{value.value:{sign}.3f} [{value.low:{sign}.3f}, {value.high:{sign}.3f}]"


def _advice_line(advice: "Advice") -> Text:
    line = Text("→ ", style="yellow").append(shown(advice.message, style="default"))
    if advice.flags:
        line.append(f" Try {' or '.join(advice.flags)}.", style="bold")
    return line
