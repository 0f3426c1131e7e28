"""`txt demo`: prepares, trains and evaluates on the sample reviews."""

from typing import Annotated

import typer

from txt.cli.console import make_literal, out, say
from txt.cli.stage_bar import StageBar
from txt.cli.train import name_encoder, run_training
from txt.config import PrepareConfig, TrainConfig
from txt.recipes import LADDER

_CONFIG = TrainConfig().with_options(**{**LADDER, "rungs": 2})  # what takes seconds; the third rung fine-tunes


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("demo")(demo)


def demo(
    name: Annotated[str | None, typer.Option(help="Name of the run, a folder under `runs/` [a number].")] = None,
) -> None:
    """Prepare, train and evaluate on the sample reviews that come with txt: a minute, no network.

    Example: `txt demo`
    """
    from txt.cli.data_report import show_report as show_data_report
    from txt.cli.scorecard import show_report
    from txt.data.sample import find_sample_file
    from txt.evaluation.evaluate_run import evaluate_run
    from txt.evaluation.write_report import write
    from txt.training.start import start_on_file

    reviews = find_sample_file("reviews.csv")
    _say_step(f"txt prepare {reviews.name}")
    with StageBar() as bar:
        start = start_on_file(
            reviews, _CONFIG, PrepareConfig(), name, bar.advance, show_data_report, choose_tokenizer=name_encoder
        )
    run = start.run.name
    _say_step("txt train --rungs 2")
    run_training(start)
    _say_step(f"txt eval {run}")
    report = evaluate_run(start.run)
    write(report, start.run.path)
    show_report(report, out)
    out.print()
    out.print(make_literal("What to do next:", style="bold"))
    out.print(make_literal(f"  open {start.run.path}/report.html    the same, with plots"))
    out.print(make_literal(f'  txt predict {run} "a text"     a label and a confidence for a text of yours'))
    out.print(make_literal("  txt train data.csv           train on a file of your own"))
    out.print(make_literal("  txt label data.csv           label texts that have no label yet, one key each"))


def _say_step(command: str) -> None:
    say(f"\n$ {command}")
