"""Shows the row of the labeling screen, with what is known of it around the text."""

import time
from collections.abc import Sequence
from functools import partial

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from txt.actions import Action
from txt.labeling.actions import ACTIONS, REVIEW_ACTIONS, RULES, WHY
from txt.labeling.active.model_status_text import summarize_status
from txt.labeling.item import Item, Opinion
from txt.labeling.session import LabelSession
from txt.screens.app import ActingScreen
from txt.screens.keys import build_action_chips
from txt.screens.label.class_bar import ClassBar
from txt.screens.label.file_search import FileSearch
from txt.screens.label.model import draw_learning_curve, has_curve
from txt.screens.label.options import LabelScreenOptions
from txt.screens.label.panels import Marks, SidePanel, SuggestionLine, TopLine
from txt.screens.label.reading_layout import lay_out
from txt.screens.label.rule_link import RuleLink
from txt.screens.label.text_pane import TextPane
from txt.screens.label.typed_ahead import TypedAheadGuard
from txt.screens.widgets.chips import Chip, Chips
from txt.wording import labeling as label_lines

_LEAST_LINES = 6  # for a text, so that the keys below it do not move with each short one
_METADATA_LINES = 6
_NEEDED = ("undo", "help", "leave")  # shown where there is no room for all keys


class RowScreen(ActingScreen):
    """Draws one row of a session; `_tell` is what all that changes something ends with.

    `_chosen` are the classes marked on the row, `_notice` says what the last key did, and `_trouble` what is wrong.
    """

    rules: RuleLink | None = None
    _file: FileSearch

    def __init__(self, session: LabelSession, sitting: LabelScreenOptions) -> None:
        super().__init__()
        self.session, self._sitting = session, sitting
        self._chosen: list[str] = []
        self._kept_marks: dict[int, list[str]] = {}
        self._first_marks: list[str] = []
        self._guard = TypedAheadGuard(is_off=sitting.fast)
        self._notice = ""
        self._trouble = ""
        self._shown_row: int | None = -1
        self._keys_shown: list[Chip] = []
        self._text_lines = 0
        self._decided_shown: tuple[int, int, int | None] | None = None
        self._opinions: list[Opinion] = []

    def compose(self) -> ComposeResult:
        """Lay out the text with what is known of it around it."""
        with Vertical(id="desk"):
            yield TopLine()
            with Horizontal(id="middle"):
                with Vertical(id="reading"):
                    yield TextPane(id="text")
                    yield Static(id="metadata")
                    yield SuggestionLine()
                    yield Marks()
                    yield ClassBar(id="class-bar")
                    yield Chips(id="keys", gap=2)
                yield SidePanel()

    @property
    def actions(self) -> Sequence[Action]:
        """What keys do here."""
        usual = REVIEW_ACTIONS if self.session.task.review else ACTIONS
        if self._sitting.suggester is not None:
            usual = (*usual, WHY)
        return usual if self.rules is None else (*usual, RULES)

    def _tell(self, what: str) -> None:
        """Show what an act did, and the row that is there now."""
        self._notice = what
        self._draw()

    @on(events.Resize)
    def _fit(self, event: events.Resize) -> None:
        layout = lay_out(*event.size)
        self.set_class(bool(layout.side), "wide")
        self.set_class(layout.is_low, "low")
        desk = self.query_one("#desk")
        desk.styles.width, desk.styles.padding = layout.width, (layout.padding, 0, 0, 0)
        self.query_one(ClassBar).limit_lines(layout.class_lines)
        self._text_lines, self._decided_shown = 0, None
        self._make_room()
        self.call_after_refresh(self._draw)
        self.call_after_refresh(self._draw_chart, now=True)

    def _make_room(self) -> None:
        """Let the text have as many lines as it needs, and never fewer than one before it: the keys below stay."""
        layout = lay_out(*self.app.size)
        most = self.app.size.height
        needed = min(self.query_one(TextPane).count_lines(layout.text, most) + 1, most)
        if needed > self._text_lines:
            self._text_lines = max(needed, _LEAST_LINES)
            self.query_one(TextPane).styles.max_height = self._text_lines

    def _draw_chart(self, *, now: bool = False) -> None:
        active, draw = self._sitting.active, partial(label_lines.draw_pace_chart, self.session.pace.sitting)
        if active is not None and has_curve(status := active.model_status()):
            draw = partial(draw_learning_curve, status.curve, self._sitting.goal)
        self.query_one(SidePanel).show_chart(draw, now=now)

    def _draw(self) -> None:
        session = self.session
        item = session.item()
        if session.row != self._shown_row:
            self._change_row(item)
        self._draw_top()
        self._look_up_decisions()
        opinions = [] if self.has_class("wide") else self._opinions
        self.query_one(Marks).show(session, item, self._notice, self._trouble or self._find_rule_trouble(), opinions)
        self.query_one(SuggestionLine).show(session.suggestion, session.task.multi_label)
        self._draw_classes()
        self._draw_keys()
        if self.query_one("#metadata").display:
            text = label_lines.format_metadata(item, _METADATA_LINES) if item else Text("")
            self.query_one("#metadata", Static).update(text)

    def _change_row(self, item: Item | None) -> None:
        """Show another row; marks that were set on the one before and not accepted wait until it comes again."""
        session, before = self.session, self._shown_row
        if session.task.multi_label and before is not None and before >= 0:
            if self._is_marked(before, self._chosen):
                self._kept_marks[before] = self._chosen
                self._notice = self._notice or f"the marks on row {before + 1:,} are kept, and not accepted yet"
            else:
                self._kept_marks.pop(before, None)
        if before != -1:  # the first text was painted before there was a screen
            self._guard.show_text(time.monotonic())
        self._shown_row = session.row
        kept = self._kept_marks.get(session.row) if session.row is not None else None
        self._first_marks = self._read_classes(session.row)
        if session.task.multi_label:
            self._first_marks = session.first_classes()
        self._chosen = list(self._first_marks if kept is None else kept)
        self.query_one(ClassBar).clear()
        self._draw_text(item)

    def _read_classes(self, row: int | None) -> list[str]:
        label = self.session.states.label(row) if row is not None else None
        return [] if label is None else list(self.session.states.classes_in(label))

    def _is_marked(self, row: int, chosen: Sequence[str]) -> bool:
        """Tell whether the marks of a row are others than its label's, or than those that were suggested at first."""
        is_suggested = row == self._shown_row and self.session.states.label(row) is None
        return set(chosen) != set(self._first_marks if is_suggested else self._read_classes(row))

    def _list_open_marks(self) -> list[int]:
        """Return the rows with marks that were not accepted."""
        rows = dict(self._kept_marks)
        if self.session.task.multi_label and self.session.row is not None:
            rows[self.session.row] = self._chosen
        return sorted(row for row, chosen in rows.items() if self._is_marked(row, chosen))

    def _draw_text(self, item: Item | None) -> None:
        pane, session = self.query_one(TextPane), self.session
        if item is None:
            in_view = session.queue.view is not None
            pane.show(label_lines.describe_nothing_left(in_view, self._file.whole, session.task.review))
            return
        patterns = list(self._sitting.highlight)
        if self._file.search is not None and (pattern := self._file.search.query.pattern()):
            patterns.append(pattern)
        if item.suggestion is not None:
            patterns += [label_lines.build_word_pattern(word, item.text) for word in item.suggestion.words]
        pane.show(item.text, patterns)
        self._make_room()

    def _look_up_decisions(self) -> None:
        """Look up the last decisions, and what others say of this row, where either may have changed."""
        session = self.session
        decided = (session.journal.last_number, len(session.pending), session.row)
        if decided != self._decided_shown:
            self._decided_shown = decided
            self._opinions = session.list_opinions()
            if self.has_class("wide"):
                self.query_one(SidePanel).show(session.list_recent(), self._opinions)

    def _find_rule_trouble(self) -> str:
        mistake = self.rules.book.mistake if self.rules is not None else None
        return mistake.message if mistake is not None else ""

    def _draw_top(self) -> None:
        active = self._sitting.active
        model = summarize_status(active.model_status()) if active else ""
        share_read = None if self._file.whole else self._file.share_read
        self.query_one(TopLine).show(self.session, self._file.search, share_read, model)

    def _draw_classes(self) -> None:
        session, marked = self.session, self._chosen
        if not session.task.multi_label and session.row is not None:
            label = session.states.label(session.row)
            marked = [] if label is None else [label]
        likely = session.suggestion.ranked if session.suggestion is not None else ()
        self.query_one(ClassBar).show(session.classes, session.keys, session.progress().classes, marked, likely)

    def _draw_keys(self) -> None:
        typing, session = self.query_one(ClassBar).typing, self.session
        every = lay_out(*self.app.size).shows_all_keys
        actions = [each for each in self.actions if every or each.name in _NEEDED]
        chips = build_action_chips(actions, typing, session.keys, session.task.multi_label)
        if self._keys_shown != chips:
            self._keys_shown = chips
            self.query_one("#keys", Chips).show(chips)
