"""Words in the place of others: synonyms, of the same role and form, and antonyms, which flip labels."""

from collections.abc import Callable
from functools import lru_cache

from txt.augmentation.rng import Draws
from txt.augmentation.spans import Spans, words_of
from txt.augmentation.typos import Method, in_case_of
from txt.augmentation.wordnet import Table
from txt.augmentation.words import put_in

_VERB_AHEAD = words_of("to will would can could may might shall should must i you we they who let")
_NOUN_AHEAD = words_of("a an the this that these those my your his her its our their some any no every each of")
_VOWELS = frozenset("aeiou")
_ROWS = 1000  # whose copies are made together


Replaceable = list[tuple[int, tuple[str, ...]]]
"""The places of words, and what each may be replaced by."""

Find = Callable[[Spans], Replaceable]
"""Returns which words of a text may be replaced."""


def finder(table: Table) -> Find:
    """Return what looks words up in a table, once for all copies of a row and all tries to make them."""
    return lru_cache(maxsize=_ROWS)(lambda spans: _replaceable(spans, table))


def replacing(find: Find) -> Method:
    """Return a method that puts one of its replacements in the place of each chosen word."""

    def replace(spans: Spans, draws: Draws, rate: float) -> str | None:
        found = find(spans)
        if not found:
            return None
        pieces = spans.pieces.copy()
        for place, others in draws.some(found, spans.edits(rate)):
            pieces[place] = in_case_of(pieces[place], draws.pick(others))
        return "".join(pieces)

    return replace


def inserting(find: Find) -> Method:
    """Return a method that puts a synonym of one of the text's words in at another place (Wei and Zou's insertion)."""

    def insert(spans: Spans, draws: Draws, rate: float) -> str | None:
        found = find(spans)
        if not found:
            return None
        return put_in(spans, draws, [draws.pick(others) for _, others in draws.some(found, spans.edits(rate))])

    return insert


def _replaceable(spans: Spans, table: Table) -> Replaceable:
    """Return the places of the words that have replacements in their role, with these."""
    pieces, found = spans.pieces, []
    for place in spans.free:
        roles = table.get(pieces[place]) or table.get(pieces[place].lower())
        if roles is None:
            continue
        before = pieces[place - 2].lower() if place > 1 and pieces[place - 1] == " " else ""
        others = _in_role(roles, before)
        if before in ("a", "an"):
            others = tuple(word for word in others if (word[0] in _VOWELS) == (before == "an"))
        if others and not _is_name(pieces[place], place):
            found.append((place, others))
    return found


def _in_role(roles: dict[str, tuple[str, ...]], before: str) -> tuple[str, ...]:
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
