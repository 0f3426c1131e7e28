"""Arguments and options that several commands of `txt runs` take."""

from typing import Annotated

import typer

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Run, by name or path.", show_default=False)]
RunsArgument = Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs, by name or path.", show_default=False)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
