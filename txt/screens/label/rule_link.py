"""Connects the labeling screen with the process that watches the rules file and lets the rules vote."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from txt.labeling.rules.rule_book import RuleBook
from txt.labeling.rules.watcher import RulesMistake, RuleVotes, RuleWatcher, Watch, WatcherMessage, Working
from txt.labeling.session import LabelSession


class RuleLink:
    """The watcher as a screen's event loop sees it; `hear` is called with its answers, `lose` when it has died.

    `book` is what the rules are known to say; it changes when answers are taken in.
    """

    def __init__(
        self, session: LabelSession, rules: Path, hear: Callable[[WatcherMessage], object], lose: Callable[[], object]
    ) -> None:
        self.book = RuleBook(rules, session.rows.text)
        self._session, self._hear, self._lose = session, hear, lose
        self._classes = tuple(session.classes)
        self._watch = Watch(session.rows.path, session.rows.form, rules, self._classes)
        self._watcher: RuleWatcher | None = None

    def start(self) -> None:
        """Start the process."""
        self._watcher = RuleWatcher(self._watch)
        asyncio.get_running_loop().add_reader(self._watcher.fileno(), self._listen)

    def stop(self) -> None:
        """End the process, whatever it is busy with."""
        if self._watcher is not None:
            asyncio.get_running_loop().remove_reader(self._watcher.fileno())
            self._watcher.close()
            self._watcher = None

    def take(self, answer: WatcherMessage) -> bool:
        """Take an answer of the process; returns whether the rules have voted again."""
        match answer:
            case Working(share):
                self.book.share = share
            case RulesMistake() as mistake:
                self.book.mistake = mistake
            case RuleVotes() as voted:
                self.book.take(voted, self._session.states)
        return isinstance(answer, RuleVotes)

    def keep_up(self) -> None:
        """Judge the rules by further labels, and tell the process of further classes."""
        self.book.judge_if_due(self._session.states)
        classes = tuple(self._session.classes)
        if self._watcher is not None and classes != self._classes:
            self._classes = classes
            self._watcher.set_classes(classes)

    def _listen(self) -> None:
        assert self._watcher is not None
        try:
            for answer in self._watcher.answers():
                self._hear(answer)
        except (EOFError, ConnectionResetError):
            self.stop()
            self._lose()
