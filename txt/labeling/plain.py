"""Labeling line by line: the screen's keys, each with Enter; for pipes, scripts and screen readers."""

from collections.abc import Callable, Iterator
from typing import TextIO

from txt.durations import roughly
from txt.errors import InputError, TxtError
from txt.labeling.actions import ACTIONS
from txt.labeling.active.sitting import ActiveLearning
from txt.labeling.active.wording import in_full
from txt.labeling.classes import MOST_KEYS, check_new_class, matching
from txt.labeling.find import parse_query, scan_rows
from txt.labeling.item import Suggestion
from txt.labeling.queue import View
from txt.labeling.scanner import Found
from txt.labeling.search import Search
from txt.labeling.session import LabelSession
from txt.sanitize import visible, visible_lines


class PlainLabeling:
    """Asks on one stream and reads the answers from another, until there are no more of either."""

    def __init__(
        self,
        session: LabelSession,
        answers: TextIO,
        write: Callable[[str], None],
        active: ActiveLearning | None = None,
    ) -> None:
        self._session = session
        self._active = active
        self._lines = self._read(answers)
        self._write = write
        self._chosen: list[str] = []
        self._left = False

    def run(self) -> None:
        """Ask until everything is labeled, the annotator leaves, or the answers end.

        Raises:
            TxtError: decisions could not be saved up to the end.
        """
        self._say(f"Type a key and Enter: {self._prompt()}, or ? for all keys.")
        while not self._left and (self._session.item() is not None or self._session.queue.view is not None):
            self._show()
            answer = next(self._lines, None)
            if answer is None:
                break
            if self._active is not None:
                self._active.step()
            self._take(answer)
            if self._active is not None:
                self._active.step()
        if not self._session.retry():
            count, problem = len(self._session.pending), self._session.problem
            raise TxtError(f"{count} decisions are not saved: {problem}", "make room, and label them again")
        if self._session.item() is None:
            self._say("Every row is labeled or skipped.")

    def _read(self, answers: TextIO) -> Iterator[str]:
        """Yield the answers; those that nobody typed here are written out, so that the record can be read."""
        typed = answers.isatty()
        for line in answers:
            answer = line.rstrip("\r\n")
            if not typed:
                self._say(visible(answer))
            yield answer

    def _show(self) -> None:
        item = self._session.item()
        if item is None:
            self._say("Nothing here without a label. An empty / leaves the filter.")
            return
        self._say(f"\nText {item.row + 1}: {visible_lines(item.text)}")
        known = [f"labeled {visible(item.label)}"] if item.label is not None else []
        known += ["skipped"] if item.skipped else []
        known += ["flagged"] if item.flagged else []
        known += [f"{item.copies} identical rows"] if item.copies > 1 else []
        known += [f"note: {visible(item.note)}"] if item.note else []
        if known:
            self._say(f"({', '.join(known)})")
        if item.suggestion is not None:
            self._say(f"(suggested: {_told(item.suggestion)})")
        self._write(f"Label ({self._prompt()}): ")

    def _take(self, answer: str) -> None:
        """Do what a line asks for: a class by key or name, or an action by key, its argument behind it or asked for."""
        session, typed = self._session, answer.strip()
        session.stopwatch.touch()
        chosen = self._class(typed)
        if chosen is not None:
            self._choose(chosen)
        elif typed == "" and session.task.multi_label and session.row is not None:
            self._tell(session.label(session.joined(self._chosen)))
            self._chosen.clear()
        elif typed == "" and answer == "":
            self._say(f"Type a key and Enter: {self._prompt()}, or ? for all keys.")
        else:
            self._act(typed or "s")  # a space skips, as on the screen

    def _class(self, typed: str) -> str | None:
        session = self._session
        by_key = {key: name for name, key in session.keys.items()}
        if typed in session.classes:
            return typed
        if len(session.classes) <= MOST_KEYS:
            return by_key.get(typed)
        found = matching(typed, session.classes) if len(typed) > 1 else []
        return found[0] if len(found) == 1 else None

    def _choose(self, name: str) -> None:
        if not self._session.task.multi_label:
            self._tell(self._session.label(name))
        elif name in self._chosen:
            self._chosen.remove(name)
        else:
            self._chosen.append(name)
        if self._chosen:
            self._say(f"{self._session.joined(self._chosen)}; Enter accepts")

    def _act(self, typed: str) -> None:
        session, key, argument = self._session, typed[0], typed[1:].strip()
        acts: dict[str, Callable[[], str]] = {
            "s": session.skip,
            "u": session.undo,
            "U": session.redo,
            "<": session.back,
            ">": session.forward,
            "f": session.flag,
            "n": lambda: session.set_note(argument or self._ask("Note: ")),
            "/": lambda: self._find(argument or self._ask("Find: ")),
            "b": lambda: self._label_all(argument or self._ask("Label all of them as: ")),
            "g": lambda: self._jump(argument or self._ask("Row: ")),
            "m": self._columns,
            "+": lambda: self._add_class(argument or self._ask("New class: ")),
            "p": self._progress,
            "?": self._keys,
            "q": self._leave,
        }
        takes_argument = key in "n/bg+"
        if key not in acts or (argument and not takes_argument):
            self._say(f"`{visible(typed)}` is no key here: {self._prompt()}, or ? for all keys.")
            return
        if key in "su<>gq/":
            self._chosen.clear()
        try:
            self._tell(acts[key]())
        except TxtError as error:
            self._say(error.message + (f" ({error.hint})" if error.hint else ""))

    def _ask(self, prompt: str) -> str:
        self._write(prompt)
        return next(self._lines, "").strip()

    def _find(self, typed: str) -> str:
        session = self._session
        if not typed:
            session.set_view(None)
            return "the whole file again"
        query = parse_query(typed, session.rows.form.columns, session.classes, session.states.annotators())
        search = Search(query, session.states)
        if query.reads_file:
            count = len(session.rows)
            for rows, looked_at in scan_rows(session.rows.path, session.rows.form, session.rows.index, query):
                search.take(Found(0, rows, looked_at / count, looked_at == count))
        if not len(search.rows):
            return "nothing found"
        session.set_view(View(typed, search.rows))
        return f"{len(search.rows):,} rows found; an empty / leaves them, b labels all of them"

    def _label_all(self, typed: str) -> str:
        session, view = self._session, self._session.queue.view
        if view is None:
            return "first / finds something, then b labels all of it"
        name = self._class(typed)
        if name is None:
            raise InputError(f"`{visible(typed)}` is no class", self._prompt())
        rows = session.bulk_rows(view.rows, overwrite=False)
        for row in rows[:5].tolist():
            self._say(f"  {row + 1:,}: {visible(session.rows.text(row))[:70]}")
        if self._ask(f"Label these {len(rows):,} rows without a label {visible(name)}? (y) ") != "y":
            return "nothing labeled"
        return session.label_all(rows, name)

    def _jump(self, typed: str) -> str:
        return self._session.jump(int(typed)) if typed.isdecimal() else f"`{visible(typed)}` is not a number"

    def _add_class(self, typed: str) -> str:
        session = self._session
        return session.add_class(check_new_class(typed, session.classes, session.task.multi_label))

    def _columns(self) -> str:
        item = self._session.item()
        shown = {visible(name): visible(value) for name, value in item.metadata.items()} if item else {}
        return "\n".join(f"{name}: {value}" for name, value in shown.items()) or "there are no other columns"

    def _progress(self) -> str:
        progress = self._session.progress()
        lines = [f"{progress.done:,} done, {progress.left:,} left"]
        if progress.seconds_each is not None and progress.seconds_left is not None:
            lines.append(f"{progress.seconds_each:.1f} s each, {roughly(progress.seconds_left)} to go")
        lines += [f"{visible(name)}: {count:,}" for name, count in progress.classes.items()]
        return "\n".join([*lines, *(in_full(self._active.standing()) if self._active else [])])

    def _keys(self) -> str:
        typable = {"←": "<", "→": ">"}
        lines = [self._prompt()]
        lines += [f"{typable.get(action.key, action.key)}  {action.help}" for action in ACTIONS]
        return "\n".join(lines)

    def _leave(self) -> str:
        self._left = True
        return ""

    def _prompt(self) -> str:
        session = self._session
        if len(session.classes) > MOST_KEYS:
            return f"one of {len(session.classes)} classes, by its name"
        return ", ".join(f"{key}={visible(name)}" for name, key in session.keys.items())

    def _tell(self, what: str) -> None:
        if what:
            self._say(what)
        if self._session.pending:
            self._say(f"not saved yet: {self._session.problem}; trying again")

    def _say(self, what: str) -> None:
        self._write(what + "\n")


def _told(suggestion: Suggestion) -> str:
    score = "" if suggestion.score is None else f" {suggestion.score:.0%}"
    return visible(suggestion.label) + score + (f" · {visible(suggestion.reason)}" if suggestion.reason else "")
