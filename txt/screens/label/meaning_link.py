"""Connects the label screen with the process that finds rows by their meaning: starts it when it is needed first."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.open_rows import OpenRows
from txt.labeling.query import Query, mask_states
from txt.labeling.row_states import RowStates
from txt.labeling.scanner import ScannerMessage

if TYPE_CHECKING:
    from txt.exploration.meaning_server import MeaningSearch


class MeaningLink:
    """The process as a screen's event loop sees it; `hear` is called with its answers, `lose` when it has died."""

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
        self._search: MeaningSearch | None = None

    def find(self, query: Query, states: RowStates) -> int:
        """Begin a search among the rows that pass the query's filters on states; returns its number."""
        if self._search is None:
            from txt.exploration.meaning_server import MeaningSearch  # rarely needed, and not at the start

            self._search = MeaningSearch(self._rows.path, self._rows.form, self._asked, self._kept)
            asyncio.get_running_loop().add_reader(self._search.fileno(), self._listen)
        among = np.packbits(mask_states(query, states)).tobytes() if query.states else None
        return self._search.find(query.meaning, among)

    def stop(self) -> None:
        """End the process, whatever it is busy with."""
        if self._search is not None:
            asyncio.get_running_loop().remove_reader(self._search.fileno())
            self._search.close()
            self._search = None

    def _listen(self) -> None:
        assert self._search is not None
        try:
            for answer in self._search.answers():
                self._hear(answer)
        except (EOFError, ConnectionResetError):
            self.stop()
            self._lose()
