"""The labeling screen: one key labels, saves and moves on."""

import asyncio
import gc
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from rich.text import Text
from textual import events, on
from textual.widgets import Static

from txt.charts.plot import draw_bars
from txt.errors import InputError, TxtError
from txt.labeling.classes import check_new_class, parse_first_classes
from txt.labeling.queue import QueueView
from txt.labeling.rules.rule_book import RuleBook
from txt.labeling.rules.watcher import WatcherMessage
from txt.labeling.scanner import Found, Indexed, ScannerMessage
from txt.labeling.session import LabelSession
from txt.labeling.side_process import Failed, Progress
from txt.labeling.suggest.given import GivenAnswers
from txt.sanitize import clip, sanitize_lines
from txt.screens.keys import find_action
from txt.screens.label.class_bar import ClassBar
from txt.screens.label.file_search import FileSearch
from txt.screens.label.find_dialog import FindDialog, Wanted
from txt.screens.label.group_dialogs import LabelAllDialog, SimilarDialog
from txt.screens.label.leave_questions import (
    Restart,
    TrainNow,
    ask_to_leave,
    ask_to_leave_unsaved,
    ask_to_train,
    ask_what_is_left,
    write_export,
)
from txt.screens.label.messages import RulesAnswered, Scanned
from txt.screens.label.model import build_model_page
from txt.screens.label.options import LabelScreenOptions
from txt.screens.label.panels import RecentList
from txt.screens.label.recent_dialog import RecentDialog
from txt.screens.label.row_screen import RowScreen
from txt.screens.label.rule_link import RuleLink
from txt.screens.label.rule_table import RuleTable
from txt.screens.label.search_links import MeaningLink, ScannerLink
from txt.screens.label.text_pane import TextPane
from txt.screens.widgets.chips import Chips
from txt.screens.widgets.dialogs import LineDialog, PageDialog, TypedAhead
from txt.wording import labeling as label_lines

if TYPE_CHECKING:
    from txt.labeling.suggest.llm_source import LlmSource

_TICK_SECONDS = 0.5
_COUNTING = "the rules go through the file …"


