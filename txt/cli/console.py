"""The two consoles: results go to stdout, talk and progress to stderr. Text from data passes through `shown`."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from txt.visible import visible

out = Console(highlight=False, soft_wrap=False)
talk = Console(stderr=True, highlight=False)


def shown(text: str, style: str = "") -> Text:
    """Return text from data as something that Rich prints literally: no markup, no control codes."""
    return Text(visible(text), style=style)


def say(message: str) -> None:
    """Print a line of talk on stderr, literally."""
    talk.print(Text(message), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write("\n")
