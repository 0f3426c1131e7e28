"""The labeling screen: one key labels, saves and moves on."""

import asyncio
import gc
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from txt.data.row_index import read_index
from txt.data.rows import Asked
from txt.errors import TxtError
from txt.labeling.actions import ACTIONS, REVIEW_ACTIONS, RULES, Action
from txt.labeling.active.sitting import ActiveLearning
from txt.labeling.active.wording import in_short
from txt.labeling.answers import propose_nothing
from txt.labeling.classes import check_new_class
from txt.labeling.export import export
from txt.labeling.find import Query
from txt.labeling.item import Item
from txt.labeling.pace import spoken
from txt.labeling.rules.rule_book import RuleBook
from txt.labeling.rules.watcher import Answer as RuleAnswer
from txt.labeling.rules.watcher import Mistake, Voted, Watch, Working
from txt.labeling.scanner import Answer, Failed, Found, Indexed, Reading
from txt.labeling.search import Search
from txt.labeling.session import LabelSession
from txt.screens import label_lines
from txt.screens.charts import bars
from txt.screens.chips import Chip, Chips
from txt.screens.class_bar import ClassBar
from txt.screens.dialog import TypedAhead
from txt.screens.find_dialog import FindDialog
from txt.screens.label_all import LabelAll
from txt.screens.label_dialogs import AskLine, Choose, Page
from txt.screens.label_model import model_page
from txt.screens.label_panels import Marks, SidePanel, SuggestionLine, TopLine
from txt.screens.messages import RulesAnswered, Scanned
from txt.screens.rule_link import RuleLink
from txt.screens.rule_table import RuleTable
from txt.screens.scanner_link import ScannerLink
from txt.screens.text_pane import TextPane
from txt.visible import clip, visible_lines

_TICK_SECONDS = 0.5
_WIDE = 110  # columns from which the classes' bars and the pace have a place beside the text
_METADATA_LINES = 6
_COUNTING = "the rules go through the file …"


@dataclass(frozen=True)
class Sitting:
    """What the screen needs besides the session: how the file was asked for, where its index is kept, what to mark.

    `rules` is the file of rules, and `active` what guides the sitting, if there are such.
    """

    asked: Asked
    kept: Path | None
    export_to: Path
    highlight: Sequence[re.Pattern[str]] = ()
    rules: Path | None = None
    active: ActiveLearning | None = None


