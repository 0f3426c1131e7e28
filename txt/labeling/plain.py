"""Line-based labeling with the screen's keys, each followed by Enter; for pipes, scripts and screen readers."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from txt.durations import format_estimate
from txt.errors import InputError, TxtError
from txt.labeling.actions import ACTIONS
from txt.labeling.active.active_learning import ActiveLearning
from txt.labeling.active.model_status_text import describe_status
from txt.labeling.classes import MOST_KEYS, check_new_class, find_class
from txt.labeling.guide import Guide
from txt.labeling.item import Suggestion
from txt.labeling.query import parse_query, scan_rows
from txt.labeling.queue import QueueView
from txt.labeling.scanner import Found
from txt.labeling.search import Search
from txt.labeling.session import LabelSession
from txt.labeling.suggest.suggester import Suggester
from txt.sanitize import sanitize, sanitize_lines

if TYPE_CHECKING:
    from txt.labeling.suggest.llm_source import LlmSource


class PlainLabeling:
    """Asks on one stream and reads the answers from another, until there are no more of either."""

    def __init__(
        self,
        session: LabelSession,
        answers: TextIO,
        write: Callable[[str], None],
        active: ActiveLearning | None = None,
        guide: Guide | None = None,
        suggester: Suggester | None = None,
        llm: "LlmSource | None" = None,
    ) -> None:
        self._session = session
        self._guide, self._suggester, self._llm = guide, suggester, llm
        self._active = active
        self._lines = self._read_answers(answers)
        self._write = write
        self._chosen: list[str] = []
        self._shown_row: int | None = None
        self._stopped = False

    def run(self) -> None:
        """Ask until everything is labeled, the annotator leaves, or the answers end.

        Raises:
            TxtError: decisions could not be saved up to the end.
        """
        self._say(f"Type a key and Enter: {self._make_prompt()}, or ? for all keys.")
        while not self._stopped and (self._session.item() is not None or self._session.queue.view is not None):
            self._show()
            answer = next(self._lines, None)
            if answer is None:
                break
            self._step()
            self._handle_line(answer)
            self._step()
        if not self._session.retry():
            count, problem = len(self._session.pending), self._session.problem
            raise TxtError(f"{count} decisions are not saved: {problem}", "make room, and label them again")
        if self._session.item() is None:
            self._say("Every row is labeled or skipped.")

    def _step(self) -> None:
        """Take in what the processes beside this one have found."""
        if self._active is not None:
            self._active.step()
        if self._llm is not None:
            self._llm.step()
        if self._suggester is not None and self._suggester.step() and self._session.suggestion is None:
            self._session.set_suggest(self._suggester.suggest)

    def _read_answers(self, answers: TextIO) -> Iterator[str]:
        """Yield the answers; those that nobody typed here are written out, so that the record can be read."""
        typed = answers.isatty()
        for line in answers:
            answer = line.rstrip("\r\n")
            if not typed:
                self._say(sanitize(answer))
            yield answer

    def _show(self) -> None:
        item = self._session.item()
        if item is None:
            self._say("Nothing here without a label. An empty / leaves the filter.")
            return
        if item.row != self._shown_row and self._session.task.multi_label:  # keys change the labels that it has
            self._chosen = self._session.first_classes()
        self._shown_row = item.row
        self._say(f"\nText {item.row + 1}: {sanitize_lines(item.text)}")
        known = [f"labeled {sanitize(item.label)}"] if item.label is not None else []
        known += ["skipped"] if item.skipped else []
        known += ["flagged"] if item.flagged else []
        known += [f"{item.copies} identical rows"] if item.copies > 1 else []
        known += [f"note: {sanitize(item.note)}"] if item.note else []
        if known:
            self._say(f"({', '.join(known)})")
        if item.suggestion is not None:
            how = "suggested" if item.suggestion.is_sure else "perhaps"
            self._say(f"({how}: {_describe_suggestion(item.suggestion)})")
        self._write(f"Label ({self._make_prompt()}): ")

    def _handle_line(self, answer: str) -> None:
        """Do what a line asks for: a class by key or name, or an action by key, its argument behind it or asked for."""
        session, typed = self._session, answer.strip()
        session.stopwatch.touch()
        chosen = self._find_class(typed)
        if chosen is not None:
            self._choose(chosen)
        elif typed == "" and session.task.multi_label and session.row is not None:
            self._label(session.join_classes(self._chosen))
            self._chosen.clear()
        elif typed == "" and answer == "":
            self._say(f"Type a key and Enter: {self._make_prompt()}, or ? for all keys.")
        else:
            self._act(typed or "s")  # a space skips, as on the screen

    def _find_class(self, typed: str) -> str | None:
        return find_class(typed, self._session.classes, self._session.keys)

    def _choose(self, name: str) -> None:
        if not self._session.task.multi_label:
            self._label(name)
        elif name in self._chosen:
            self._chosen.remove(name)
        else:
            self._chosen.append(name)
        if self._session.task.multi_label:
            self._say(f"{self._session.join_classes(self._chosen) or 'no class'}; Enter accepts")

    def _label(self, label: str) -> None:
        """Label the text, and say which class it got: a mistyped key must not go unseen."""
        row = self._session.row
        more = self._session.label(label)
        if row is not None and self._session.states.label(row) == label:
            more = f"labeled {sanitize(label) or 'with no class'}" + (f", {more}" if more else "")
        self._tell(more)

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
            "m": self._describe_columns,
            "+": lambda: self._add_class(argument or self._ask("New class: ")),
            "p": self._describe_progress,
            "?": self._describe_keys,
            "q": self._stop,
        }
        takes_argument = key in "n/bg+"
        if key not in acts or (argument and not takes_argument):
            self._say(f"`{sanitize(typed)}` is not a key here: {self._make_prompt()}, or ? for all keys.")
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
        if query.meaning:
            raise InputError("--plain finds by words, not by meaning", "`txt explore DATA --like WORDS` does")
        search = Search(query, session.states)
        if query.reads_file:
            count = len(session.rows)
            for rows, looked_at in scan_rows(session.rows.path, session.rows.form, session.rows.index, query):
                search.take(Found(0, rows, looked_at / count, looked_at == count))
        if not len(search.rows):
            return "nothing found"
        session.set_view(QueueView(typed, search.rows))
        return f"{len(search.rows):,} rows found; an empty / leaves them, b labels all of them"

    def _label_all(self, typed: str) -> str:
        session, view = self._session, self._session.queue.view
        if view is None:
            return "first / finds something, then b labels all of it"
        name = self._find_class(typed)
        if name is None:
            raise InputError(f"`{sanitize(typed)}` is not a class", self._make_prompt())
        rows = session.select_bulk_rows(view.rows, overwrite=False)
        for row in rows[:5].tolist():
            self._say(f"  {row + 1:,}: {sanitize(session.rows.text(row))[:70]}")
        if self._ask(f"Label these {len(rows):,} rows without a label {sanitize(name)}? (y) ") != "y":
            return "nothing labeled"
        return session.label_all(rows, name)

    def _jump(self, typed: str) -> str:
        return self._session.jump(int(typed)) if typed.isdecimal() else f"`{sanitize(typed)}` is not a number"

    def _add_class(self, typed: str) -> str:
        session = self._session
        return session.add_class(check_new_class(typed, session.classes, session.task.multi_label))

    def _describe_columns(self) -> str:
        item = self._session.item()
        shown = {sanitize(name): sanitize(value) for name, value in item.metadata.items()} if item else {}
        return "\n".join(f"{name}: {value}" for name, value in shown.items()) or "there are no other columns"

    def _describe_progress(self) -> str:
        progress = self._session.progress()
        lines = [f"{progress.done:,} done, {progress.left:,} left"]
        if progress.seconds_each is not None and progress.seconds_left is not None:
            lines.append(f"{progress.seconds_each:.1f} s each, {format_estimate(progress.seconds_left)} to go")
        lines += [f"{sanitize(name)}: {count:,}" for name, count in progress.classes.items()]
        return "\n".join([*lines, *(describe_status(self._active.model_status()) if self._active else [])])

    def _describe_keys(self) -> str:
        typable = {"←": "<", "→": ">", "tab": "m"}
        lines = [*_list_guide(self._guide), self._make_prompt()]
        lines += [
            f"{typable.get(action.key, action.key)}  {action.help}" for action in ACTIONS if action.name != "similar"
        ]
        return "\n".join(lines)

    def _stop(self) -> str:
        self._stopped = True
        return ""

    def _make_prompt(self) -> str:
        session = self._session
        if len(session.classes) > MOST_KEYS:
            return f"one of {len(session.classes)} classes, by its name"
        return ", ".join(f"{key}={sanitize(name)}" for name, key in session.keys.items())

    def _tell(self, what: str) -> None:
        if what:
            self._say(what)
        if self._session.pending:
            self._say(f"not saved yet: {self._session.problem}; trying again")

    def _say(self, what: str) -> None:
        self._write(what + "\n")


def _list_guide(guide: Guide | None) -> list[str]:
    """Return what a guide says of each class, a line for each."""
    if guide is None:
        return []
    lines = [sanitize(guide.task)] if guide.task else []
    for each in guide.classes:
        said = [each.belongs, f"not: {each.excludes}" if each.excludes else "", *each.examples]
        lines.append(f"{sanitize(each.name)}: {' · '.join(sanitize(part) for part in said if part)}")
    return lines


def _describe_suggestion(suggestion: Suggestion) -> str:
    score = "" if suggestion.score is None else f" {suggestion.score:.0%}"
    return (
        (sanitize(suggestion.label) or "no class")
        + score
        + (f" · {sanitize(suggestion.reason)}" if suggestion.reason else "")
    )
