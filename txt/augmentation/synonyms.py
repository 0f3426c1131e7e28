"""Replaces words by synonyms of the same role and form, or by antonyms, which flip labels."""

from collections.abc import Callable
from functools import lru_cache

from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Spans, split_words
from txt.augmentation.typos import Method, match_case
from txt.augmentation.wordnet import ReplacementTable
from txt.augmentation.words import insert_words

_VERB_AHEAD = split_words("to will would can could may might shall should must i you we they who let")
_NOUN_AHEAD = split_words("a an the this that these those my your his her its our their some any no every each of")
_VOWELS = frozenset("aeiou")
_ROWS = 1000  # whose copies are made together


Replaceable = list[tuple[int, tuple[str, ...]]]
"""The places of words, and what each may be replaced by."""

FindReplaceable = Callable[[Spans], Replaceable]
"""Returns which words of a text may be replaced."""


def make_finder(table: ReplacementTable) -> FindReplaceable:
    """Return what looks words up in a table, once for all copies of a row and all tries to make them."""
    return lru_cache(maxsize=_ROWS)(lambda spans: _find_replaceable(spans, table))


def make_replace(find: FindReplaceable) -> Method:
    """Return a method that puts one of its replacements in the place of each chosen word."""

    def replace(spans: Spans, draws: RowRng, rate: float) -> str | None:
        found = find(spans)
        if not found:
            return None
        pieces = spans.pieces.copy()
        for place, others in draws.some(found, spans.count_edits(rate)):
            pieces[place] = match_case(pieces[place], draws.pick(others))
        return "".join(pieces)

    return replace


def make_insert(find: FindReplaceable) -> Method:
    """Return a method that puts a synonym of one of the text's words in at another place (Wei and Zou's insertion)."""

    def insert(spans: Spans, draws: RowRng, rate: float) -> str | None:
        found = find(spans)
        if not found:
            return None
        return insert_words(
            spans, draws, [draws.pick(others) for _, others in draws.some(found, spans.count_edits(rate))]
        )

    return insert


def _find_replaceable(spans: Spans, table: ReplacementTable) -> Replaceable:
    """Return the places of the words that have replacements in their role, with these."""
    pieces, found = spans.pieces, []
    for place in spans.free:
        roles = table.get(pieces[place]) or table.get(pieces[place].lower())
        if roles is None:
            continue
        before = pieces[place - 2].lower() if place > 1 and pieces[place - 1] == " " else ""
        others = _choose_role(roles, before)
        if before in ("a", "an"):
            others = tuple(word for word in others if (word[0] in _VOWELS) == (before == "an"))
        if others and not _is_name(pieces[place], place):
            found.append((place, others))
    return found


def _choose_role(roles: dict[str, tuple[str, ...]], before: str) -> tuple[str, ...]:
    """Return the replacements for the role that the word before asks for, else for the usual one."""
    usual = next(iter(roles))
    if usual[0] not in "NV":
        return roles[usual]
    ahead = before in _VERB_AHEAD or before.endswith(("'ll", "’ll"))
    wanted = "V" if ahead else "N" if before in _NOUN_AHEAD else ""
    return next((others for role, others in roles.items() if role[0] == wanted), ()) if wanted else roles[usual]


def _is_name(word: str, place: int) -> bool:
    """Tell whether a word is capitalised within a text, and so may be a name: `Fox`, `Apple`."""
    return place > 0 and word[0].isupper() and not word.isupper()
