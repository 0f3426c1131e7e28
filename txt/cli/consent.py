"""Asks before what a folder names beyond itself is used; off a terminal it is refused, with what allows it."""

import sys

import typer

from txt.consent import NotAllowedError, allow, is_allowed
from txt.errors import InputError
from txt.sanitize import sanitize


def require_consent(kind: str, what: tuple[str, ...], told: str, question: str, hint: str) -> None:
    """Let the user decide, once, whether something is used that a folder names.

    Args:
        kind: what sort of thing it is.
        what: what exactly; other content is asked about again.
        told: what the folder says, in a sentence.
        question: what is asked on a terminal.
        hint: how to allow it off a terminal.

    Raises:
        InputError: it is not allowed.
    """
    if not is_allowed(kind, *what) and not ask_consent(NotAllowedError(told, hint, question, kind, what)):
        raise InputError(told, hint)


def ask_consent(error: NotAllowedError) -> bool:
    """Ask on the terminal whether what a folder names may be used, and remember a yes; False where nobody is there."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    if not typer.confirm(f"{sanitize(error.message)}.\n{error.question}", err=True):
        return False
    allow(error.kind, *error.what)
    return True
