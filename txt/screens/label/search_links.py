"""Connects a screen with the processes that find rows: one reads the data file, one compares what texts mean."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.open_rows import OpenRows
from txt.labeling.query import Query, mask_states
from txt.labeling.row_states import Mask, RowStates
from txt.labeling.scanner import Found, Indexed, Scanner, ScannerMessage
from txt.screens.label.process_link import ProcessLink

if TYPE_CHECKING:
    from txt.exploration.meaning_server import MeaningSearch

_STUCK_SECONDS = 2.0  # without an answer for so long, a search is in a regular expression that never ends


class ScannerLink(ProcessLink[Scanner]):
    """The link to the process that reads the data file."""

    def __init__(
        self,
        rows: OpenRows,
        asked: ReadingOptions,
        kept: Path | None,
        hear: Callable[[ScannerMessage], object],
        lose: Callable[[], object],
    ) -> None:
        def hear_and_note(answer: ScannerMessage) -> None:
            self._note_progress(answer)
            hear(answer)

        super().__init__(lambda: Scanner(rows.path, rows.form, asked, kept), hear_and_note, lose)
        self._waiting_since: float | None = None

    @property
    def waiting(self) -> bool:
        """Tell whether a search has begun and its answer is still to come."""
        return self._waiting_since is not None

    def stop(self) -> None:
        """End the process, and wait for no answer."""
        super().stop()
        self._waiting_since = None

    def find(self, query: Query) -> int:
        """Begin a search, and end the one before it, by force if need be; returns its number."""
        if self._waiting_since is not None and time.monotonic() - self._waiting_since > _STUCK_SECONDS:
            self.stop()
        scanner = self.start()
        if scanner.ready:
            self._waiting_since = time.monotonic()
        return scanner.find(query)

    def _note_progress(self, answer: ScannerMessage) -> None:
        assert self.process is not None
        if isinstance(answer, Indexed) and self.process.number:
            self._waiting_since = time.monotonic()
        if isinstance(answer, Found) and answer.number == self.process.number:
            self._waiting_since = None if answer.done else time.monotonic()


class MeaningLink(ProcessLink["MeaningSearch"]):
    """The link to the process that finds rows by their meaning; it starts when it is needed first."""

    def __init__(
        self,
        rows: OpenRows,
        asked: ReadingOptions,
        kept: Path | None,
        hear: Callable[[ScannerMessage], object],
        lose: Callable[[], object],
    ) -> None:
        def begin() -> "MeaningSearch":
            from txt.exploration.meaning_server import MeaningSearch  # rarely needed, and not at the start

            return MeaningSearch(rows.path, rows.form, asked, kept)

        super().__init__(begin, hear, lose)

    def find(self, query: Query, states: RowStates) -> int:
        """Begin a search among the rows that pass the query's filters on states; returns its number."""
        among = np.packbits(mask_states(query, states)).tobytes() if query.states else None
        return self.start().find(query.meaning, among)

    def find_similar(self, row: int, hidden: Mask | None) -> int:
        """Begin a search for the rows most like one, without those that are `hidden` (N,); returns its number."""
        return self.start().find("", None if hidden is None else np.packbits(~hidden).tobytes(), row)
