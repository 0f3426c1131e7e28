"""The command line: the app, its commands, and the one place where errors become exit codes.

A command parses its options, makes one call into the domain, and renders what comes back. Modules here import nothing
heavier than Typer and Rich, so that `txt --help` is instant; a command's body imports what it needs.
"""

import errno
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from txt import __version__
from txt.cli import augment, config, demo, doctor, evaluate, export, lrfind, predict, prepare, train, watch
from txt.cli.grid import command as grid
from txt.cli.help import App
from txt.cli.home import show_home
from txt.cli.label import command as label
from txt.cli.runs import command as runs
from txt.cli.terminal import has_screen
from txt.errors import InputError, Interrupted, TxtError, nearest
from txt.sanitize import sanitize_lines

app = App(name="txt", context_settings={"help_option_names": ["-h", "--help"]})
for command in (
    prepare,
    label,
    augment,
    lrfind,
    grid,
    train,
    watch,
    evaluate,
    predict,
    export,
    runs,
    config,
    demo,
    doctor,
):
    command.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"txt {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _top(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """From a CSV of raw text to a trusted text classifier: prepare, label, augment, train, eval."""
    if context.invoked_subcommand is None:
        if has_screen(plain=False, as_json=False):
            show_home(context)
        else:
            print(context.get_help())


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    try:
        code = app(arguments, prog_name="txt", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except TxtError as error:
        return _tell(error, arguments)
    except typer.TyperException as error:
        return _tell(_as_ours(error))
    except (KeyboardInterrupt, typer.Abort):
        return _tell(Interrupted("interrupted"))
    except SystemExit:  # Typer's way when the reader of our output has gone, as in `txt … | head`
        return 0
    except OSError as error:
        return _broken_pipe() if error.errno == errno.EPIPE else _tell(_from_system(error))


def _tell(error: TxtError, arguments: Sequence[str] = ()) -> int:
    """Print the error in one line and its hint below, and return its exit code."""
    if os.environ.get("TXT_DEBUG") == "1":
        raise error
    print(f"error: {sanitize_lines(error.message)}", file=sys.stderr)
    hint = error.hint or (_help_of(arguments) if error.exit_code == InputError.exit_code else None)
    if hint:
        print(f"\nhint: {sanitize_lines(hint)}", file=sys.stderr)
    return error.exit_code


def _help_of(arguments: Sequence[str]) -> str:
    """Return where to read what the command that was typed takes: the hint of an error that brings none."""
    command = " ".join(["txt", *arguments[:1]])
    return f"`{command} --help` lists what it takes"


def _as_ours(error: typer.TyperException) -> TxtError:
    """Return Typer's own complaint about the command line in our form."""
    ours = TxtError(_in_our_words(error.format_message()), _hint_for(error))
    ours.exit_code = error.exit_code
    return ours


def _in_our_words(message: str) -> str:
    """Return Typer's message without what only a programmer would say, and its guesses: the hint has a nearer one."""
    told = message.partition(" (Possible options")[0].rstrip(".").partition(", unable to parse")[0]
    return told.replace("Input should be a valid integer", "it must be a whole number").replace(
        "Input should be", "it must be"
    )


def _hint_for(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "txt"
    wrong = getattr(error, "option_name", None)
    if wrong and context:
        flags = [spelling for parameter in context.command.params for spelling in parameter.opts]
        close = nearest(wrong, flags)
        if close:
            return f"did you mean `{close}`? `{command} --help` lists all options"
    return f"`{command} --help` lists what it takes"


def _from_system(error: OSError) -> TxtError:
    name = f" `{error.filename}`" if error.filename else ""
    return TxtError(f"the system refused{name}: {(error.strerror or str(error)).lower()}")


def _broken_pipe() -> int:
    """Leave quietly when the reader of our output has gone, as `txt … | head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
