"""Prints the result of a training: scores beside the baseline, where the model is, what to try next."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from txt.cli.console import make_literal, out
from txt.cli.ladder_table import build_ladder_table, describe_ladder
from txt.cli.scorecard import build_scores_table, format_verdict
from txt.durations import format_duration

if TYPE_CHECKING:
    from txt.evaluation.conclusion import Conclusion
    from txt.runs.diagnosis import Advice
    from txt.runs.events import Evaluation


def show_conclusion(conclusion: "Conclusion") -> None:
    """Print the scores, the verdict against the baseline, what the training was like, and the advice."""
    report, run = conclusion.report, conclusion.run
    out.print(Text(f"\n{report.rows:,} {report.split} rows, intervals at 95 %", style="bold"))
    out.print(build_scores_table(report, out.width))
    for line in format_verdict(report):
        out.print(line)
    out.print()
    if conclusion.rungs:
        out.print(build_ladder_table(conclusion.rungs))
        for sentence in describe_ladder(conclusion.rungs):
            out.print(make_literal(sentence))
        out.print(Text(f"{format_duration(conclusion.finished.seconds)} in all."))
    else:
        out.print(Text(_describe_training(conclusion)))
        if conclusion.frozen is not None:
            out.print(Text(_describe_frozen(conclusion.frozen, conclusion.best)))
    for what, path in (("model", run.model), ("report", run.path / "report.html")):
        out.print(Text(f"{what:<7} ").append(make_literal(_shorten_path(path))), soft_wrap=True)
    for advice in conclusion.advice:
        out.print(_format_advice(advice))
    name = shlex.quote(run.name)
    out.print(make_literal(f"  txt eval {name:<10} classes, calibration, mistakes"))
    out.print(make_literal(f"  txt predict {name:<7} asks for texts"))


def _shorten_path(path: Path) -> str:
    """Return a path relative to the current folder where it lies inside it."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _describe_training(conclusion: "Conclusion") -> str:
    """Say which epoch was best and how long the training took."""
    finished, best = conclusion.finished, conclusion.best
    ended = ", stopped early" if finished.status == "early_stopped" else ""
    return (
        f"Best at epoch {finished.best_epoch:.3g}{ended}: val {_describe_scores(best)}, loss {best.val_loss:.3f}. "
        f"{format_duration(finished.seconds)} of training, {finished.rows_per_second:,.0f} rows/s."
    )


def _describe_frozen(frozen: "Evaluation", best: "Evaluation") -> str:
    """Say what the encoder reaches as it came, and whether contrastive training was better."""
    kept = "kept, since training the encoder was no better" if best.step == frozen.step else "beaten by the training"
    scores = f"{_describe_scores(frozen)}, loss {frozen.val_loss:.3f}"
    return f"Logistic regression on frozen vectors, on val: {scores}; {kept}."


def _describe_scores(best: "Evaluation") -> str:
    """Return the first scores of the kind of labels that a training has."""
    from txt.metrics import format_label

    several = "micro_f1" in best.metrics
    names = ("micro_f1", "macro_f1", "accuracy") if several else ("accuracy", "macro_f1")
    names = ("qwk", "mae", *names[:1]) if "qwk" in best.metrics else names
    return ", ".join(f"{format_label(name, several)} {best.metrics[name]:.3f}" for name in names)


def _format_advice(advice: "Advice") -> Text:
    line = Text("→ ", style="yellow").append(
        make_literal(f"{advice.message[0].upper()}{advice.message[1:]}.", style="default")
    )
    if advice.flags:
        line.append(f" Try {' or '.join(advice.flags)}.", style="bold")
    return line
