"""`txt runs export` and `txt runs plot`: the curves of runs for other programs, and as pictures for reports."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from txt.cli.console import say
from txt.cli.runs.arguments import ForceOption, RunArgument, tell_bad_lines
from txt.errors import InputError


def export(
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN...]", help="Runs, by name or path [all].", show_default=False)
    ] = None,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="One CSV file, one line per record.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="TensorBoard event files, one folder per run.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("-o", "--out", help="File (`-` for stdout) or folder [runs.csv, tensorboard].")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write the curves of runs for other programs.

    Example: `txt runs export --csv` or `txt runs export 001 002 --tensorboard`
    """
    from txt.files import refuse_link
    from txt.runs.curves import read_curves
    from txt.runs.export import write_csv
    from txt.runs.folder import Run, list_runs

    if as_csv == tensorboard:
        raise InputError("say what to write", "--csv or --tensorboard")
    chosen = [Run.open(name) for name in runs] if runs else list_runs()
    if not chosen:
        raise InputError("there is no run here yet", "`txt train DATA` makes one")
    curves = {run.name: read_curves(run) for run in chosen}
    for name, each in curves.items():
        tell_bad_lines(name, each)
    if tensorboard:
        from txt.evaluation.trackers import write_run_for_tensorboard

        folder = to or Path("tensorboard")
        if to is None:
            refuse_link(folder)
        for run in chosen:
            write_run_for_tensorboard(run, curves[run.name], folder)
        say(f"wrote {len(curves)} runs: tensorboard --logdir {folder}")
    elif to == Path("-"):
        write_csv(curves, sys.stdout)
    else:
        path = to or Path("runs.csv")
        with _open_new_file(path, force) as file:
            lines = write_csv(curves, file)
        say(f"wrote {path}: {lines:,} lines of {len(curves)} runs")


def plot(
    run: RunArgument,
    *,
    as_svg: Annotated[bool, typer.Option("--svg", help="Write an SVG [the default].")] = False,
    as_png: Annotated[bool, typer.Option("--png", help="Write a PNG; needs Pillow.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Write an HTML page.")] = False,
    to: Annotated[Path | None, typer.Option("-o", "--out", help="File [curves.svg … in the run folder].")] = None,
    force: ForceOption = False,
) -> None:
    """Draw loss, accuracy, learning rate and the gap between train and val, two by two, for a report.

    Example: `txt runs plot 003 --svg` or `txt runs plot 003 -o figure.png`
    """
    from txt.charts.run_figure import figure, render_page
    from txt.charts.shapes import png, svg
    from txt.runs.curves import read_curves
    from txt.runs.folder import Run
    from txt.runs.options_summary import options_summary

    found = Run.open(run)
    curves = read_curves(found)
    tell_bad_lines(found.name, curves)
    shapes = figure(curves, found.name)
    for kind in _choose_formats({"svg": as_svg, "png": as_png, "html": as_html}, to):
        path = to or found.path / f"curves.{kind}"
        content: str | bytes
        match kind:
            case "png":
                content = png(shapes)
            case "html":
                content = render_page(shapes, f"Training of {found.name}", options_summary(found.config().to_json()))
            case _:
                content = svg(shapes)
        ours = content if to is None else None  # in the run's folder, what begins alike is an older figure of it
        with _open_new_file(
            path, force, "wb" if isinstance(content, bytes) else "w", ours, [found.events_path]
        ) as file:
            file.write(content)
        say(f"wrote {path}")


def _choose_formats(wanted: dict[str, bool], to: Path | None) -> list[str]:
    """Return the formats to write: those asked for, else the one that the file's name ends in, else SVG."""
    kinds = [kind for kind, chosen in wanted.items() if chosen]
    suffix = to.suffix.lstrip(".").lower() if to else ""
    if not kinds:
        if to and suffix not in wanted:
            raise InputError(f"`{to}` does not say which image format to write", "end it in .svg, .png or .html")
        return [suffix or "svg"]
    if to and kinds != [suffix]:
        raise InputError(f"`{to}` is not one file of the kind asked for", f"-o {to.stem}.{kinds[0]}, one at a time")
    return kinds


@contextmanager
def _open_new_file(
    path: Path, force: bool, mode: str = "w", content: str | bytes | None = None, inputs: Sequence[Path] = ()
) -> Iterator[IO[Any]]:
    """Open a file for writing that appears complete or not at all, where nothing of the user's is lost by it."""
    from txt.files import atomic_write, explain_os_errors
    from txt.overwriting import note_made, refuse_overwriting

    hint = "--force overwrites it, -o FILE writes another one"
    refuse_overwriting(path, force=force, inputs=inputs, hint=hint, content=content)
    with explain_os_errors("cannot write"), atomic_write(path, mode) as file:
        yield file
    note_made(path)
