"""`txt` alone on a terminal: the home screen, and the commands that are run from it."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from txt.cli.console import make_literal, out, talk
from txt.cli.settings import read_settings
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.folder.entry import FolderEntry, NextStep


def show_home(context: typer.Context) -> None:
    """Show the home screen and run the chosen command, again and again until the user leaves the screen."""
    from txt.screens.hold_terminal import hold_terminal, say_what_goes_on

    chosen: tuple[str, str] | None = None
    about = context.get_help()
    while True:
        with hold_terminal(say_what_goes_on("looking at this folder …")):
            from txt.screens.home.screen import HomeApp, HomeScreen

            screen = HomeScreen(_survey_folder, _name_folder(), chosen, _find_problem(context), about)
            asked = HomeApp(screen).run()
        if asked is None:
            return
        step, chosen = asked
        if not _run_step(step):
            return


def _survey_folder() -> "list[FolderEntry]":
    from txt.folder.survey import survey

    return survey()


def _name_folder() -> str:
    """Return the folder's name, with `~` for one's home."""
    here = Path.cwd()
    try:
        return f"~/{here.relative_to(Path.home())}".removesuffix("/.")
    except (ValueError, RuntimeError):
        return str(here)


def _find_problem(context: typer.Context) -> str:
    """Return the mistake in txt.toml or in a variable, if any: every command would stop at it."""
    root = context.command
    try:
        read_settings(root)  # type: ignore[arg-type]
    except InputError as error:
        return f"{error.message}; {error.hint}" if error.hint else error.message
    return ""


def _run_step(step: "NextStep") -> bool:
    """Run a command in a process of its own, and return whether to come back to the screen."""
    out.print(make_literal(f"$ {step.command}", style="bold"))
    before = signal.signal(signal.SIGINT, _ignore_interrupt)
    try:
        code = subprocess.run([sys.executable, "-m", "txt", *step.arguments], check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
    ended = "" if code == 0 else f"exit code {code}; "
    talk.print()
    talk.print(make_literal(f"{ended}Enter goes back, q and Enter leaves ", style="dim"), end="")
    try:
        return input().strip().lower() != "q"
    except (EOFError, KeyboardInterrupt):
        print()
        return False


def _ignore_interrupt(_number: int, _frame: object) -> None:
    """Ignore Ctrl-C: the terminal sends it to the running command too, which saves its work."""
