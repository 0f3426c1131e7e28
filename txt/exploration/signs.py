"""What is odd about the characters of texts, how long texts are, and in which languages and scripts they are."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from txt.augmentation.language_data import find_language

ODD = {
    "control characters": re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"),
    "replacement characters": re.compile("\ufffd"),
    "letters decoded wrongly": re.compile("[ÃÂ][\u0080-\u00bf]|â€|ï»¿"),
    "invisible characters": re.compile(
        "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
    ),
    "unusual spaces": re.compile("[\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"),
    "HTML entities": re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,31});"),
    "HTML tags": re.compile(r"</?[A-Za-z][A-Za-z0-9]{0,15}(?:\s[^<>]{0,300})?/?>"),
    "emoji": re.compile("[\u2600-\u27bf\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff]"),
    "words of two alphabets": re.compile(r"[a-zA-Z][\u0400-\u04ff]|[\u0400-\u04ff][a-zA-Z]"),
    "unbroken strings of 80 characters or more": re.compile(r"(?<!\S)(?!https?://)[!-~]{80}"),
    "line breaks": re.compile(r"[\r\n]"),
}
"""What may be odd, and how it is found."""

UNKNOWN = "unknown"
_SCRIPTS = 40  # letters of a text that are looked at
_LANGUAGE_SAMPLE = 4000


@dataclass(frozen=True)
class Lengths:
    """How long texts are: the median, the longest of 95 in 100, the longest."""

    median: int
    most: int
    longest: int


def measure_lengths(lengths: Sequence[int]) -> Lengths:
    """Summarize lengths, (N,) of at least one text."""
    half, most = np.percentile(np.asarray(lengths), [50, 95], method="inverted_cdf")
    return Lengths(int(half), int(most), int(max(lengths)))


def count_odd(texts: Iterable[str]) -> dict[str, int]:
    """Return how many texts have each oddity, without those that none has."""
    counts: Counter[str] = Counter()
    for text in texts:
        plain = text.isascii()
        for name, pattern in ODD.items():
            if plain and name not in _ASCII:
                continue
            if pattern.search(text):
                counts[name] += 1
    return {name: counts[name] for name in ODD if counts[name]}


_ASCII = {
    "control characters",
    "HTML entities",
    "HTML tags",
    "unbroken strings of 80 characters or more",
    "line breaks",
}


def count_languages(texts: Sequence[str]) -> dict[str, float]:
    """Return the share of each language among texts, by the commonest words of each; the most frequent first.

    A text that has too few of them is of an unknown one.
    """
    step = -(-len(texts) // _LANGUAGE_SAMPLE) or 1
    some = texts[::step]
    counts = Counter(find_language([text]) or UNKNOWN for text in some)
    return {name: count / max(len(some), 1) for name, count in counts.most_common()}


def count_scripts(texts: Sequence[str]) -> dict[str, float]:
    """Return the share of the texts whose letters are mostly of a script, the most frequent first."""
    step = -(-len(texts) // _LANGUAGE_SAMPLE) or 1
    some = texts[::step]
    counts = Counter(script for text in some if (script := _find_script(text)))
    return {name: count / max(sum(counts.values()), 1) for name, count in counts.most_common()}


def _find_script(text: str) -> str | None:
    letters = [letter for letter in text if letter.isalpha()][:_SCRIPTS]
    names = Counter("Latin" if letter.isascii() else _name_script(letter) for letter in letters)
    return names.most_common(1)[0][0] if names else None


def _name_script(letter: str) -> str:
    return unicodedata.name(letter, "other").split()[0].capitalize()
