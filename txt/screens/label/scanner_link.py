"""Connects a screen with the process that reads the data file: starts it, listens to it, ends it."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.open_rows import OpenRows
from txt.labeling.query import Query
from txt.labeling.scanner import Found, Indexed, Scanner, ScannerMessage

_STUCK_SECONDS = 2.0  # without an answer for so long, a search is in a regular expression that never ends


class ScannerLink:
    """The scanner as a screen's event loop sees it; `hear` is called with its answers, `lose` when it has died."""

    def __init__(
        self,
        rows: OpenRows,
        asked: ReadingOptions,
        kept: Path | None,
        hear: Callable[[ScannerMessage], object],
        lose: Callable[[], object],
    ) -> None:
        self._rows, self._asked, self._kept = rows, asked, kept
        self._hear, self._lose = hear, lose
        self._scanner: Scanner | None = None
        self._waiting_since: float | None = None

    @property
    def waiting(self) -> bool:
        """Tell whether a search has begun and its answer is still to come."""
        return self._waiting_since is not None

    def start(self) -> None:
        """Start the process, unless it is there."""
        if self._scanner is None:
            self._scanner = Scanner(self._rows.path, self._rows.form, self._asked, self._kept)
            asyncio.get_running_loop().add_reader(self._scanner.fileno(), self._listen)

    def stop(self) -> None:
        """End the process, whatever it is busy with."""
        if self._scanner is not None:
            asyncio.get_running_loop().remove_reader(self._scanner.fileno())
            self._scanner.close()
            self._scanner, self._waiting_since = None, None

    def find(self, query: Query) -> int:
        """Begin a search, and end the one before it, by force if need be; returns its number."""
        if self._waiting_since is not None and time.monotonic() - self._waiting_since > _STUCK_SECONDS:
            self.stop()
        self.start()
        assert self._scanner is not None
        if self._scanner.ready:
            self._waiting_since = time.monotonic()
        return self._scanner.find(query)

    def _listen(self) -> None:
        assert self._scanner is not None
        try:
            for answer in self._scanner.answers():
                self._note_progress(answer)
                self._hear(answer)
        except (EOFError, ConnectionResetError):
            self.stop()
            self._lose()

    def _note_progress(self, answer: ScannerMessage) -> None:
        assert self._scanner is not None
        if isinstance(answer, Indexed) and self._scanner.number:
            self._waiting_since = time.monotonic()
        if isinstance(answer, Found) and answer.number == self._scanner.number:
            self._waiting_since = None if answer.done else time.monotonic()
