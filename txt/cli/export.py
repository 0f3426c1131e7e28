"""`txt export`: a trained classifier as a folder for other programs."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from txt.cli.console import make_literal, print_json, say, say_if_terminal
from txt.cli.console import out as stdout
from txt.errors import InputError, did_you_mean
from txt.sanitize import sanitize

EXPORT_FORMATS = ("hf", "onnx", "setfit")
LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]*")
"""How model hubs abbreviate licences."""


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("export")(export)


def export(
    run: Annotated[
        str | None, typer.Argument(help="Run or model's folder [the newest run].", show_default=False)
    ] = None,
    *,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="`hf`: for transformers; `onnx`: for onnxruntime; `setfit`: also for sentence-transformers.",
            metavar="hf|onnx|setfit",
        ),
    ] = "hf",
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder to make [exports/RUN-FORMAT].")] = None,
    quantize: Annotated[bool, typer.Option("--quantize", help="With onnx: matrix products in 8 bits.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that is there.")] = False,
    push: Annotated[
        str | None, typer.Option(help="Upload the folder to the model hub, under this name.", metavar="OWNER/NAME")
    ] = None,
    license_name: Annotated[
        str | None,
        typer.Option("--license", help="Licence that the model card names: `mit`, `apache-2.0`.", metavar="NAME"),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="With --push: anyone may see it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was made as JSON on stdout.")] = False,
) -> None:
    """Write a classifier for other programs, with a model card, and check its answers on real rows.

    `hf` makes a folder for `pipeline("text-classification", …)`, `onnx` a file with a short script that needs
    onnxruntime and tokenizers only, `setfit` a folder without code, of an encoder with a mean. None needs txt.
    Confidence stays calibrated.

    Example: `txt export 001 --format onnx --quantize`
    """
    if form not in EXPORT_FORMATS:
        message = f"--format is `{form}`, and must be one of {', '.join(EXPORT_FORMATS)}"
        raise InputError(message, did_you_mean(form, EXPORT_FORMATS))
    if quantize and form != "onnx":
        raise InputError("--quantize is for --format onnx", "--format onnx --quantize")
    if license_name is not None and not LICENSE.fullmatch(license_name):
        raise InputError(f"--license is a short name, and `{license_name}` is not", "--license apache-2.0")
    if public and push is None:
        raise InputError("--public is for --push", "--push OWNER/NAME --public")
    if push is not None:
        from txt.export.hub import check_repository

        check_repository(push)
    from txt.export.folder import check_target
    from txt.prediction.model_source import find_model
    from txt.runs.folder import Run

    source = find_model(run if run is not None else Run.find_newest().path)
    target = out or Path("exports") / f"{source.name}-{form}"
    check_target(source, target, force)
    say_if_terminal(f"loading {sanitize(source.name)} …")
    if form == "hf":
        from txt.export.hugging_face import export_hugging_face

        made: dict[str, Any] = {"largest_difference": export_hugging_face(source, target, force, license_name)}
    elif form == "setfit":
        from txt.export.sentence_transformers import export_sentence_transformers

        made = {"largest_difference": export_sentence_transformers(source, target, force, license_name)}
    else:
        from txt.export.onnx_file import export_onnx

        made = dict(vars(export_onnx(source, target, quantize, force, license_name)))
    if push is not None:
        from txt.export.hub import push_folder

        say_if_terminal(f"uploading to {sanitize(push)} …")
        made["pushed"] = push_folder(target, push, public)
    if as_json:
        print_json({"format": 1, "path": str(target), "kind": form, **made})
        return
    for path in sorted(path for path in target.rglob("*") if path.is_file()):
        stdout.print(make_literal(f"  {path}"))
    say(f"Probabilities on real rows differ from txt's by {made['largest_difference']:.1g} at most.")
    if "pushed" in made:
        say(f"pushed to {sanitize(str(made['pushed']))}")
    if "same_label" in made:
        say(f"The same label for {made['same_label']:.1%} of {made['rows']:,} rows; {made['bytes'] / 2**20:.1f} MiB.")
