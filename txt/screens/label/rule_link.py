"""Connects the labeling screen with the process that watches the rules file and lets the rules vote."""

from collections.abc import Callable
from pathlib import Path

from txt.labeling.rules.rule_book import RuleBook
from txt.labeling.rules.watcher import RulesMistake, RuleVotes, RuleWatcher, Watch, WatcherMessage, start_watching
from txt.labeling.session import LabelSession
from txt.labeling.side_process import Progress
from txt.screens.label.process_link import ProcessLink


class RuleLink(ProcessLink[RuleWatcher]):
    """The link to that process; `book` is what the rules are known to say, and changes when answers are taken in."""

    def __init__(
        self, session: LabelSession, rules: Path, hear: Callable[[WatcherMessage], object], lose: Callable[[], object]
    ) -> None:
        self.book = RuleBook(rules, session.rows.text)
        self._session, self._classes = session, tuple(session.classes)
        watch = Watch(session.rows.path, session.rows.form, rules, self._classes)
        super().__init__(lambda: start_watching(watch), hear, lose)

    def take(self, answer: WatcherMessage) -> bool:
        """Take an answer of the process; returns whether the rules have voted again."""
        match answer:
            case Progress(share):
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
        if self.process is not None and classes != self._classes:
            self._classes = classes
            self.process.send(classes)