class LabelScreen(RowScreen):
    """Shows one row at a time and turns keys into decisions; the decisions are kept in the session."""

    def __init__(self, session: LabelSession, sitting: LabelScreenOptions) -> None:
        super().__init__(session, sitting)
        self._scanner = ScannerLink(session.rows, sitting.asked, sitting.kept, self._hear, self._lose_search)
        self._meaning = MeaningLink(session.rows, sitting.asked, sitting.kept, self._hear, self._lose_meaning)
        self._file = FileSearch(session, self._scanner, self._meaning)
        self._advised = False
        self._busy = False
        self.llm: LlmSource | None = None
        if sitting.rules is not None:
            self.rules = RuleLink(session, sitting.rules, self._hear_rules, self._lose_rules)

    def on_mount(self) -> None:
        """Draw the first row, and begin to look after the store and the file."""
        self.query_one("#metadata").display = False
        self._draw()
        self.set_interval(_TICK_SECONDS, self._tick)
        self.call_after_refresh(_freeze_memory)
        if not self.session.classes:
            self._ask_classes()
        elif self._file.whole and not self.session.task.review and bool(self.session.states.decided.all()):
            self.app.push_screen(ask_what_is_left(self.session), self._begin_again)
        elif self._sitting.label_all:
            self._do_label_all()
        if not self._file.whole:
            self._scanner.start()
        if self.rules is not None:
            self._tell(_COUNTING)
            self.rules.start()

    def _tick(self) -> None:
        """Load decisions of other annotators, retry unsaved ones, and update the pace."""
        if self._busy:
            return
        session = self.session
        changed = session.refresh()
        if self.rules is not None:
            self.rules.keep_up()
        changed |= self._step_model()
        changed |= self._step_suggestions()
        if session.pending:
            session.retry()
            changed = True
        if changed:
            self._draw()
        self._draw_chart()

    # Keys

    @on(events.Key)
    def _press(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        session = self.session
        session.stopwatch.touch()
        if self.app.screen is not self:  # typed just after the key that opened a dialog: pass it on to the dialog
            self.app.screen.post_message(TypedAhead(event))
            return
        if self._busy:
            return
        if self._decides(event) and not self._guard.admits(event.time):
            self._tell(self._guard.describe())
            return
        self._notice = ""
        pressed = self.query_one(ClassBar).press(event.key, event.character)
        if pressed.chosen is not None:
            self._choose(pressed.chosen)
        elif pressed.used:
            return
        elif action := find_action(event, self.actions, self.query_one(ClassBar).typing):
            self.run_action_named(action.name)
        elif event.key == "enter":
            self._accept()
        elif event.key == "escape":
            self._leave_view()
        elif event.is_printable:
            self._tell(f"{event.character} is not a key here, ? shows all")
        else:
            self.query_one(TextPane).scroll_by_key(event.key)

    def _decides(self, event: events.Key) -> bool:
        """Tell whether a key says something about the text on screen, and so must not come before it was seen."""
        bar = self.query_one(ClassBar)
        action = find_action(event, self.actions, bar.typing)
        return (
            event.key == "enter" or bar.means_class(event.character) or (action is not None and action.name == "skip")
        )

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

    # Deciding

    def _choose(self, name: str) -> None:
        """Label with a class, or where there may be several, put it in or take it out."""
        if not self.session.task.multi_label:
            self._label(name)
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
                self._label(session.join_classes(self._chosen))
        elif session.suggestion is not None and session.suggestion.is_sure:
            self._label(session.suggestion.label)
        elif session.suggestion is not None:
            self._tell("nothing is suggested: the sources are not sure of any class")

    def _label(self, label: str) -> None:
        """Label the row on screen, and say what was just given to it."""
        session, row, before = self.session, self.session.row, len(self.session.pace.sitting)
        told = session.label(label)
        if row is not None and len(session.pace.sitting) > before:
            given = f"row {row + 1:,}: {label or 'no class'}"
            told = f"{given}, {told}" if told else given
        self._tell(told)

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
        if not session.classes:
            self._ask_classes()
            return
        check = partial(check_new_class, names=session.classes, multi_label=session.task.multi_label)
        self._ask("New class", "", session.add_class, check=check)

    def _ask_classes(self) -> None:
        """Ask for the first classes, all at once."""
        read = partial(parse_first_classes, multi_label=self.session.task.multi_label)

        def add(typed: str) -> str:
            for name in read(typed):
                self.session.add_class(name)
            return ""

        self._tell("no classes yet, + adds them")
        hint = "with commas between: positive,negative · esc goes back"
        self._ask("Which classes?", "", add, hint=hint, check=read)

    def _do_recent(self) -> None:
        recent = self.session.list_recent()
        if not recent:
            self._tell("nothing is decided yet")
            return
        self.app.push_screen(RecentDialog(self.session, recent), self._go_to_row)

    def _go_to_row(self, row: int | None) -> None:
        if row is not None:
            self._tell(self.session.jump(row + 1))

    @on(RecentList.Chosen)
    def _click_recent(self, event: RecentList.Chosen) -> None:
        self._go_to_row(event.row)

    def _do_bare(self) -> None:
        self.toggle_class("bare")
        self._tell("z shows all again" if self.has_class("bare") else "")

    def _do_columns(self) -> None:
        panel = self.query_one("#metadata", Static)
        panel.display = not panel.display
        self._draw()

    def _do_help(self) -> None:
        typing = self.query_one(ClassBar).typing
        page = label_lines.build_help_page(self.session.keys, typing, self.session.task.multi_label, self.actions)
        if self._sitting.guide is not None:
            page = Text("\n").join([*label_lines.format_guide(self._sitting.guide, self.session.keys), Text(""), page])
        self.app.push_screen(PageDialog("Keys", page))

    def _do_progress(self) -> None:
        progress, width = self.session.progress(), min(self.size.width - 12, 90)
        counts = {clip(name, 40): count for name, count in progress.classes.items()}
        lines = [Text(" · ".join(label_lines.format_progress(progress))), Text(""), draw_bars(counts, width), Text("")]
        lines.append(label_lines.draw_pace_chart(self.session.pace.sitting, width, 11))
        if self._sitting.active is not None:
            lines[1:1] = [Text(""), build_model_page(self._sitting.active.model_status(), width, self._sitting.goal)]
        self.app.push_screen(PageDialog("So far", Text("\n").join(lines)))

    def _ask(self, title: str, value: str, take: Any, *, hint: str = "", check: Any = lambda _text: None) -> None:
        def answer(text: str | None) -> None:
            if text is not None:
                self._tell(take(text))

        self.app.push_screen(LineDialog(title, value, hint, check), answer)

    def _jump(self, typed: str) -> str:
        digits = typed.replace(",", "").replace(".", "").strip()
        return self.session.jump(int(digits)) if digits.isdecimal() else f"{typed} is not a number"

    # Finding, and labeling all that was found

    def _do_find(self) -> None:
        self._scanner.start()  # it gets ready while the first letters are typed
        view = self.session.queue.view
        typed = self._file.search.query.typed if view is not None and self._file.search is not None else ""
        fired = self.rules.book.list_fired() if self.rules is not None else {}
        dialog = FindDialog(self.session, self._file.begin, typed, fired)
        self.app.push_screen(dialog, self._go_through)

    def _go_through(self, wanted: Wanted | None) -> None:
        if wanted is not None:
            self._file.go_through(wanted.search)
            self._tell("" if wanted.row is None else self.session.jump(wanted.row + 1))

    def _leave_view(self) -> None:
        if self._file.leave_view():
            self._tell("")

    def _do_label_all(self) -> None:
        view = self.session.queue.view
        if view is None:
            self._tell("first / finds something, then b labels all of it")
        elif self._file.searching:
            self._tell("the search is still under way")
        else:
            self.app.push_screen(LabelAllDialog(self.session, view), self._label_all)

    def _label_all(self, answer: tuple[Any, str] | None) -> None:
        if answer is not None:
            self.run_worker(self._work(f"labeling {len(answer[0]):,} rows", self.session.label_all, *answer))

    def _do_similar(self) -> None:
        sitting, item = self._sitting, self.session.item()
        hidden = (
            sitting.suggester.held_out if sitting.suggester else sitting.active.held_out if sitting.active else None
        )
        if item is None:
            return
        if not self._file.whole:
            self._tell("the file is still being read")
        elif (hidden is not None and hidden[item.row]) or (
            sitting.suggester and sitting.suggester.why_hidden(item.row)
        ):
            self._tell("this row measures how good suggestions are, so it is labeled without help")
        else:
            number = self._meaning.find_similar(item.row, hidden)
            dialog = SimilarDialog(self.session, item, number, fast=sitting.fast)
            self.app.push_screen(dialog, self._label_group)

    def _label_group(self, answer: tuple[Any, str] | None) -> None:
        if answer is not None:
            self.run_worker(self._work(f"labeling {len(answer[0]) + 1:,} rows", self.session.label_group, *answer))

    # Leaving

    def _do_leave(self) -> None:
        if self.session.pending and not self.session.retry():
            question = ask_to_leave_unsaved(self.session)
        else:
            question = ask_to_leave(self.session, self._sitting.export_to, len(self._list_open_marks()))
        self.app.push_screen(question, self._leave)

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
        return write_export(self.session, target, self.rules.book if self.rules is not None else None)

    async def _export_and_leave(self) -> None:
        if await self._work("exporting", self._write_export, self._sitting.export_to):
            self._end(self._sitting.export_to)

    def _begin_again(self, choice: str | None) -> None:
        """Do what was chosen where every row had a label from the start."""
        if choice == "look":
            self.session.set_view(QueueView("all rows", np.arange(len(self.session.rows))))
            self._tell("esc leaves")
        elif choice == "leave":
            self._end(None)
        elif choice in ("review", "relabel"):
            self._end(Restart(choice))

    def _do_train(self) -> None:
        counts = self.session.states.class_counts()
        if len(counts) < 2:
            self._tell("a training needs labels of two classes")
        elif self.session.pending and not self.session.retry():
            self._tell("not everything is saved yet")
        else:
            self.app.push_screen(ask_to_train(self.session), self._train)

    def _train(self, choice: str | None) -> None:
        if choice == "train":
            self._end(TrainNow())

    def _end(self, exported: Path | Restart | TrainNow | None) -> None:
        self._scanner.stop()
        self._meaning.stop()
        if self.rules is not None:
            self.rules.stop()
        self.app.exit(exported)

    async def _work(self, doing: str, work: Any, *arguments: Any) -> bool:
        """Run long work in a thread while the screen ignores keys; returns whether it succeeded."""
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
        self.app.notify(sanitize_lines(what), severity=severity, markup=False, timeout=10)

    # The process that reads the file

    def _hear(self, answer: ScannerMessage) -> None:
        self.post_message(Scanned(answer))

    def _lose_search(self) -> None:
        if isinstance(self.app.screen, FindDialog):
            self.app.screen.give_up()

    def _lose_meaning(self) -> None:
        if isinstance(self.app.screen, FindDialog):
            self.app.screen.fail("the process that reads the meaning has ended; words still find")
        elif isinstance(self.app.screen, SimilarDialog):
            self.app.screen.fail("the process that compares texts has ended")

    @on(Scanned)
    def _take_answer(self, event: Scanned) -> None:
        match event.answer:
            case Progress(share):
                self._file.share_read = share
                self._draw_top()
            case Indexed():
                self._adopt_index()
            case Found() as found:
                self._take_found(found)
            case Failed(message):
                self._trouble = message
                if isinstance(self.app.screen, FindDialog | SimilarDialog):
                    self.app.screen.fail(message)
                self._draw()

    def _adopt_index(self) -> None:
        sitting = self._sitting
        if self._file.whole or sitting.kept is None:
            return
        try:
            told = self._file.adopt(sitting.kept, sitting.asked)
        except InputError as error:
            self._trouble = error.message
            self._draw()
        else:
            self._tell(told)

    def _take_found(self, found: Found) -> None:
        dialog = self.app.screen
        if isinstance(dialog, FindDialog) and dialog.search is not None:
            dialog.search.take(found)
            dialog.show_found()
        elif isinstance(dialog, SimilarDialog):
            dialog.take(found)
        if dialog is self and self._file.take(found):
            self._draw()

    # The rules, and the process that watches them

    def _do_rules(self) -> None:
        if self.rules is not None:
            self.rules.book.judge(self.session.states)
            self.app.push_screen(RuleTable(self.rules.book, self.size.width))

    def _hear_rules(self, answer: WatcherMessage) -> None:
        self.post_message(RulesAnswered(answer))

    def _lose_rules(self) -> None:
        self._trouble = "the process that watches the rules has ended: leave, and start again"
        self._draw()

    @on(RulesAnswered)
    def _take_rules(self, event: RulesAnswered) -> None:
        assert self.rules is not None
        if self.rules.take(event.answer):
            self._notice = "" if self._notice == _COUNTING else self._notice
            self._suggest_by_rules(self.rules.book)
            self._draw_text(self.session.item())
        if isinstance(self.app.screen, RuleTable):
            self.app.screen.show()
        self._draw()

    def _suggest_by_rules(self, book: RuleBook) -> None:
        active, suggester = self._sitting.active, self._sitting.suggester
        if suggester is not None:
            if book.proposals is not None:
                suggester.give("rules", GivenAnswers(*book.proposals.answer_all(self.session.classes)))
            suggester.explain["rules"] = book.suggest
        elif not self.session.task.review:  # a review has its own suggestions
            self.session.set_suggest(active.combine_with(book.suggest) if active else book.suggest)

    # The model, and the process that ranks

    def _step_model(self) -> bool:
        """Take over a new queue, and notify when more labels would hardly help; returns whether anything changed."""
        active = self._sitting.active
        if active is None or not active.step():
            return False
        advice = active.model_status().advice
        if advice and not self._advised:
            self._notify(advice)
        self._advised = bool(advice)
        return True

    def _step_suggestions(self) -> bool:
        """Take in new suggestions; that of the row on screen may appear, and does not change."""
        suggester, session = self._sitting.suggester, self.session
        if self.llm is not None:
            self.llm.step()
        if suggester is None or not suggester.step():
            return False
        if suggester.trouble:
            self._trouble = suggester.trouble
        if session.suggestion is None and session.row is not None and not session.states.decided[session.row]:
            session.set_suggest(suggester.suggest)
            item = session.item()
            if item is not None and item.suggestion is not None:
                self._guard.show_text(time.monotonic())  # an enter that comes now was pressed before it could be read
                self._draw_text(item)
        return True

    def tell_of_llm(self, what: str) -> None:
        """Tell of trouble with the language model, once."""
        self._notify(what)

    def _do_why(self) -> None:
        suggestion, suggester = self.session.suggestion, self._sitting.suggester
        if suggestion is None:
            self._tell("nothing is suggested for this text")
            return
        latest = None if suggester is None else suggester.latest
        page = label_lines.explain_suggestion(suggestion, None if latest is None else latest.method)
        if self._sitting.guide is not None:
            page += [Text(""), *label_lines.format_guide(self._sitting.guide, self.session.keys)]
        if self.llm is not None:
            page += [Text(""), Text(self.llm.describe(), style="dim")]
        self.app.push_screen(PageDialog("Why this is suggested", Text("\n").join(page)))


def _freeze_memory() -> None:
    """Exclude the objects made at the start from garbage collection.

    They live until the program ends, and scanning them again and again would delay keys.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
