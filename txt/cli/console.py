"""The two consoles: results go to stdout, talk and progress to stderr. Text from data passes through `shown`."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from txt.sanitize import escape_controls, sanitize

out = Console(highlight=False, soft_wrap=False)
talk = Console(stderr=True, highlight=False)


def shown(text: str, style: str = "") -> Text:
    """Return text from data as something that Rich prints literally: no markup, no control codes."""
    return Text(sanitize(text), style=style)


def say(message: str) -> None:
    """Print a line of talk on stderr, literally."""
    talk.print(Text(message), soft_wrap=True)


def say_meanwhile(message: str) -> None:
    """Say on a terminal what takes seconds before there is anything else to see; elsewhere nothing."""
    if talk.is_terminal:
        say(message)


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout; what would steer a terminal is written as `\\u009b`, which means the same."""
    sys.stdout.write(escape_controls(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)) + "\n")
