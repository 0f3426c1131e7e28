"""Messages to a screen from processes that run beside it."""

from textual.message import Message

from txt.labeling.rules.watcher import WatcherMessage
from txt.labeling.scanner import ScannerMessage


class Scanned(Message):
    """The process that reads the data file has an answer."""

    def __init__(self, answer: ScannerMessage) -> None:
        super().__init__()
        self.answer = answer


class RulesAnswered(Message):
    """The process that watches the rules has something to say."""

    def __init__(self, answer: WatcherMessage) -> None:
        super().__init__()
        self.answer = answer
