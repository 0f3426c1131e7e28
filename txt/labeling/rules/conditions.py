"""What a rule can look for: words, a regular expression, sentiment, length, another column.

Conditions are values: equal ones fire on the same rows, so that their answers can be kept while a file is edited.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from txt.errors import did_you_mean
from txt.labeling.rules.corpus import Corpus, Mask
from txt.labeling.rules.word_index import WORD, WordRows, fold

_NUMBER = r"[-+]?\d*\.?\d+"
_BOUND = re.compile(rf"\s*(>=|<=|>|<)\s*({_NUMBER})\s*")
_BETWEEN = re.compile(rf"\s*({_NUMBER})\s+to\s+({_NUMBER})\s*")


@dataclass(frozen=True)
class NumberRange:
    """Numbers from `low` to `high`; a limit that is `open` is itself not in it."""

    low: float = float("-inf")
    high: float = float("inf")
    low_open: bool = False
    high_open: bool = False

    def contains(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return which values (N,) are in it."""
        above = values > self.low if self.low_open else values >= self.low
        below = values < self.high if self.high_open else values <= self.high
        return np.asarray(above & below)


def parse_range(written: object) -> NumberRange:
    """Return the range that a rule writes.

    Raises:
        ValueError: it is not one; the message is the fix.
    """
    if isinstance(written, str):
        if bound := _BOUND.fullmatch(written):
            sign, number = bound[1], float(bound[2])
            is_open = len(sign) == 1
            if sign.startswith(">"):
                return NumberRange(low=number, low_open=is_open)
            return NumberRange(high=number, high_open=is_open)
        between = _BETWEEN.fullmatch(written)
        if between and float(between[1]) <= float(between[2]):
            return NumberRange(float(between[1]), float(between[2]))
    raise ValueError('write "> 0.1", "<= 20" or "-0.1 to 0.1", in quotes')


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

    def rows(self, corpus: Corpus) -> WordRows:
        """Return the rows whose text has it."""
        words = WORD.findall(fold(self.text))
        if not words:
            return corpus.rows_matching(self._pattern)
        sets = [corpus.words.rows(word) for word in words[: -1 if self.is_prefix else None]]
        if self.is_prefix:
            sets.append(corpus.words.rows_with_prefix(words[-1]))
        found = corpus.words.rows_with_all(sets)
        return found if words == [fold(self.text)] else corpus.rows_matching(self._pattern, found)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.source, re.IGNORECASE)


