"""`txt prepare`: turns a data file into a prepared folder, and reports on the data."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from txt.cli.console import make_literal, print_json, say
from txt.cli.console import out as stdout
from txt.cli.options import DataArgument, GivenOptions, read_config_file, takes
from txt.cli.stage_bar import StageBar
from txt.config import PrepareConfig
from txt.data.reading.source import check_file, join_paths
from txt.option_schema import build_config

if TYPE_CHECKING:
    from txt.data.report import DataReport

_FEW_ROWS = 50  # rows of a class, below which contrastive training first does better

_DEFAULT = Path("prepared")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("prepare")(prepare)


@takes(PrepareConfig)
def prepare(
    data: DataArgument,
    *,
    out: Annotated[Path, typer.Option("-o", "--out", "--name", help="Folder to make.")] = _DEFAULT,
    config: Annotated[Path | None, typer.Option(help="TOML file with options; a flag beats it.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a folder that txt did not make or that runs need.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Make nothing: show how the file would be read, and what was guessed.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the data report as JSON on stdout.")] = False,
    given: GivenOptions,
) -> None:
    """Split a data file, train a tokenizer on its train split, encode it once, and report what is in it.

    Columns, encoding and delimiter are detected; where that is not clear, options settle it.

    Example: `txt prepare reviews.csv --max-length 128 -o prepared`
    """
    options = build_config(PrepareConfig, given, read_config_file(config, PrepareConfig), given.settings)
    source = join_paths(data)
    check_file(source)
    if dry_run:
        _show_dry_run(source, options, as_json)
        return
    from txt.cli.data_report import show_report
    from txt.data.prepare import prepare as make
    from txt.labeling.store.stored_labels import open_stored_labels

    with StageBar() as bar:
        decided = open_stored_labels(source, options)
        report = make(source, options, out, bar.advance, force, decided)
    if as_json:
        _warn(report)
        print_json(report.to_json())
    else:
        show_report(report)
        _say_next(report)


def _show_dry_run(data: str, options: PrepareConfig, as_json: bool) -> None:
    """Print how a file would be read; then the error with which preparing would end, if there is one."""
    from txt.cli.dry_run_view import show_dry_run
    from txt.data.dry_run import look_ahead
    from txt.labeling.store.stored_labels import open_stored_labels

    found = look_ahead(data, options, open_stored_labels(data, options))
    if as_json:
        print_json(found.to_json())
    else:
        show_dry_run(found)
    if found.problem is not None:
        raise found.problem


def _warn(report: "DataReport") -> None:
    for warning in report.warnings:
        say(make_literal(f"warning: {warning}").plain)


def _say_next(report: "DataReport") -> None:
    """Print how to train on what was prepared, and with which encoder."""
    from txt.data.language_sample import sample_texts
    from txt.data.prepared import Prepared
    from txt.model.encoders import INSTALL, choose_encoder

    folder = "" if Path(report.path) == _DEFAULT else f" {shlex.quote(report.path)}"
    encoder = None if report.tokenizer["trained"] else str(report.tokenizer["name"])
    if encoder is None:
        train = Prepared.open(Path(report.path)).split("train")
        encoder = next(iter(choose_encoder(sample_texts(len(train), train.texts)) or ()), None)
    if report.warnings:
        stdout.print()
    stdout.print(make_literal(f"Made {report.path} in {report.seconds:.1f} s. Next:"))
    stdout.print(make_literal(f"  txt train{folder}", style="bold"))
    beside = f", and with the encoder {encoder}" if encoder else f"; with an encoder too after {INSTALL}"
    stdout.print(make_literal(f"    several models, of which the best is kept: on n-grams{beside}", style="dim"))
    few = any(0 < rows < _FEW_ROWS for rows in report.class_counts.get("train", {}).values())
    if few and encoder:
        stdout.print(make_literal(f"  txt train{folder} --from {encoder} --few-shot", style="bold"), soft_wrap=True)
        stdout.print(make_literal("    the encoder alone, in the way that learns from few rows a class", style="dim"))
