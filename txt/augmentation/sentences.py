"""Edits above the word: sentences in another order, and punctuation put between words."""

import re

from txt.augmentation.rng import Draws
from txt.augmentation.spans import Spans

_MARKS = (".", ";", "?", ":", "!", ",")
_MOST_MARKS = 1 / 3  # of the words, at most, get a mark: Karimi, Rossi and Prati (2021)

_LAST_PLAIN = "\u20ff"  # beyond letters and punctuation come symbols and emoji, which tell what is felt

_SHORT = r"Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|Inc|Ltd|Co|No|Nr|bzw|ca|usw|approx|e\.g|i\.e|z\.B|d\.h|u\.s|a\.m|p\.m"
_BOUNDARY = re.compile(r"(?<=[.!?…。！？])([\"'”’)\]]*\s+)(?=[^a-z\s])")
_ENDS_SHORT = re.compile(rf"\b(?:{_SHORT}|[A-Z])\.$")


def sentence(spans: Spans, draws: Draws, _rate: float) -> str | None:
    """Put a text's sentences in another order, or leave one out that holds no word on which the label hangs."""
    text = "".join(spans.pieces)
    contents, gaps = split_sentences(text)
    if len(contents) < 2:
        return None
    droppable = _without_protected(spans, contents, gaps) if len(contents) > 2 else []
    if droppable and draws.chance(0.5):
        dropped = draws.pick(droppable)
        gap = dropped if dropped < len(gaps) else dropped - 1
        contents = contents[:dropped] + contents[dropped + 1 :]
        gaps = gaps[:gap] + gaps[gap + 1 :]
    else:
        first = draws.below(len(contents) - 1)
        contents[first], contents[first + 1] = contents[first + 1], contents[first]
    return "".join(content + gap for content, gap in zip(contents, [*gaps, ""], strict=True))


def punctuation(spans: Spans, draws: Draws, rate: float) -> str | None:
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


def _without_protected(spans: Spans, contents: list[str], gaps: list[str]) -> list[int]:
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
