"""Connects a screen's event loop with a process beside it: starts it, listens to it, ends it."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from txt.labeling.side_process import SideProcess

Process = TypeVar("Process", bound=SideProcess[Any, Any])


class ProcessLink(Generic[Process]):
    """The process as an event loop sees it; `hear` is called with its answers, `lose` when it has died.

    `process` is there from `start` to `stop`.
    """

    def __init__(self, begin: Callable[[], Process], hear: Callable[[Any], object], lose: Callable[[], object]) -> None:
        self.process: Process | None = None
        self._begin, self._hear, self._lose = begin, hear, lose

    def start(self) -> Process:
        """Start the process, unless it is there."""
        if self.process is None:
            self.process = self._begin()
            asyncio.get_running_loop().add_reader(self.process.fileno(), self._listen)
        return self.process

    def stop(self) -> None:
        """End the process, whatever it is busy with."""
        if self.process is not None:
            asyncio.get_running_loop().remove_reader(self.process.fileno())
            self.process.close()
            self.process = None

    def _listen(self) -> None:
        assert self.process is not None
        try:
            for answer in self.process.answers():
                self._hear(answer)
        except (EOFError, ConnectionResetError):
            self.stop()
            self._lose()
