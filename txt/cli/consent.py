"""Asks before what a folder names beyond itself is used; off a terminal it is refused, with what allows it."""

import sys

import typer

from txt.consent import allow, is_allowed
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
    if is_allowed(kind, *what):
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(told, hint)
    if not typer.confirm(f"{sanitize(told)}.\n{question}", err=True):
        raise InputError(told, hint)
    allow(kind, *what)
