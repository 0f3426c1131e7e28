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

from txt.cli import (
    augment,
    config,
    demo,
    distill,
    doctor,
    evaluate,
    explore,
    export,
    lrfind,
    predict,
    prepare,
    serve,
    train,
    watch,
)
from txt.cli.consent import ask_consent
from txt.cli.grid import command as grid
from txt.cli.help import App
from txt.cli.home import show_home
from txt.cli.label import command as label
from txt.cli.runs import command as runs
from txt.cli.terminal import has_screen
from txt.consent import NotAllowedError, is_allowed
from txt.errors import InputError, Interrupted, TxtError, nearest
from txt.sanitize import sanitize_lines
from txt.version import __version__

app = App(name="txt", context_settings={"help_option_names": ["-h", "--help"]})
for command in (
    prepare,
    explore,
    label,
    augment,
    lrfind,
    grid,
    train,
    watch,
    evaluate,
    predict,
    distill,
    serve,
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
def _show_home_or_help(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", "-V", help="Show the version.", callback=_show_version, is_eager=True)
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
        return _run_asking(arguments)
    except TxtError as error:
        return _report_error(error, arguments)
    except (KeyboardInterrupt, typer.Abort):
        return _report_error(Interrupted("interrupted"))


def _run_asking(arguments: list[str]) -> int:
    """Run one command; where it needs what a folder names beyond itself, ask, and run it again after a yes."""
    while True:
        try:
            return _run(arguments)
        except NotAllowedError as error:
            if is_allowed(error.kind, *error.what) or not ask_consent(error):
                raise


def _run(arguments: list[str]) -> int:
    """Run one command.

    Raises:
        NotAllowedError: it needs what a folder names, and nobody allowed it yet.
    """
    try:
        code = app(arguments, prog_name="txt", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except NotAllowedError:
        raise
    except TxtError as error:
        return _report_error(error, arguments)
    except typer.TyperException as error:
        return _report_error(_convert_typer_error(error))
    except (KeyboardInterrupt, typer.Abort):
        return _report_error(Interrupted("interrupted"))
    except SystemExit:  # what Typer raises when the reader of our output has closed the pipe, as in `txt … | head`
        return 0
    except OSError as error:
        return _handle_broken_pipe() if error.errno == errno.EPIPE else _report_error(_convert_os_error(error))
    except MemoryError:
        return _report_error(TxtError("this needs more memory than there is"))
    except Exception as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":  # Ctrl-C, heard by a long statement
            return _report_error(Interrupted("interrupted"))
        if hasattr(error, "sqlite_errorname"):  # a page of the file is damaged that was not read before
            return _report_error(InputError(f"a label store is damaged: {error}", "`txt label DATA --recover`"))
        raise


def _report_error(error: TxtError, arguments: Sequence[str] = ()) -> int:
    """Print the error in one line and its hint below, and return its exit code."""
    if os.environ.get("TXT_DEBUG") == "1":
        raise error
    print(f"error: {sanitize_lines(error.message)}", file=sys.stderr)
    hint = error.hint or (_suggest_help(arguments) if error.exit_code == InputError.exit_code else None)
    if hint:
        print(f"\nhint: {sanitize_lines(hint)}", file=sys.stderr)
    return error.exit_code


def _suggest_help(arguments: Sequence[str]) -> str:
    """Return the default hint for errors without one: where to read about the options of this command."""
    command = " ".join(["txt", *arguments[:1]])
    return f"`{command} --help` lists its options"


def _convert_typer_error(error: typer.TyperException) -> TxtError:
    """Turn an error that Typer raised into an error of ours."""
    ours = TxtError(_simplify_message(error.format_message()), _suggest_option(error))
    ours.exit_code = error.exit_code
    return ours


def _simplify_message(message: str) -> str:
    """Replace programmers' words in Typer's message, and cut off its suggestions: the hint has a better one."""
    told = message.partition(" (Possible options")[0].rstrip(".").partition(", unable to parse")[0]
    return told.replace("Input should be a valid integer", "it must be a whole number").replace(
        "Input should be", "it must be"
    )


def _suggest_option(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "txt"
    wrong = getattr(error, "option_name", None)
    if wrong and context:
        flags = [spelling for parameter in context.command.params for spelling in parameter.opts]
        close = nearest(wrong, flags)
        if close:
            return f"did you mean `{close}`? `{command} --help` lists all options"
    return f"`{command} --help` lists its options"


def _convert_os_error(error: OSError) -> TxtError:
    name = f" `{error.filename}`" if error.filename else ""
    return TxtError(f"the system refused{name}: {(error.strerror or str(error)).lower()}")


def _handle_broken_pipe() -> int:
    """Exit quietly when the reader of our output has closed the pipe, as in `txt … | head`.

    Python flushes stdout once more at exit; with stdout on /dev/null, that flush cannot fail again.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
