"""An index from words to the rows that contain them, so that an edited list of words is counted at once."""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

WORD = re.compile(r"\w+")

# Equal to `re`, kept apart by casefold; the iota below other letters is no part of a word to `re`, and stays as it is.
_EQUAL_TO_RE = str.maketrans("İı\u1fd3\u1fe3ﬅ", "ii\u0390\u03b0ﬆ")
_IOTA_BELOW = "\u0345"


def fold(text: str) -> str:
    """Return `text` with each letter replaced by one that stands for it in any case; the length stays the same."""
    return text.lower() if text.isascii() else "".join(map(_fold_letter, text))


@cache
def _fold_letter(letter: str) -> str:
    letter = letter.translate(_EQUAL_TO_RE)
    folded = letter if letter == _IOTA_BELOW else letter.casefold()
    if len(folded) == 1:
        return folded
    lowered = letter.lower()
    return lowered if len(lowered) == 1 else letter


WordRows = npt.NDArray[np.int32]


class WordIndex:
    """The rows of each word, whatever its case."""

    def __init__(self, texts: Iterable[str]) -> None:
        rows_of: defaultdict[str, array[int]] = defaultdict(lambda: array("i"))
        for row, text in enumerate(texts):
            for word in set(WORD.findall(fold(text))):
                rows_of[word].append(row)
        self._rows_of = dict(rows_of)

    def rows(self, word: str) -> WordRows:
        """Return the rows, rising, of a word that is already folded."""
        return np.asarray(self._rows_of.get(word, array("i")), np.int32)

    def rows_with_prefix(self, start: str) -> WordRows:
        """Return the rows with any word that begins so."""
        return _union([self.rows(word) for word in self._rows_of if word.startswith(start)])

    def rows_with_all(self, sets: Sequence[WordRows]) -> WordRows:
        """Return the rows that are in each of several sets."""
        shortest_first = sorted(sets, key=len)
        found = shortest_first[0]
        for each in shortest_first[1:]:
            found = np.intersect1d(found, each, assume_unique=True)
        return found


def _union(sets: Sequence[WordRows]) -> WordRows:
    return np.unique(np.concatenate(sets)) if sets else np.empty(0, np.int32)
