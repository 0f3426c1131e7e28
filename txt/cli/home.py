"""`txt` alone on a terminal: the home screen, and the commands that are run from it."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from txt.cli.console import out, shown, talk
from txt.cli.settings import settings_of
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.folder.entry import Entry, Step


def show_home(context: typer.Context) -> None:
    """Show what is in this folder, run what is chosen, and come back, until the screen is left."""
    from txt.screens.home import HomeApp, HomeScreen

    chosen: tuple[str, str] | None = None
    about = context.get_help()
    while True:
        screen = HomeScreen(_look, _place(), chosen, _problem(context), about)
        asked = HomeApp(screen).run()
        if asked is None:
            return
        step, chosen = asked
        if not _run(step):
            return


def _look() -> "list[Entry]":
    from txt.folder.survey import survey

    return survey()


def _place() -> str:
    """Return the folder's name, with `~` for one's home."""
    here = Path.cwd()
    try:
        return f"~/{here.relative_to(Path.home())}".removesuffix("/.")
    except (ValueError, RuntimeError):
        return str(here)


def _problem(context: typer.Context) -> str:
    """Return what is wrong with txt.toml or a variable, since every command would stop at it."""
    root = context.command
    try:
        settings_of(root)  # type: ignore[arg-type]
    except InputError as error:
        return f"{error.message}; {error.hint}" if error.hint else error.message
    return ""


def _run(step: "Step") -> bool:
    """Run a command in a process of its own, and return whether to come back to the screen."""
    out.print(shown(f"$ {step.command}", style="bold"))
    before = signal.signal(signal.SIGINT, _left_to_the_command)
    try:
        code = subprocess.run([sys.executable, "-m", "txt", *step.arguments], check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
    ended = "" if code == 0 else f"exit code {code}; "
    talk.print()
    talk.print(shown(f"{ended}Enter goes back, q and Enter leaves ", style="dim"), end="")
    try:
        return input().strip().lower() != "q"
    except (EOFError, KeyboardInterrupt):
        print()
        return False


def _left_to_the_command(_number: int, _frame: object) -> None:
    """Take Ctrl-C and do nothing: the command, which the terminal sends it to as well, knows what to save."""
