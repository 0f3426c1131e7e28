"""`txt prepare`: turn a data file into a prepared folder, and tell what was found in it."""

import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from txt.cli.console import out as stdout
from txt.cli.console import print_json, say, shown
from txt.cli.options import Given, build, file_options, takes
from txt.cli.stage_bar import StageBar
from txt.config import PrepareConfig
from txt.option_schema import flag

if TYPE_CHECKING:
    from txt.data.report import DataReport

_FEW_ROWS = 50  # of a class, below which training by contrast first does better

_DEFAULT = Path("prepared")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("prepare")(prepare)


@takes(PrepareConfig)
def prepare(
    data: Annotated[
        str,
        typer.Argument(help="CSV, TSV, JSONL, JSON or Parquet file, also .gz; - is standard input.", metavar="DATA"),
    ],
    *,
    out: Annotated[Path, typer.Option("-o", "--out", "--name", help="Folder to make.")] = _DEFAULT,
    config: Annotated[Path | None, typer.Option(help="TOML file with options; a flag beats it.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a folder that txt did not make or that runs need.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the data report as JSON on stdout.")] = False,
    given: Given,
) -> None:
    """Split a data file, train a tokenizer on its train split, encode it once, and report what is in it.

    Columns, encoding and delimiter are found out; options settle what is not clear.

    Example: `txt prepare reviews.csv --max-length 128 -o prepared`
    """
    from txt.cli.data_report import show_report
    from txt.data.prepare import prepare as make
    from txt.labeling.store.stored_labels import open_stored_labels

    options = build(PrepareConfig, given, file_options(config, PrepareConfig), given.settings)
    with StageBar() as bar:
        decided = open_stored_labels(data, options)
        report = make(data, options, out, bar.advance, force, decided)
    if as_json:
        _warn(report)
        print_json(report.to_json())
    else:
        show_report(report)
        _say_next(data, report, given)


def _warn(report: "DataReport") -> None:
    for warning in report.warnings:
        say(shown(f"warning: {warning}").plain)


def _say_next(data: str, report: "DataReport", given: Given) -> None:
    """Tell how to train: the plain way, and first how a pretrained encoder would do on the same splits."""
    from txt.data.minilm import INSTALL, NAME, is_installed

    folder = "" if Path(report.path) == _DEFAULT else f" {shlex.quote(report.path)}"
    if report.warnings:
        stdout.print()
    stdout.print(shown(f"Made {report.path} in {report.seconds:.1f} s. Next:"))
    if report.tokenizer["trained"]:
        stdout.print(shown(f"  txt train{folder}", style="bold"))
        source, own = shlex.join([data, *_typed_again(given)]), "its own tokenizer"
    else:
        source, own = folder.strip(), "this tokenizer"
    few = any(rows < _FEW_ROWS for rows in report.class_counts.get("train", {}).values())
    way = "--few-shot" if few else "--freeze all"
    source = "" if data == "-" or not source else f" {source}"
    known = report.tokenizer.get("name", "minilm")
    stdout.print(shown(f"  txt train{source} --from {known} {way}", style="bold"), soft_wrap=True)
    about = "learns from few rows a class" if few else "a first result in seconds"
    stdout.print(shown(f"    a pretrained encoder with {own}: {about}", style="dim"))
    if known == NAME and not is_installed():
        stdout.print(shown(f"    {INSTALL} first", style="dim"))


def _typed_again(given: Given) -> Iterator[str]:
    """Yield the options that were typed, but those about a tokenizer of one's own, as they are typed."""
    for item in fields(PrepareConfig):
        value = given.get(item.name)
        if item.metadata["group"] == "Tokenizer" and item.name != "max_length":
            continue
        if value is True or value is False:
            yield flag(item) if value else f"--no-{flag(item).removeprefix('--')}"
        elif value is not None:
            yield from (flag(item), str(value))