class LabelScreen(Screen[None]):
    """Shows a row at a time and turns keys into decisions; what is decided lives in the session."""

    def __init__(self, session: LabelSession, sitting: Sitting) -> None:
        super().__init__()
        self.session, self._sitting = session, sitting
        self._chosen: list[str] = []
        self._notice = ""
        self._trouble = ""
        self._search: Search | None = None
        self._scanner = ScannerLink(session.rows, sitting.asked, sitting.kept, self._hear, self._lose_search)
        self._reading = 0.0
        self._advised = False
        self._busy = False
        self._shown_row: int | None = -1
        self._keys_shown: list[Chip] = []
        self.actions: Sequence[Action] = REVIEW_ACTIONS if session.task.review else ACTIONS
        self.rules: RuleBook | None = None
        if sitting.rules is not None:
            self.actions = (*self.actions, RULES)
            self.rules = RuleBook(sitting.rules, session.rows.text)
            watch = Watch(session.rows.path, session.rows.form, sitting.rules, tuple(session.classes))
            self._rule_link = RuleLink(watch, self._hear_rules, self._lose_rules)

    def compose(self) -> ComposeResult:
        """Lay out the text with what is known of it around it."""
        yield TopLine()
        with Horizontal(id="middle"):
            yield TextPane(id="text")
            yield SidePanel()
        yield Static(id="metadata")
        yield SuggestionLine()
        yield Marks()
        yield ClassBar(id="class-bar")
        yield Chips(id="keys")

    # Keys

    @on(events.Key)
    def _press(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        session = self.session
        session.stopwatch.touch()
        if self.app.screen is not self:  # a key came behind the one that opened a dialog, and belongs to that
            self.app.screen.post_message(TypedAhead(event))
            return
        if self._busy:
            return
        self._notice = ""
        pressed = self.query_one(ClassBar).press(event.key, event.character)
        if pressed.chosen is not None:
            self._choose(pressed.chosen)
        elif pressed.used:
            return
        elif action := self._action_for(event):
            self.run_action_named(action.name)
        elif event.key == "enter":
            self._accept()
        elif event.key == "escape":
            self._leave_view()
        elif event.is_printable:
            self._tell(f"{event.character} is no key here, ? shows all")
        else:
            self._scroll(event.key)

    @on(Chips.Pressed)
    def _click(self, event: Chips.Pressed) -> None:
        event.stop()
        if self._busy:
            return
        self._notice = ""
        if event.name in self.session.classes:
            self._choose(event.name)
        elif event.name == "accept":
            self._accept()
        else:
            self.run_action_named(event.name)

    def run_action_named(self, name: str) -> None:
        """Do what one of the `ACTIONS` says."""
        getattr(self, f"_do_{name}")()

    def _action_for(self, event: events.Key) -> Action | None:
        typing = self.query_one(ClassBar).typing
        for action in self.actions:
            easy = "" if typing and action.key.isalnum() else action.key
            if action.other in (event.key, event.character) or (easy and easy == event.character):
                return action
        return None

    def _scroll(self, key: str) -> None:
        pane = self.query_one(TextPane)
        moves = {
            "down": lambda: pane.scroll_lines(1),
            "up": lambda: pane.scroll_lines(-1),
            "pagedown": lambda: pane.scroll_pages(1),
            "pageup": lambda: pane.scroll_pages(-1),
            "home": pane.scroll_to_start,
            "end": pane.scroll_to_end,
        }
        if key in moves:
            moves[key]()

    # Deciding

    def _choose(self, name: str) -> None:
        """Label with a class, or where there may be several, put it in or take it out."""
        if not self.session.task.multi_label:
            self._tell(self.session.label(name))
            return
        if name in self._chosen:
            self._chosen.remove(name)
        else:
            self._chosen.append(name)
        self._draw_classes()

    def _accept(self) -> None:
        """Accept the classes chosen, or the suggestion."""
        session = self.session
        if session.task.multi_label:
            if session.row is not None:
                self._tell(session.label(session.joined(self._chosen)))
        elif session.suggestion is not None:
            self._tell(session.label(session.suggestion.label))

    def _do_skip(self) -> None:
        self._tell(self.session.skip())

    def _do_undo(self) -> None:
        self._tell(self.session.undo())

    def _do_redo(self) -> None:
        self._tell(self.session.redo())

    def _do_back(self) -> None:
        self._tell(self.session.back())

    def _do_forward(self) -> None:
        self._tell(self.session.forward())

    def _do_flag(self) -> None:
        self._tell(self.session.flag())

    def _do_note(self) -> None:
        item = self.session.item()
        if item is not None:
            self._ask("Note on this row", item.note, self.session.set_note)

    def _do_jump(self) -> None:
        total = len(self.session.rows)
        self._ask("Go to row", "", self._jump, hint=f"a number from 1 to {total:,}")

    def _do_add_class(self) -> None:
        session = self.session
        check = partial(check_new_class, names=session.classes, multi_label=session.task.multi_label)
        self._ask("New class", "", session.add_class, check=check)

    def _do_columns(self) -> None:
        panel = self.query_one("#metadata", Static)
        panel.display = not panel.display
        self._draw()

    def _do_help(self) -> None:
        typing = self.query_one(ClassBar).typing
        page = label_lines.help_page(self.session.keys, typing, self.session.task.multi_label, self.actions)
        self.app.push_screen(Page("Keys", page))

    def _do_progress(self) -> None:
        progress, width = self.session.progress(), min(self.size.width - 12, 90)
        counts = {clip(name, 40): count for name, count in progress.classes.items()}
        lines = [Text(" · ".join(label_lines.corner(progress))), Text(""), bars(counts, width), Text("")]
        lines.append(label_lines.pace_chart(self.session.pace.sitting, width, 11))
        if self._sitting.active is not None:
            lines[1:1] = [Text(""), model_page(self._sitting.active.standing(), width)]
        self.app.push_screen(Page("So far", Text("\n").join(lines)))

    def _ask(self, title: str, value: str, take: Any, *, hint: str = "", check: Any = lambda _text: None) -> None:
        def answer(text: str | None) -> None:
            if text is not None:
                self._tell(take(text))

        self.app.push_screen(AskLine(title, value, hint, check), answer)

    def _jump(self, typed: str) -> str:
        digits = typed.replace(",", "").replace(".", "").strip()
        return self.session.jump(int(digits)) if digits.isdecimal() else f"{typed} is not a number"

    # Finding, and labeling all that was found

    def _do_find(self) -> None:
        self._scanner.start()  # it gets ready while the first letters are typed
        view = self.session.queue.view
        dialog = FindDialog(self.session, self._begin_search, view.name if view else "")
        self.app.push_screen(dialog, self._go_through)

    def _begin_search(self, query: Query) -> Search | None:
        """Start to look for something; None while the file is still being read."""
        if not query.reads_file:
            return Search(query, self.session.states)
        if not self._whole:
            return None
        return Search(query, self.session.states, self._scanner.find(query))

    def _go_through(self, search: Search | None) -> None:
        if search is None:
            return
        self._search = search
        self.session.set_view(search.view())
        self._tell("")

    def _leave_view(self) -> None:
        if self.session.queue.view is not None:
            self._search = None
            self.session.set_view(None)
            self._tell("")

    def _do_label_all(self) -> None:
        view = self.session.queue.view
        if view is None:
            self._tell("first / finds something, then b labels all of it")
        elif self._search is not None and not self._search.done:
            self._tell("the search is still under way")
        else:
            self.app.push_screen(LabelAll(self.session, view), self._label_all)

    def _label_all(self, answer: tuple[Any, str] | None) -> None:
        if answer is not None:
            self.run_worker(self._work(f"labeling {len(answer[0]):,} rows", self.session.label_all, *answer))

    # Leaving

    def _do_leave(self) -> None:
        session = self.session
        count, each = len(session.pace.sitting), session.pace.median()
        if session.pending and not session.retry():
            self._ask_leave_unsaved()
            return
        decisions = "1 decision" if count == 1 else f"{count:,} decisions"
        body = Text(f"{decisions} in this sitting, all saved.")
        if session.pace.is_steady() and each is not None:
            body.append(f" {each:.1f} s each, {spoken(sum(session.pace.sitting))} of work.")
        body.append("\n" + " · ".join(label_lines.corner(session.progress())))
        body.append(f"\ne writes {clip(self._sitting.export_to.name, 30)}: the file with its labels")
        choices = [
            Chip("leave", "enter", "leave"),
            Chip("export", "e", "leave and export"),
            Chip("stay", "esc", "stay"),
        ]
        self.app.push_screen(Choose("Leave?", body, choices), self._leave)

    def _ask_leave_unsaved(self) -> None:
        session = self.session
        body = Text(f"{label_lines.unsaved(session)}.", style="bold")
        choices = [
            Chip("retry", "r", "try again"),
            Chip("lose", "x", "leave and lose them"),
            Chip("stay", "esc", "stay"),
        ]
        self.app.push_screen(Choose("Not everything is saved", body, choices), self._leave)

    def _leave(self, choice: str | None) -> None:
        if choice == "retry":
            self._do_leave()
        elif choice == "export":
            self.run_worker(self._export_and_leave())
        elif choice in ("leave", "lose"):
            self._end(None)

    def ask_export(self) -> None:
        """Ask where to export to, and do it."""
        self._ask("Export to", str(self._sitting.export_to), self._export)

    def _export(self, typed: str) -> str:
        self.run_worker(self._work("exporting", self._write_export, Path(typed).expanduser()))
        return ""

    def _write_export(self, target: Path) -> str:
        session = self.session
        proposals = self.rules.proposals if self.rules is not None and self.rules.whole else None
        propose = proposals.answer if proposals is not None else propose_nothing
        count = export(session.rows, session.states, session.journal, target, propose=propose)
        return f"exported to {target.name}, {count:,} labels"

    async def _export_and_leave(self) -> None:
        if await self._work("exporting", self._write_export, self._sitting.export_to):
            self._end(self._sitting.export_to)

    def _end(self, exported: Path | None) -> None:
        self._scanner.stop()
        if self.rules is not None:
            self._rule_link.stop()
        self.app.exit(exported)

    async def _work(self, doing: str, work: Any, *arguments: Any) -> bool:
        """Do something longer beside the screen, which takes no keys meanwhile; tell whether it succeeded."""
        self._busy, self._notice = True, f"{doing} …"
        self._draw()
        try:
            told = await asyncio.to_thread(work, *arguments)
        except TxtError as error:
            told = "it did not work"
            self._notify(error.message + (f"\n{error.hint}" if error.hint else ""), severity="error")
            return False
        else:
            return True
        finally:
            self._busy = False
            self._tell(told)

    def _notify(self, what: str, severity: Literal["information", "error"] = "information") -> None:
        self.app.notify(visible_lines(what), severity=severity, markup=False, timeout=10)

    # The process that reads the file

    @property
    def _whole(self) -> bool:
        """Tell whether all rows of the file are known."""
        return self.session.rows.index.complete

    def _hear(self, answer: Answer) -> None:
        self.post_message(Scanned(answer))

    def _lose_search(self) -> None:
        if isinstance(self.app.screen, FindDialog):
            self.app.screen.give_up()

    @on(Scanned)
    def _take_answer(self, event: Scanned) -> None:
        match event.answer:
            case Reading(share):
                self._reading = share
                self._draw_top()
            case Indexed():
                self._adopt_index()
            case Found() as found:
                self._take_found(found)
            case Failed(message):
                self._trouble = message
                self._draw()

    def _adopt_index(self) -> None:
        sitting, session = self._sitting, self.session
        if self._whole or sitting.kept is None:
            return
        found = read_index(sitting.kept, session.rows.path, sitting.asked)
        if found is None:
            self._trouble = "the data file has changed: leave, and start again"
            self._draw()
            return
        twins = session.adopt(found[1])
        unmatched = len(session.states.unmatched)
        told = [f"{twins:,} identical {'row' if twins == 1 else 'rows'} labeled alike"] if twins else []
        told += [f"{unmatched:,} decisions are about rows that the file no longer has"] if unmatched else []
        self._tell(" · ".join(told))

    def _take_found(self, found: Found) -> None:
        dialog = self.app.screen
        if isinstance(dialog, FindDialog) and dialog.search is not None:
            dialog.search.take(found)
            dialog.answer()
        if self._search is not None and self._search.number == found.number and dialog is self:
            self._search.take(found)
            self.session.extend_view(self._search.view())
            self._draw()

    # The rules, and the process that watches them

    def _do_rules(self) -> None:
        if self.rules is not None:
            self.rules.judge(self.session.states)
            self.app.push_screen(RuleTable(self.rules, self.size.width))

    def _hear_rules(self, answer: RuleAnswer) -> None:
        self.post_message(RulesAnswered(answer))

    def _lose_rules(self) -> None:
        self._trouble = "the process that watches the rules has ended: leave, and start again"
        self._draw()

    @on(RulesAnswered)
    def _take_rules(self, event: RulesAnswered) -> None:
        assert self.rules is not None
        match event.answer:
            case Working(share):
                self.rules.share = share
            case Mistake() as mistake:
                self.rules.mistake = mistake
            case Voted() as voted:
                self.rules.take(voted, self.session.states)
                self._notice = "" if self._notice == _COUNTING else self._notice
                active, suggest = self._sitting.active, self.rules.suggest
                if not self.session.task.review:  # a review has its own suggestions
                    self.session.suggest_by(active.beside(suggest) if active else suggest)
                self._draw_text(self.session.item())
        if isinstance(self.app.screen, RuleTable):
            self.app.screen.show()
        self._draw()

    def _keep_rules(self) -> None:
        """Judge the rules by further labels, and tell the process of further classes."""
        if self.rules is not None:
            self.rules.judge_in_time(self.session.states)
            self._rule_link.keep_classes(tuple(self.session.classes))

    # The model, and the process that ranks

    def _step_model(self) -> bool:
        """Take in a new queue, and tell when more labels would hardly help; tells whether there is news."""
        active = self._sitting.active
        if active is None or not active.step():
            return False
        advice = active.standing().advice
        if advice and not self._advised:
            self._notify(advice)
        self._advised = bool(advice)
        return True

    # Drawing

    def on_mount(self) -> None:
        """Draw the first row, and begin to look after the store and the file."""
        self.query_one("#metadata").display = False
        self._draw()
        self.set_interval(_TICK_SECONDS, self._tick)
        self.call_after_refresh(_settle_memory)
        if not self._whole:
            self._scanner.start()
        if self.rules is not None:
            self._tell(_COUNTING)
            self._rule_link.start()

    @on(events.Resize)
    def _fit(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= _WIDE, "wide")
        self.call_after_refresh(self._draw)
        self.call_after_refresh(lambda: self.query_one(SidePanel).show_pace(self.session.pace.sitting, now=True))

    def _tick(self) -> None:
        """Take in what others did, try again what is not saved, and keep the pace up to date."""
        if self._busy:
            return
        session = self.session
        changed = session.refresh()
        self._keep_rules()
        changed |= self._step_model()
        if session.pending:
            session.retry()
            changed = True
        if changed:
            self._draw()
        self.query_one(SidePanel).show_pace(session.pace.sitting)

    def _tell(self, what: str) -> None:
        """Show what an act did, and the row that is there now."""
        self._notice = what
        self._draw()

    def _draw(self) -> None:
        session = self.session
        item = session.item()
        if session.row != self._shown_row:
            self._shown_row = session.row
            self._chosen = session.states.classes_in(item.label) if item and item.label is not None else []
            self.query_one(ClassBar).clear()
            self._draw_text(item)
        self._draw_top()
        self.query_one(Marks).show(session, item, self._notice, self._trouble or self._rule_trouble())
        self.query_one(SuggestionLine).show(session.suggestion)
        self._draw_classes()
        self._draw_keys()
        if self.query_one("#metadata").display:
            text = label_lines.metadata(item, _METADATA_LINES) if item else Text("")
            self.query_one("#metadata", Static).update(text)

    def _draw_text(self, item: Item | None) -> None:
        pane = self.query_one(TextPane)
        if item is None:
            pane.show(_nothing_left(self.session.queue.view is not None, self._whole, self.session.task.review))
            return
        patterns = list(self._sitting.highlight)
        if self._search is not None and (pattern := self._search.query.pattern()):
            patterns.append(pattern)
        if item.suggestion is not None:
            patterns += [label_lines.mark(word, item.text) for word in item.suggestion.words]
        pane.show(item.text, patterns)

    def _rule_trouble(self) -> str:
        return self.rules.mistake.message if self.rules is not None and self.rules.mistake is not None else ""

    def _draw_top(self) -> None:
        active = self._sitting.active
        model = in_short(active.standing()) if active else ""
        self.query_one(TopLine).show(self.session, self._search, None if self._whole else self._reading, model)

    def _draw_classes(self) -> None:
        session, marked = self.session, self._chosen
        if not session.task.multi_label and session.row is not None:
            label = session.states.label(session.row)
            marked = [] if label is None else [label]
        counts, wide = session.progress().classes, self.has_class("wide")
        self.query_one(ClassBar).show(session.classes, session.keys, {} if wide else counts, marked)
        if wide:
            self.query_one(SidePanel).show(counts)

    def _draw_keys(self) -> None:
        typing = self.query_one(ClassBar).typing
        keys = [_shown_key(action, typing, self.session.keys) for action in self.actions]
        named = zip(self.actions, keys, strict=True)
        chips = [Chip(action.name, key, action.word, quiet=True) for action, key in named]
        if self.session.task.multi_label:
            chips.insert(0, Chip("accept", "enter", "accept", quiet=True))
        if self._keys_shown != chips:
            self._keys_shown = chips
            self.query_one("#keys", Chips).show(chips)


def _settle_memory() -> None:
    """Set aside what the start made: it stays to the end, and looking through it again and again delays keys."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _shown_key(action: Action, typing: bool, label_keys: dict[str, str]) -> str:
    """Return the key under which an action can be had now: classes may have taken its easy one."""
    taken = action.key in label_keys.values() or (typing and action.key.isalnum())
    return action.other if taken else action.key


def _nothing_left(in_view: bool, whole: bool, review: bool) -> str:
    if in_view:
        return "Nothing here without a label. esc leaves the filter."
    if review:
        return "Every doubtful label was looked at.\n\n← goes back · q leaves, and can export"
    if not whole:
        return "All rows read so far are labeled; the file is still being read."
    return "Every row is labeled or skipped.\n\n← goes back · / finds · q leaves, and can export"
