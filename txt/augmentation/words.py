"""Edits of whole words, after Wei and Zou (2019): swap, delete, insert, and splitting a word in two."""

import re
from collections.abc import Sequence
from itertools import pairwise

from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Spans

_SPARE_TRIES = 3
_SHORTEST_SPLIT = 4  # letters; shorter words fall into pieces that look like other words


def swap(spans: Spans, draws: RowRng, rate: float) -> str | None:
    """Exchange words with the free word that follows them, within a line and a clause.

    A capitalised word is never swapped with one that is not, so a sentence keeps its first word.
    """
    pieces = spans.pieces.copy()
    touched: set[int] = set()
    for left in _find_pairs(spans, draws, max(1, (spans.count_edits(rate) + 1) // 2)):
        if left not in touched and left + 2 not in touched:
            touched |= {left, left + 2}
            pieces[left], pieces[left + 2] = pieces[left + 2], pieces[left]
    return "".join(pieces) if touched else None


def delete(spans: Spans, draws: RowRng, rate: float) -> str | None:
    """Leave out words, each with one of the spaces beside it; at least one word stays."""
    count = min(spans.count_edits(rate), len(spans.words) - 1)
    if count < 1:
        return None
    pieces = spans.pieces.copy()
    for place in draws.some(spans.free, count):
        _remove_word(pieces, place)
    return "".join(pieces)


def repeat(spans: Spans, draws: RowRng, rate: float) -> str | None:
    """Put one of the text's own words in at another place, in lower case."""
    return insert_words(
        spans, draws, [spans.pieces[place].lower() for place in draws.some(spans.free, spans.count_edits(rate))]
    )


def split(spans: Spans, draws: RowRng, rate: float) -> str | None:
    """Break words in two, as a slip of the thumb on the space bar does."""
    long = [place for place in spans.free if len(spans.pieces[place]) >= _SHORTEST_SPLIT]
    if not long:
        return None
    pieces = spans.pieces.copy()
    for place in draws.some(long, spans.count_edits(rate)):
        cut = 1 + draws.below(len(pieces[place]) - 1)
        if pieces[place][cut - 1 : cut + 1].isalpha():  # an apostrophe or an accent stays with its letter
            pieces[place] = f"{pieces[place][:cut]} {pieces[place][cut:]}"
    return "".join(pieces)


def insert_words(spans: Spans, draws: RowRng, words: Sequence[str]) -> str | None:
    """Put each of `words` before a word of the text that has a space before it and begins no sentence."""
    pieces = spans.pieces.copy()
    places = [
        place for place in spans.words if place > 1 and pieces[place - 1] == " " and pieces[place - 2][-1:] not in ".!?"
    ]
    if not places or not words:
        return None
    for word in words:
        place = draws.pick(places)
        pieces[place] = f"{word} {pieces[place]}"
    return "".join(pieces)


def _find_pairs(spans: Spans, draws: RowRng, count: int) -> list[int]:
    """Return the places of words that may change places with the next: a few at random, or all if these are rare."""
    free = spans.free
    if len(free) < 2:
        return []
    found: list[int] = []
    for _ in range(count + _SPARE_TRIES):
        number = draws.below(len(free) - 1)
        if _may_swap(spans, free[number], free[number + 1]):
            found.append(free[number])
            if len(found) == count:
                return found
    if not found:
        pairs = [left for left, right in pairwise(free) if _may_swap(spans, left, right)]
        found = draws.some(pairs, count)
    return found


def _may_swap(spans: Spans, left: int, right: int) -> bool:
    pieces = spans.pieces
    if right != left + 2 or pieces[left + 1] != " ":
        return False
    first, second = pieces[left], pieces[right]
    return first != second and first[0].isupper() == second[0].isupper()


def _remove_word(pieces: list[str], place: int) -> None:
    """Take out a word with the space behind it, or before it; an address gets nothing stuck to it that way."""
    pieces[place] = ""
    at_start = place == 0 or pieces[place - 1][-1:].isspace()
    if at_start and pieces[place + 1 : place + 2] == [" "]:
        pieces[place + 1] = ""
    elif place > 1 and pieces[place - 1] == " ":
        last = pieces[place - 2][-1:]
        follows_word = pieces[place - 2].isalpha() and last.lower() != last.upper()
        if place + 1 == len(pieces) or (follows_word and pieces[place + 1][:1] in ".,;:!?…)"):
            pieces[place - 1] = ""


_MARKS = (".", ";", "?", ":", "!", ",")
_MOST_MARKS = 1 / 3  # of the words, at most, get a mark: Karimi, Rossi and Prati (2021)

_LAST_PLAIN = "\u20ff"  # higher code points are symbols and emoji, which express feelings

_SHORT = r"Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|Inc|Ltd|Co|No|Nr|bzw|ca|usw|approx|e\.g|i\.e|z\.B|d\.h|u\.s|a\.m|p\.m"
_BOUNDARY = re.compile(r"(?<=[.!?…。！？])([\"'”’)\]]*\s+)(?=[^a-z\s])")
_ENDS_SHORT = re.compile(rf"\b(?:{_SHORT}|[A-Z])\.$")


def edit_sentences(spans: Spans, draws: RowRng, _rate: float) -> str | None:
    """Put a text's sentences in another order, or leave one out without a word that the label depends on."""
    text = "".join(spans.pieces)
    contents, gaps = split_sentences(text)
    if len(contents) < 2:
        return None
    droppable = _find_unprotected(spans, contents, gaps) if len(contents) > 2 else []
    if droppable and draws.chance(0.5):
        dropped = draws.pick(droppable)
        gap = dropped if dropped < len(gaps) else dropped - 1
        contents = contents[:dropped] + contents[dropped + 1 :]
        gaps = gaps[:gap] + gaps[gap + 1 :]
    else:
        first = draws.below(len(contents) - 1)
        contents[first], contents[first + 1] = contents[first + 1], contents[first]
    return "".join(content + gap for content, gap in zip(contents, [*gaps, ""], strict=True))


def add_punctuation(spans: Spans, draws: RowRng, rate: float) -> str | None:
    """Put punctuation marks before words (AEDA: Karimi, Rossi and Prati, 2021), never more than one in three words."""
    pieces = spans.pieces.copy()
    places = [place for place in spans.words if place and pieces[place - 1][-1:].isspace()]
    if not places:
        return None
    most = max(1, int(len(spans.words) * _MOST_MARKS))
    for place in draws.some(places, min(most, max(1, int(rate * len(spans.words) + 0.5)))):
        pieces[place] = f"{draws.pick(_MARKS)} {pieces[place]}"
    return "".join(pieces)


def split_sentences(text: str) -> tuple[list[str], list[str]]:
    """Return the sentences of a text, and what stands between each two."""
    contents, gaps, start = [], [], 0
    for match in _BOUNDARY.finditer(text):
        quotes = match.group().rstrip()
        end = match.start() + len(quotes)
        if not quotes and _ENDS_SHORT.search(text, start, end):
            continue
        contents.append(text[start:end])
        gaps.append(text[end : match.end()])
        start = match.end()
    return [*contents, text[start:]], gaps


def _find_unprotected(spans: Spans, contents: list[str], gaps: list[str]) -> list[int]:
    """Return which sentences have no protected word."""
    free = set(spans.free)
    protected = set(spans.words) - free
    position, places = 0, []
    for place, piece in enumerate(spans.pieces):
        if place in protected or (place not in free and any(letter > _LAST_PLAIN for letter in piece)):
            places.append(position)
        position += len(piece)
    found, start = [], 0
    for number, (content, gap) in enumerate(zip(contents, [*gaps, ""], strict=True)):
        if not any(start <= place < start + len(content) for place in places):
            found.append(number)
        start += len(content) + len(gap)
    return found
