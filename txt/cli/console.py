"""The two consoles: results go to stdout, messages and progress to stderr. Text from data goes through make_literal."""

import json
import sys
from typing import IO, Any, cast

from rich.text import Text

from txt.sanitize import escape_controls, sanitize, sanitize_colored, sanitize_lines
from txt.wording.literal_console import LiteralConsole


class _Sink:
    """The stream behind a console: whatever is printed, only colours reach the terminal as codes.

    Texts are made literal where they are put together. This is the second line: it holds where that was forgotten.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def write(self, text: str) -> int:
        stream: IO[str] = getattr(sys, self._name)
        return stream.write(sanitize_colored(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(sys, self._name), name)


out = LiteralConsole(highlight=False, soft_wrap=False, file=cast(IO[str], _Sink("stdout")))
talk = LiteralConsole(stderr=True, highlight=False, file=cast(IO[str], _Sink("stderr")))


def make_literal(text: str, style: str = "") -> Text:
    """Return text from data as something that Rich prints literally: no markup, no control codes."""
    return Text(sanitize(text), style=style)


def say(message: str) -> None:
    """Print a message on stderr, literally."""
    talk.print(Text(sanitize_lines(message)), soft_wrap=True)


def say_if_terminal(message: str) -> None:
    """Print a message on stderr if it is a terminal: for work that takes seconds before it shows anything."""
    if talk.is_terminal:
        say(message)


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout; control characters are written as escapes such as `\\u009b`."""
    sys.stdout.write(escape_controls(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)) + "\n")
