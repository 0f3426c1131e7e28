"""`txt distill`: a fast linear model that learns what a run's model answers."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from txt.cli.console import print_json, say, say_if_terminal
from txt.cli.interrupt import stop_on_signals
from txt.errors import InputError, Interrupted
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from txt.prediction.model_source import ModelSource

_MOST_UNLABELED = 100_000  # texts of a file that are learned from: the teacher reads each of them


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("distill")(distill)


def distill(
    run: Annotated[str | None, typer.Argument(help="Run that teaches [the newest].", show_default=False)] = None,
    *,
    data: Annotated[
        Path | None, typer.Option(help="File of texts to learn from beside the run's; labels in it are not looked at.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run, a folder under `runs/` [a number].")] = None,
    pieces: Annotated[
        int, typer.Option(help="Random pieces of each text that are learned from too.", min=0, max=100)
    ] = 4,
    seed: Annotated[int, typer.Option(help="Seed of pieces, folds and rows [42].", min=0, show_default=False)] = 42,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON on stdout.")] = False,
) -> None:
    """Fit a linear model on n-grams to the answers of a run's model: less accurate, and many times as fast.

    It learns from the texts of the run's train rows, pieces of them, and the texts of a file; never from a row of test.
    The run that it makes is one as any other, for `predict`, `eval`, `export` and `serve`. Its speed and its accuracy
    are printed beside the teacher's.

    Example: `txt distill 001` or `txt distill 001 --data unlabeled.csv`
    """
    from txt.prediction.model_source import find_model
    from txt.runs.folder import Run, refuse_taken_name

    if name is not None:
        refuse_taken_name(name)
    source = find_model(run if run is not None else Run.find_newest().path)
    if data is not None:
        from txt.data.reading.source import check_file

        check_file(data)
    say_if_terminal(f"loading {sanitize(source.name)} …")
    from txt.cli.conclusion import show_conclusion
    from txt.cli.progress import TrainingBar
    from txt.config import PredictConfig
    from txt.evaluation.conclusion import conclude
    from txt.prediction.classifier import load_source
    from txt.prediction.distill import check_teacher, describe_judge, distill, student_options
    from txt.prediction.teacher import compare_with_teacher
    from txt.runs.events import Finished

    teacher = load_source(source, PredictConfig())
    prepared = check_teacher(source, teacher)
    unlabeled = [] if data is None else _read_texts(data, source, list(prepared.split("test").texts()))
    with Run.new(name) as made:
        made.describe(student_options(seed), prepared.path, prepared.fingerprint)
    status = "interrupted"
    try:
        with (
            stop_on_signals("stopping …") as stop,
            TrainingBar() as bar,
            closing(distill(source, teacher, prepared, made, unlabeled, pieces, stop)) as events,
        ):
            for event in bar.watch(events):
                if isinstance(event, Finished):
                    status = event.status
    finally:
        if status != "completed":
            made.delete()
    if status != "completed":
        raise Interrupted("stopped; nothing is left", "the same command begins anew")
    say_if_terminal("evaluating it beside a baseline …")
    conclusion = conclude(made, prepared)
    found = compare_with_teacher(teacher, made, prepared)
    if as_json:
        print_json({"run": made.name, "teacher": source.name, **found.to_json()})
        return
    show_conclusion(conclusion)
    if about := describe_judge(source, prepared):
        say(f"note: {sanitize(about)}")
    for line in found.describe(sanitize(source.name)):
        say(line)


def _read_texts(data: Path, source: "ModelSource", held_out: Sequence[str]) -> list[str]:
    """Return the texts of a file, without those that are in the test split, and say what was left out."""
    import random

    from txt.config import PrepareConfig
    from txt.data.reading.table import open_table
    from txt.prediction.predict_file import text_column

    banned = {_fold(text) for text in held_out}
    kept: list[str] = []
    seen: set[int] = set()
    tests = total = 0
    rng = random.Random(0)
    with open_table(data, PrepareConfig()) as table:
        column = text_column(table, PrepareConfig(), source.text_column())
        for batch in table.batches():
            for text in batch.column(column).to_pylist() if column in batch.schema.names else []:
                if not text or not text.strip():
                    continue
                folded = _fold(text)
                if folded in banned:
                    tests += 1
                    continue
                if hash(folded) in seen:
                    continue
                seen.add(hash(folded))
                total += 1
                if len(kept) < _MOST_UNLABELED:
                    kept.append(text)
                elif (place := rng.randrange(total)) < _MOST_UNLABELED:
                    kept[place] = text
    if not kept:
        raise InputError(f"`{data}` has no text that is not in the test split", "leave --data out")
    if tests:
        say(f"{tests:,} texts of {sanitize(str(data))} are in the test split, and left out")
    if total > len(kept):
        say(f"learning from {len(kept):,} of {total:,} texts of {sanitize(str(data))}, drawn at random")
    return kept


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())
