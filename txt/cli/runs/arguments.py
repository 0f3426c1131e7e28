"""Arguments and options that several commands of `txt runs` take, and what they all tell of a run."""

from typing import TYPE_CHECKING, Annotated

import typer

from txt.cli.console import say
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from txt.runs.curves import Curves

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Run, by name or path.", show_default=False)]
RunsArgument = Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs, by name or path.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def tell_bad_lines(run: str, curves: "Curves") -> None:
    """Say how many lines of a run's record could not be read, if there are any."""
    from txt.runs.events import describe_bad_lines

    if curves.bad_lines:
        say(f"warning: {sanitize(run)}: {describe_bad_lines(curves.bad_lines)}")
