"""One entry of a rule's list of words: a word, a phrase, or the beginning of a word as in `disappoint*`."""

import re
from functools import cached_property

from txt.labeling.rules.corpus import Corpus
from txt.labeling.rules.folding import WORD, fold
from txt.labeling.rules.word_index import Rows

_PREFIX = re.compile(r"\w\*\Z")


class Keyword:
    """Matches whole words in any case; spaces match any run of spaces and line ends, and a `*` any end of a word."""

    def __init__(self, written: str) -> None:
        self.is_prefix = _PREFIX.search(written) is not None
        self.text = written[:-1] if self.is_prefix else written

    @cached_property
    def source(self) -> str:
        """The regular expression for it; it holds nothing that could run for long."""
        middle = r"\s+".join(re.escape(part) for part in self.text.split())
        before = r"(?<!\w)" if WORD.match(self.text[0]) else ""
        after = r"(?!\w)" if WORD.match(self.text[-1]) else ""
        return before + middle + (r"\w*" if self.is_prefix else after)

    def rows(self, corpus: Corpus) -> Rows:
        """Return the rows whose text has it."""
        words = WORD.findall(fold(self.text))
        if not words:
            return corpus.rows_matching(self._pattern)
        sets = [corpus.words.rows(word) for word in words[: -1 if self.is_prefix else None]]
        if self.is_prefix:
            sets.append(corpus.words.rows_beginning(words[-1]))
        found = corpus.words.rows_with_all(sets)
        return found if words == [fold(self.text)] else corpus.rows_matching(self._pattern, found)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.source, re.IGNORECASE)


def any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that finds each place where one of the words stands."""
    return re.compile("|".join(Keyword(word).source for word in words), re.IGNORECASE)
