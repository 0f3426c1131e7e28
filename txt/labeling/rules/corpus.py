"""The texts that rules are applied to, with what is computed about them once: words, sentiment, other columns."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from txt.data.reading.rows import Form, read_records
from txt.labeling.rules.word_index import WordIndex, WordRows
from txt.time_limit import TooSlowError, time_limit

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_CHUNK = 500  # texts between two looks at whether the work is still wanted
_CHUNK_SECONDS = 1.0  # they take milliseconds; a pattern that needs so long would keep everybody waiting


class SlowPatternError(Exception):
    """A regular expression took too long; `row` is where."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row + 1}")
        self.row = row


class Corpus:
    """Texts by row. `tell` hears the share done of longer work, and may raise to end it."""

    def __init__(
        self,
        texts: Sequence[str],
        read_column: Callable[[str], Sequence[str]],
        tell: Callable[[float], object] = lambda _share: None,
    ) -> None:
        self.texts = texts
        self._read_column = read_column
        self._columns: dict[str, Sequence[str]] = {}
        self._tell = tell
        self._scores = np.empty((len(texts), 2))
        self._scored = 0

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def has_text(self) -> Mask:
        """Which rows have a text at all (N,); the others are never labeled."""
        return np.fromiter(map(bool, self.texts), np.bool_, len(self))

    @cached_property
    def words(self) -> WordIndex:
        """Which texts have which words."""
        return WordIndex(self.texts)

    @property
    def sentiment(self) -> Floats:
        """TextBlob's polarity and subjectivity of each text (N, 2); computed on first use, and resumable."""
        if self._scored < len(self):
            from textblob.en import sentiment  # brings nltk, which takes seconds

            for row in range(self._scored, len(self)):
                if row % _CHUNK == 0:
                    self._tell(row / len(self))
                self._scores[row] = sentiment(self.texts[row])
                self._scored = row + 1
        return self._scores

    @cached_property
    def characters(self) -> Floats:
        """The number of characters of each text (N,)."""
        return np.fromiter(map(len, self.texts), np.float64, len(self))

    @cached_property
    def word_counts(self) -> Floats:
        """The number of words of each text, as spaces part them (N,)."""
        return np.fromiter((len(text.split()) for text in self.texts), np.float64, len(self))

    def column(self, name: str) -> Sequence[str]:
        """Return another column."""
        if name not in self._columns:
            self._columns[name] = self._read_column(name)
        return self._columns[name]

    def rows_matching(self, pattern: re.Pattern[str], among: WordRows | None = None) -> WordRows:
        """Return the rows in which a regular expression finds something, of all rows or of some.

        Raises:
            SlowPatternError: it took too long.
        """
        rows = range(len(self)) if among is None else among.tolist()
        found: list[int] = []
        row = 0
        try:
            for first in range(0, len(rows), _CHUNK):
                self._tell(first / len(rows))
                with time_limit(_CHUNK_SECONDS):
                    for row in rows[first : first + _CHUNK]:
                        if pattern.search(self.texts[row]):
                            found.append(row)
        except TooSlowError:
            raise SlowPatternError(row) from None
        return np.array(found, np.int32)

    def mask(self, rows: Iterable[int] | WordRows) -> Mask:
        """Return which rows are among `rows` (N,)."""
        mask = np.zeros(len(self), np.bool_)
        mask[np.asarray(rows, np.int64)] = True
        return mask


def read_corpus(path: Path, form: Form, tell: Callable[[float], object] = lambda _share: None) -> Corpus:
    """Read the texts of a data file.

    Raises:
        InputError: a row cannot be read.
    """
    return Corpus(read_column(path, form, form.text_column), lambda name: read_column(path, form, name), tell)


def read_column(path: Path, form: Form, name: str) -> list[str]:
    """Return a column of a data file.

    Raises:
        InputError: a row cannot be read.
    """
    place = form.columns.index(name)
    return [cells[place] for _, _, cells in read_records(path, form)]
