"""Connects the labeling screen with the process that watches the rules: starts it, listens to it, ends it."""

import asyncio
from collections.abc import Callable

from txt.labeling.rules.watcher import Answer, RuleWatcher, Watch


class RuleLink:
    """The watcher as a screen's event loop sees it; `hear` gets its answers, `lose` is told when it has died."""

    def __init__(self, watch: Watch, hear: Callable[[Answer], object], lose: Callable[[], object]) -> None:
        self._watch, self._hear, self._lose = watch, hear, lose
        self._classes = watch.classes
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

    def keep_classes(self, classes: tuple[str, ...]) -> None:
        """Tell the process when there are other classes than before."""
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
