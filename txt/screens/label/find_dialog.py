"""The dialog that searches and filters rows, with results while typing."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.timer import Timer
from textual.widgets import Input, Static

from txt.errors import InputError
from txt.labeling.query import STATES, Query, parse_query
from txt.labeling.row_states import Mask
from txt.labeling.search import Search
from txt.labeling.session import LabelSession
from txt.sanitize import clip, sanitize
from txt.screens.widgets.dialogs import Dialog, make_steady_input
from txt.screens.widgets.row_list import RowList
from txt.time_limit import TooSlowError, time_limit

_OTHERS = 16  # lines of the dialog beside the rows found
_MOST_SECONDS = 0.1  # of processor time for the match in one row
_MOVES = ("up", "down", "pageup", "pagedown")
_PAUSE_SECONDS = 0.06  # between the last letter and the search


class Wanted(NamedTuple):
    """A search to go through, which may still be under way, and the row to begin with, if one was chosen."""

    search: Search
    row: int | None


class FindDialog(Dialog[Wanted | None]):
    """Asks what to look for; the arrows go through what was found."""

    BINDINGS = [("escape", "dismiss(None)", "Back")]  # noqa: RUF012

    def __init__(
        self,
        session: LabelSession,
        begin: Callable[[Query], Search | None],
        typed: str = "",
        fired: Mapping[str, Mask] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self._fired = fired
        self._session, self._begin, self._typed = session, begin, typed
        self._search: Search | None = None
        self._pause: Timer | None = None
        self._wanted = False

    def compose(self) -> ComposeResult:
        """Lay out the line, what was found, and what can be asked."""
        with Vertical(classes="dialog wide"):
            yield Static(Text("Find"), classes="title")
            yield make_steady_input(self._typed, placeholder="words, /regex/, ~ a meaning, or a filter")
            yield Static(id="count")
            yield RowList(_OTHERS, id="found")
            yield Static(self._build_help(), classes="quiet", id="help")

    def on_mount(self) -> None:
        """Look for what stands in the line already."""
        self._begin_search()

    def show_found(self) -> None:
        """Show the rows found so far."""
        self._draw()
        self._leave_if_found()

    def give_up(self) -> None:
        """Say that the search took too long."""
        self.fail("that took too long: a regular expression can go on for ever")

    def fail(self, why: str) -> None:
        """Say why nothing is found."""
        self._search = None
        self._say(why)

    @property
    def search(self) -> Search | None:
        """The search under way, if any."""
        return self._search

    @on(Input.Changed)
    def _wait(self) -> None:
        self._wanted = False
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE_SECONDS, self._begin_search)

    @on(Input.Submitted)
    def _submit(self) -> None:
        if self._search is None or self._search.query.typed != self.query_one(Input).value.strip():
            self._begin_search()
        self._wanted = True
        self._leave_if_found()

    def _leave_if_found(self) -> None:
        """Go through what was found as soon as that was wanted and there is something."""
        if self._wanted and self._search is not None and len(self._search.rows):
            rows = self.query_one(RowList)
            if len(self._search.rows) == len(rows.left_out):
                self._wanted = False  # nothing is left to go through
                return
            self._search.left_out = frozenset(rows.left_out)
            row = None if rows.chosen is None else int(self._search.rows[rows.chosen])
            self.dismiss(Wanted(self._search, None if row in rows.left_out else row))

    def _begin_search(self) -> None:
        """Begin the search for what is typed now."""
        if self._pause is not None:
            self._pause.stop()
            self._pause = None
        self._search = None
        self.query_one(RowList).reset()
        typed = self.query_one(Input).value.strip()
        session = self._session
        try:
            query = parse_query(
                typed, session.rows.form.columns, session.classes, session.states.annotators(), self._fired
            )
        except InputError as error:
            self._say(error.message + (f" · {error.hint}" if error.hint else ""))
            return
        if not typed:
            self._say("")
            return
        self._search = self._begin(query)
        self._draw()

    @on(RowList.Changed)
    def _move_in_list(self) -> None:
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """Go through what was found with the keys that mean nothing in a line; space types."""
        found = self.query_one(RowList)
        if self._pause is not None and event.key in _MOVES:
            self._begin_search()  # else it would begin a moment later, and lead back to the first row
        in_list = event.key == "delete" and found.chosen is not None
        if (event.key in _MOVES or in_list) and found.press(event.key):
            event.stop()
            event.prevent_default()

    def _say(self, what: str) -> None:
        self.query_one("#count", Static).update(Text(sanitize(what), style="bold"))
        self.query_one(RowList).show(np.empty(0, np.int64), lambda _row: Text())

    def _draw(self) -> None:
        search = self._search
        if search is None:
            self._say("the file is still being read" if self.query_one(Input).value.strip() else "")
            return
        found = self.query_one(RowList)
        found.show(search.rows, lambda row: self._format_row(row, search))
        count = len(search.rows)
        rows = "1 row" if count == 1 else f"{count:,} rows" if count else "nothing"
        more = "" if search.done else f" so far, {search.share:.0%} looked at"
        if search.query.meaning:
            rows = f"the nearest {rows}" if count else "nothing alike"
            if not search.done:
                rows, more = "reading what all texts mean", f", {search.share:.0%}"
        hint = " · enter goes through them" if count else ""
        place = f" · {found.describe_place()}" if found.describe_place() else ""
        self.query_one("#count", Static).update(Text.assemble((rows, "bold"), more, place, (hint, "dim")))

    def _format_row(self, row: int, search: Search) -> Text:
        """Return a row's number and the stretch of its text where the match is."""
        try:
            with time_limit(_MOST_SECONDS):
                return self._format_match(row, search.query.pattern())
        except TooSlowError:  # it was found by a process that may take longer; the screen may not
            return self._format_match(row, None)

    def _format_match(self, row: int, pattern: re.Pattern[str] | None) -> Text:
        width = max(self.size.width - 20, 20)
        text = self._session.rows.text(row)
        match = pattern.search(text) if pattern else None
        start = max(match.start() - width // 3, 0) if match and match.end() > width else 0
        line = Text(f"{row + 1:>9,}  ", style="dim")
        shown = Text(("…" if start else "") + clip(text[start : start + width], width), style="not dim")
        if pattern:
            shown.highlight_regex(pattern, "bold underline")
        return line.append_text(shown)

    def _build_help(self) -> Text:
        form = self._session.rows.form
        columns = [f"{sanitize(name)}:VALUE" for name in form.columns if name != form.text_column]
        lines = [
            "~ refund never came: the rows nearest in meaning, the best first",
            f"is:{' · '.join(STATES)}",
            " · ".join(["label:CLASS", "by:NAME", *(["rule:NAME"] if self._fired else []), *columns]),
            "* in a value is anything · -is:flagged inverts a filter",
            "↓ ↑ choose a row to begin with · del leaves it out",
        ]
        return Text("\n".join(lines))