def compile_any(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern that finds each place where one of the words stands."""
    return re.compile("|".join(Keyword(word).source for word in words), re.IGNORECASE)


class Condition(Protocol):
    """A condition that is true or false for each row; hashable."""

    def fires(self, corpus: Corpus) -> Mask:
        """Return for which rows it is true (N,)."""

    def find_matches(self, text: str) -> list[str]:
        """Return the parts of the text that made it true, as written there."""


@dataclass(frozen=True)
class Keywords:
    """Whole words or phrases, any or all of them."""

    words: tuple[str, ...]
    all: bool = False

    def fires(self, corpus: Corpus) -> Mask:
        """Return which texts have any or all of the words (N,)."""
        masks = [corpus.mask(Keyword(word).rows(corpus)) for word in self.words]
        mask = masks[0]
        for other in masks[1:]:
            mask = mask & other if self.all else mask | other
        return mask

    def find_matches(self, text: str) -> list[str]:
        """Return the words found."""
        return list(dict.fromkeys(found[0] for found in compile_any(self.words).finditer(text)))


@dataclass(frozen=True)
class Regex:
    """A regular expression, in any case unless it says `(?-i:…)`."""

    source: str

    def fires(self, corpus: Corpus) -> Mask:
        """Return in which texts it is found (N,)."""
        return corpus.mask(corpus.rows_matching(re.compile(self.source, re.IGNORECASE)))

    def find_matches(self, text: str) -> list[str]:
        """Return what it finds first."""
        found = re.search(self.source, text, re.IGNORECASE)
        return [found[0]] if found else []


@dataclass(frozen=True)
class Sentiment:
    """TextBlob's polarity (-1 to 1) or subjectivity (0 to 1) in a range."""

    score: Literal["polarity", "subjectivity"]
    range: NumberRange

    def fires(self, corpus: Corpus) -> Mask:
        """Return which texts score in the range (N,)."""
        return self.range.contains(corpus.sentiment[:, 0 if self.score == "polarity" else 1])

    def find_matches(self, _text: str) -> list[str]:
        """Return nothing: a score belongs to the whole text."""
        return []


@dataclass(frozen=True)
class Length:
    """The number of characters or words in a range."""

    unit: Literal["characters", "words"]
    range: NumberRange

    def fires(self, corpus: Corpus) -> Mask:
        """Return which texts are that long (N,)."""
        return self.range.contains(corpus.characters if self.unit == "characters" else corpus.word_counts)

    def find_matches(self, _text: str) -> list[str]:
        """Return nothing: a length belongs to the whole text."""
        return []


@dataclass(frozen=True)
class ColumnValue:
    """Another column's value is one of some, in any case; `*` stands for anything."""

    column: str
    values: tuple[str, ...]

    def fires(self, corpus: Corpus) -> Mask:
        """Return which rows have such a value (N,)."""
        pattern = re.compile("|".join(translate(value) for value in self.values), re.IGNORECASE)
        wanted = {value: pattern.match(value) is not None for value in set(corpus.column(self.column))}
        return corpus.mask([row for row, value in enumerate(corpus.column(self.column)) if wanted[value]])

    def find_matches(self, _text: str) -> list[str]:
        """Return nothing: it stands in another column."""
        return []


@dataclass(frozen=True)
class ConditionContext:
    """What a condition is checked against: the columns that the data has."""

    columns: Sequence[str]


def _parse_words(written: Any, _known: ConditionContext) -> Keywords:
    words = [written] if isinstance(written, str) else written
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise ValueError('write a list of words: ["refund", "not worth"]')
    return Keywords(tuple(" ".join(word.split()) for word in words))


def _parse_all_words(written: Any, known: ConditionContext) -> Keywords:
    return Keywords(_parse_words(written, known).words, all=True)


def _parse_regex(written: Any, _known: ConditionContext) -> Regex:
    if not isinstance(written, str) or not written:
        raise ValueError(r"write it in single quotes: '\brefund(s|ed)?\b'")
    if "\b" in written:
        raise ValueError(r"it has a backspace where \b was meant: write it in single quotes, which keep backslashes")
    try:
        compiled = re.compile(written, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"it is not a regular expression: {error}") from None
    if compiled.search("") is not None:
        raise ValueError("it matches an empty text, so it would fire on every row")
    return Regex(written)


def _parse_column(written: Any, known: ConditionContext) -> ColumnValue:
    if not isinstance(written, dict) or len(written) != 1:
        raise ValueError('write one column and its value: { source = "apps" }')
    ((name, value),) = written.items()
    if name not in known.columns:
        others = ", ".join(f"`{column}`" for column in known.columns)
        hint = did_you_mean(name, known.columns, f"there are {others}")
        raise ValueError(f"there is no column `{name}`, {hint}")
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values):
        raise ValueError('write its value, or a list of them: { source = ["apps", "food"] }')
    return ColumnValue(name, tuple(str(each) for each in values))


CONDITIONS: dict[str, Callable[[Any, ConditionContext], Condition]] = {
    "keywords": _parse_words,
    "all_keywords": _parse_all_words,
    "regex": _parse_regex,
    "polarity": lambda written, _known: Sentiment("polarity", parse_range(written)),
    "subjectivity": lambda written, _known: Sentiment("subjectivity", parse_range(written)),
    "characters": lambda written, _known: Length("characters", parse_range(written)),
    "words": lambda written, _known: Length("words", parse_range(written)),
    "column": _parse_column,
}
"""The conditions by the key under which a rule writes them; each takes the value written, or raises ValueError with the
fix."""
