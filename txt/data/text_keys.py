"""Keys that are equal for texts which differ only by case, spaces, punctuation, links and mentions.

A tweet that was sent twice comes with another link, or to another account: such rows belong in one split.
"""

import re
import string
import unicodedata
from collections.abc import Iterable

from txt.data.split import Hashes, hash_contents

# Each pattern begins with plain letters, which the regular expression engine finds quickly.
_LINKS = ((b"://", re.compile(rb"https?://\S+")), (b"www.", re.compile(rb"www\.\S+")))
_MENTION = re.compile(rb"@(?<![\w.]@)\w+")  # not the @ of an e-mail address
_DROPPED = (string.punctuation + string.whitespace).encode()
_CATEGORIES = "PZC"  # punctuation, spaces and control characters, as Unicode has them


def make_text_key(text: bytes) -> bytes:
    """Return what is left of a text in UTF-8 without all that does not make it another one; the text if nothing is."""
    plain = text.lower()
    for sign, pattern in _LINKS:
        if sign in plain:
            plain = pattern.sub(b" ", plain)
    if b"@" in plain:
        plain = _MENTION.sub(b" ", plain)
    if not plain.isascii():
        folded = unicodedata.normalize("NFKC", plain.decode("utf-8", "replace")).casefold()
        plain = folded.translate(_WITHOUT_SIGNS).encode("utf-8", "replace")
    return plain.translate(None, _DROPPED) or text


def hash_text_keys(texts: Iterable[bytes]) -> Hashes:
    """Return the hash of the key of each text, (N,)."""
    return hash_contents(map(make_text_key, texts))


class _CharacterTable(dict[int, int | None]):
    """Maps a character to nothing if it is punctuation, a space or a control character; filled as they are met."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.category(chr(code))[0] in _CATEGORIES else code
        return self[code]


_WITHOUT_SIGNS = _CharacterTable()
