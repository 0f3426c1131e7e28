"""The table of rules over the labeling screen; it changes while the rules file is edited elsewhere."""

from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from txt.labeling.rules.rule_book import RuleBook
from txt.sanitize import sanitize, sanitize_lines
from txt.screens.widgets.dialogs import PageDialog
from txt.wording.rules import format_rule_table

_MARGIN = 6  # cells that the page and its scroll bar take
_WIDEST = 110


class RuleTable(PageDialog):
    """Shows how good the rules are, and what is wrong in their file."""

    def __init__(self, book: RuleBook, width: int) -> None:
        self._book, self._width = book, min(width - _MARGIN, _WIDEST)
        super().__init__(
            f"Rules of {sanitize(book.path.name)}: edit the file, and the table follows", self._build_table()
        )

    def show(self) -> None:
        """Show what the book says now."""
        self.query_one(VerticalScroll).query_one(Static).update(self._build_table())

    def _build_table(self) -> Text:
        book, parts = self._book, []
        if book.mistake is not None:
            wrong = f"! {sanitize_lines(book.mistake.message)}"
            parts += [Text(wrong, style="bold reverse"), Text(sanitize_lines(book.mistake.hint or "")), Text("")]
        analysis = book.analysis()
        if analysis is None:
            parts.append(Text(f"the rules go through the file: {book.share:.0%}"))
        else:
            if not book.whole:
                parts.append(Text(f"the first rows only, the others follow: {book.share:.0%}", style="dim"))
            parts.append(format_rule_table(analysis, self._width))
        return Text("\n").join(parts)
