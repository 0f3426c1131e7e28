"""A console on which texts from data are letters and nothing else."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.segment import Segment

from txt.sanitize import sanitize_lines


class LiteralConsole(Console):
    """Prints as Rich does, but no code that stands in a text reaches the terminal: only those of Rich's own styles.

    Texts are sanitized where they are put together, so that columns fit. This holds where that was forgotten.
    """

    def render(self, renderable: Any, options: Any = None) -> Iterable[Segment]:
        """Yield the pieces of what is printed, with visible characters for control codes."""
        for each in super().render(renderable, options):
            if each.control or each.text.isprintable():
                yield each
            else:
                yield Segment(sanitize_lines(each.text), each.style)
