"""Edits of single letters: slips on the keyboard, a scanner's misreadings, common misspellings.

The tables are nlpaug's; its augmenters are not used, since they tear contractions, addresses and emoji apart, stop at
ten edits however long the text, and put digits and signs in the place of letters.
"""

from collections.abc import Callable, Mapping

from txt.augmentation.language_data import load_keyboard, load_misreadings, load_misspellings
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Spans

Method = Callable[[Spans, RowRng, float], str | None]

_SPARE_TRIES = 3  # besides a quarter of the words: some have no letter that the table knows
_SHORTEST = 3  # letters; a slip in a shorter word makes another one of it: "on", "in", "is"


def make_keyboard_slips(language: str) -> Method:
    """Return the method `load_keyboard`: one letter of each chosen word becomes one beside it on the keyboard."""
    return _make_exchange(load_keyboard(language))


def make_scan_errors(_language: str) -> Method:
    """Return the method `ocr`: one letter of each chosen word becomes one that looks like it."""
    return _make_exchange(load_misreadings(), whole_case=True)


def make_misspell(language: str) -> Method:
    """Return the method `spelling`: words become one of their common misspellings."""
    wrong = load_misspellings(language)

    def spelling(spans: Spans, draws: RowRng, rate: float) -> str | None:
        known = [place for place in spans.free if spans.pieces[place].lower() in wrong]
        if not known:
            return None
        pieces = spans.pieces.copy()
        for place in draws.some(known, spans.count_edits(rate)):
            pieces[place] = match_case(pieces[place], draws.pick(wrong[pieces[place].lower()]))
        return "".join(pieces)

    return spelling


def match_case(model: str, word: str) -> str:
    """Return `word` in the case of the word it replaces: as it is, capitalised, or in capitals."""
    if model.islower():
        return word
    if len(model) > 1 and model.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if model[:1].isupper() else word


def _make_exchange(table: Mapping[str, str], whole_case: bool = False) -> Method:
    """Return a method that exchanges letters by a table, of lower-case letters only unless `whole_case`."""

    def exchange(spans: Spans, draws: RowRng, rate: float) -> str | None:
        count = spans.count_edits(rate)
        pieces = spans.pieces.copy()
        pool = [place for place in spans.free if len(pieces[place]) >= _SHORTEST]
        changed = 0
        for place in draws.some(pool, count + _SPARE_TRIES + len(pool) // 4):
            word = pieces[place]
            letter = 1 + draws.below(len(word) - 1)  # people get the first letter right
            key = word[letter] if whole_case else word[letter].lower()
            if key in table:
                other = draws.pick(table[key])
                other = other.upper() if word[letter] != key else other
                pieces[place] = word[:letter] + other + word[letter + 1 :]
                changed += 1
                if changed == count:
                    break
        return "".join(pieces) if changed else None

    return exchange
