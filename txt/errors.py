"""What can go wrong, as a user sees it.

TxtError            the work failed (exit code 1)
├── InputError      a file, an option or a name is wrong (exit code 2)
└── Interrupted     stopped by the user, work saved (exit code 130)
"""

from collections.abc import Iterable
from difflib import get_close_matches


class TxtError(Exception):
    """A failure with a one-line message; `hint` says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(TxtError):
    """Bad input: nothing was written."""

    exit_code = 2


class Interrupted(TxtError):
    """The user stopped the work; what was done so far is saved."""

    exit_code = 130


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the entry of `known` that a user who typed `name` most likely meant, if any is close."""
    by_folded = {entry.casefold(): entry for entry in known}
    matches = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str | None = None) -> str | None:
    """Return a hint at the entry of `known` that a user who typed `name` most likely meant, else `otherwise`."""
    close = nearest(name, known)
    return f"did you mean `{close}`?" if close else otherwise
