"""`--escape-formulas`, for files that will be opened in a spreadsheet."""

from pathlib import Path
from typing import Annotated

import typer

from txt.cli.console import say

EscapeFormulas = Annotated[
    bool,
    typer.Option(
        "--escape-formulas",
        help="Put a ' before cells of a CSV file that a spreadsheet would run, such as =1+1.",
        rich_help_panel="Files",
    ),
]


def escape_and_report(path: Path) -> None:
    """Escape the formulas in a file that was just made, and tell how many there were."""
    from txt.data.reading.formulas import escape_formulas

    say(f"{escape_formulas(path):,} cells began like a formula, and have a ' before them")
