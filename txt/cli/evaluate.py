"""`txt eval`: how good a run's best model is compared with a baseline, and where it makes mistakes."""

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

from txt.cli.console import out as stdout
from txt.cli.console import print_json, say, say_if_terminal
from txt.cli.options import GivenOptions, takes
from txt.config import READING, PrepareConfig, check_device
from txt.errors import InputError
from txt.option_schema import build_config, list_options
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from tqdm import tqdm

_READING = (*READING, "split_column", "split_values", "missing")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("eval")(evaluate)


@takes(PrepareConfig, without=tuple(name for name in list_options(PrepareConfig) if name not in _READING))
def evaluate(
    run: Annotated[str | None, typer.Argument(help="Run, by name or path [the newest].", show_default=False)] = None,
    *,
    data: Annotated[
        Path | None, typer.Option(help="File of labeled rows to evaluate on, instead of the run's own data.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="`test`, `val` or `train` [test, or all of a file without splits].")
    ] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder for the report [the run's].")] = None,
    device: Annotated[str | None, typer.Option(help="`auto`, `cpu`, `cuda`, `mps` [as in training].")] = None,
    embeddings: Annotated[
        bool, typer.Option(help="A second baseline, on frozen MiniLM embeddings, where the extra is installed.")
    ] = True,
    unknown_labels: Annotated[
        str,
        typer.Option(
            help="Rows of --data with a label that the model does not have: `error`, `wrong`, or `skip`.",
            metavar="error|wrong|skip",
        ),
    ] = "error",
    force: Annotated[bool, typer.Option("--force", help="Replace reports that txt did not make.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
    given: GivenOptions,
) -> None:
    """Evaluate a run's best model, beside a baseline that counts words.

    Prints scores with intervals, the difference to the baseline, calibration, slices and the most confident mistakes,
    and writes them to report.json, report.md and report.html.

    Example: `txt eval` or `txt eval 003 --data more-reviews.csv`
    """
    from txt.data.reading.source import check_file
    from txt.data.reading.split_column import parse_split, refuse_unknown_split
    from txt.evaluation.write_report import NAMES
    from txt.files import refuse_links_below
    from txt.overwriting import note_made, refuse_overwriting
    from txt.runs.folder import Run

    if data is None and given:
        flag = "--" + next(iter(given)).replace("_", "-")
        raise InputError(f"{flag} is for reading a data file, and none is given", "name it with --data FILE")
    if unknown_labels not in ("error", "wrong", "skip"):
        raise InputError(f"--unknown-labels is `{unknown_labels}`, and must be one of error, wrong, skip")
    if unknown_labels != "error" and data is None:
        raise InputError(
            "--unknown-labels is about the labels of a file, and none is given", "name it with --data FILE"
        )
    if force and out is None:
        raise InputError("--force is for the folder of --out", "txt eval -o FOLDER --force")
    found = Run.open(run) if run else Run.find_newest()
    if split is not None and data is None:
        refuse_unknown_split(parse_split(split) or split)
    if data is not None:
        check_file(data)
    if device is not None:
        check_device(device)
    if out is not None:
        for name in NAMES:
            refuse_overwriting(out / name, force=force, inputs=[data] if data else [])
    say_if_terminal(f"evaluating {sanitize(found.name)} …")
    from txt.cli.scorecard import show_report
    from txt.evaluation.evaluate_run import evaluate_run, report_folder
    from txt.evaluation.write_report import write

    with PredictingBar() as bar:
        report = evaluate_run(
            found,
            split,
            data,
            build_config(PrepareConfig, given, given.settings),
            device,
            bar.advance,
            embeddings,
            unknown_labels,
        )
    folder = out or report_folder(found, report)
    if out is None:
        refuse_links_below(found.path, folder)
    write(report, folder)
    if out is not None:
        for name in NAMES:
            note_made(out / name)
    if as_json:
        print_json(report.to_json())
    else:
        show_report(report, stdout)
    say(f"\nThe whole report: {folder / 'report.html'}, and report.md, report.json beside it")


class PredictingBar:
    """Draws how many rows are predicted, on stderr, where it takes a while."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None

    def advance(self, done: int, total: int) -> None:
        """Draw that some more rows are done."""
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(desc="predicting", total=total, unit=" rows", dynamic_ncols=True, leave=False, delay=0.5)
        self._bar.update(done)

    def __enter__(self) -> "PredictingBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
