"""Words without regard to case, by the same equalities as Python's `re.IGNORECASE`."""

import re
from functools import cache

WORD = re.compile(r"\w+")

# Equal to `re`, kept apart by casefold; the iota below other letters is no part of a word to `re`, and stays as it is.
_ALIKE = str.maketrans("İı\u1fd3\u1fe3ﬅ", "ii\u0390\u03b0ﬆ")
_IOTA_BELOW = "\u0345"


def fold(text: str) -> str:
    """Return `text` with each letter replaced by one that stands for it in any case; the length stays the same."""
    return text.lower() if text.isascii() else "".join(map(_folded, text))


@cache
def _folded(letter: str) -> str:
    letter = letter.translate(_ALIKE)
    folded = letter if letter == _IOTA_BELOW else letter.casefold()
    if len(folded) == 1:
        return folded
    lowered = letter.lower()
    return lowered if len(lowered) == 1 else letter
