"""The state of the data file on the labeling screen: how much of it is read, and the search in it."""

from pathlib import Path

from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.row_index import read_index
from txt.errors import InputError
from txt.labeling.query import Query
from txt.labeling.scanner import Found
from txt.labeling.search import Search
from txt.labeling.session import LabelSession
from txt.screens.label.search_links import MeaningLink, ScannerLink


class FileSearch:
    """`search` is the search whose rows are shown, if any; `share_read` the share of the file that is read (0 to 1)."""

    def __init__(self, session: LabelSession, scanner: ScannerLink, meaning: MeaningLink) -> None:
        self.search: Search | None = None
        self.share_read = 0.0
        self._session, self._scanner, self._meaning = session, scanner, meaning

    @property
    def whole(self) -> bool:
        """Whether all rows of the file are known."""
        return self._session.rows.index.complete

    @property
    def searching(self) -> bool:
        """Whether the search is still running and may find more rows."""
        return self.search is not None and not self.search.done

    def begin(self, query: Query) -> Search | None:
        """Start to look for something; None while the file is still being read."""
        if not query.reads_file:
            return Search(query, self._session.states)
        if not self.whole:
            return None
        number = self._meaning.find(query, self._session.states) if query.meaning else self._scanner.find(query)
        return Search(query, self._session.states, number)

    def go_through(self, search: Search) -> None:
        """Go through what a search has found, and will find."""
        self.search = search
        self._session.set_view(search.view())

    def take(self, found: Found) -> bool:
        """Add what was found to the rows that are gone through; tell whether it belongs to them."""
        if self.search is None or self.search.number != found.number:
            return False
        self.search.take(found)
        self._session.extend_view(self.search.view())
        return True

    def leave_view(self) -> bool:
        """Go through the whole file again; tell whether it was not so already."""
        if self._session.queue.view is None:
            return False
        self.search = None
        self._session.set_view(None)
        return True

    def adopt(self, kept: Path, asked: ReadingOptions) -> str:
        """Switch to the saved index of the whole file; returns a message for the user.

        Raises:
            InputError: the data file has changed since it was read.
        """
        session = self._session
        found = read_index(kept, session.rows.path, asked)
        if found is None:
            raise InputError("the data file has changed: leave, and start again")
        twins = session.adopt(found[1], found[0])
        unmatched = len(session.states.unmatched)
        told = [f"{twins:,} identical {'row' if twins == 1 else 'rows'} labeled alike"] if twins else []
        told += [f"{unmatched:,} decisions are about rows that the file no longer has"] if unmatched else []
        return " · ".join(told)
